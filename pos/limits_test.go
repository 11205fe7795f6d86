package pos

import (
	"errors"
	"math"
	"testing"
	"time"
)

// The limits that people were promised, as they were promised.
func TestLimits(t *testing.T) {
	for name, c := range map[string]struct{ got, want time.Duration }{
		"a manager is called for what is unfinished after": {ManagerAfter, 72 * time.Hour},
		"a refund that could not leave is withdrawn after": {RefundLapsesAfter, 24 * time.Hour},
		"the clock may stand behind the journal by":        {ClockSlack, 5 * time.Minute},
	} {
		if c.got != c.want {
			t.Errorf("%s %s, want %s", name, c.got, c.want)
		}
	}
}

// At the very end of its time an attempt or a refund is still left to the register; a moment later a
// manager is called.
func TestPatienceEndsAfterItsLastMoment(t *testing.T) {
	asked := time.Date(2026, 11, 20, 12, 0, 0, 0, time.UTC)
	can := Capabilities{ByReference: true, RefundIdempotent: true}
	for age, want := range map[time.Duration]bool{0: false, ManagerAfter: false, ManagerAfter + 1: true} {
		now := asked.Add(age)
		for _, s := range []State{Doubtful, Cancelling, Voiding} {
			if got := (Attempt{State: s, Started: asked}).NeedsManager(can, now); got != want {
				t.Errorf("an attempt %s for %s: %v", s, age, got)
			}
		}
		for _, s := range []RefundState{RefundProcessing, RefundDoubtful} {
			if got := (Refund{State: s, Asked: asked}).NeedsManager(can, now); got != want {
				t.Errorf("a refund %s for %s: %v", s, age, got)
			}
		}
	}
}

func TestRefundNeedsManager(t *testing.T) {
	now := time.Date(2026, 11, 20, 12, 0, 0, 0, time.UTC)
	once, again := Capabilities{}, Capabilities{RefundIdempotent: true}
	for name, c := range map[string]struct {
		r    Refund
		can  Capabilities
		want bool
	}{
		"on its way":                               {Refund{State: RefundProcessing}, once, false},
		"on its way, and the acquirer is stuck":    {Refund{State: RefundProcessing, Abnormal: true}, once, true},
		"on its way, and our set-up is refused":    {Refund{State: RefundProcessing, Misfit: true}, once, true},
		"on its way, and not listed yet":           {Refund{State: RefundProcessing, Unfound: true}, once, false},
		"in doubt, not looked for yet":             {Refund{State: RefundDoubtful}, once, false},
		"in doubt, not found, may not go again":    {Refund{State: RefundDoubtful, Unfound: true}, once, true},
		"in doubt, not found, but may go again":    {Refund{State: RefundDoubtful, Unfound: true}, again, false},
		"in doubt, and the acquirer is stuck":      {Refund{State: RefundDoubtful, Abnormal: true}, again, true},
		"in doubt, and our set-up is refused":      {Refund{State: RefundDoubtful, Misfit: true}, again, true},
		"asked for long ago, and nothing has left": {Refund{State: RefundOwed, Asked: now.Add(-100 * time.Hour), Misfit: true}, once, false},
		"refused": {Refund{State: Refused, Asked: now.Add(-100 * time.Hour), Abnormal: true}, once, false},
	} {
		if c.r.Asked.IsZero() {
			c.r.Asked = now
		}
		if got := c.r.NeedsManager(c.can, now); got != c.want {
			t.Errorf("%s: %v, want %v", name, got, c.want)
		}
	}
}

// A refund that may have gone is sent again only where its number is known again, and only after it was
// looked for in vain or put off: everything else could give the money twice.
func TestRefundIsSentAgainOnlyWhereThatIsSafe(t *testing.T) {
	lookedForInVain := map[RefundEvent]bool{RefundAbsent: true, RefundUnfound: true, RefundDefer: true}
	for e := RefundLeave; e <= RuleUndone; e++ {
		for _, idempotent := range []bool{false, true} {
			want := DutyAsk
			if idempotent && lookedForInVain[e] {
				want = DutySend
			}
			if got := (Refund{State: RefundDoubtful, Last: e}).Duty(Capabilities{RefundIdempotent: idempotent}); got != want {
				t.Errorf("doubtful after %s, idempotent %v: duty %d, want %d", e, idempotent, got, want)
			}
		}
	}
	for s, want := range map[RefundState]Duty{RefundOwed: DutySend, RefundSent: DutyNone, RefundProcessing: DutyAsk, Refused: DutyNone, Withdrawn: DutyNone,
		RuledRefunded: DutyNone, RuledRefused: DutyNone, Refunded: DutyNone} {
		if got := (Refund{State: s, Last: RefundAbsent}).Duty(Capabilities{RefundIdempotent: true}); got != want {
			t.Errorf("%s: duty %d, want %d", s, got, want)
		}
	}
}

// What a restart means: a code is lost with the memory, a QR that nobody saw was never shown, all else is doubt.
func TestRestart(t *testing.T) {
	for s := Held; s < Unsent; s++ {
		for _, m := range []Mode{ByScan, Present} {
			want := Silence
			switch {
			case s == Held:
				want = Lapse
			case s == Sent && m == Present:
				want = Unshown
			}
			if got := s.Restart(m); got != want {
				t.Errorf("%s by %s learns %s, want %s", s, m, got, want)
			}
		}
	}
}

// A number just past the last name is a damaged file, not a panic.
func TestJustPastTheLastName(t *testing.T) {
	if _, ok := State(len(next)).Next(Approve); ok {
		t.Error("a state past the table has a next")
	}
	if _, ok := RefundState(len(nextRefund)).Next(RefundDone); ok {
		t.Error("a refund state past the table has a next")
	}
	if got := State(len(stateNames)).String(); got != "state(13)" {
		t.Errorf("a state past the names prints as %q", got)
	}
}

func TestSums(t *testing.T) {
	usd := func(n int64) Amount { return Amount{n, "USD"} }
	for _, c := range [][3]int64{{5, 7, 12}, {5, -7, -2}, {-5, -7, -12}, {5, 0, 5}, {0, 0, 0}, {math.MaxInt64, 0, math.MaxInt64}, {math.MinInt64, math.MaxInt64, -1}} {
		if got, err := usd(c[0]).Add(usd(c[1])); err != nil || got != usd(c[2]) {
			t.Errorf("%d + %d: %v %v", c[0], c[1], got, err)
		}
	}
	for _, c := range [][2]int64{{math.MaxInt64, 1}, {math.MinInt64, -1}} {
		if got, err := usd(c[0]).Add(usd(c[1])); !errors.Is(err, ErrOverflow) {
			t.Errorf("%d + %d: %v %v", c[0], c[1], got, err)
		}
	}
}

// Zero has no sign, a group of three no mark before it, and a sum under one unit its zero.
func TestEdgesOfPrintedAmounts(t *testing.T) {
	for minor, want := range map[int64][2]string{0: {"0.00", "$0.00"}, 12: {"0.12", "$0.12"}, 100: {"1.00", "$1.00"}, 12345: {"123.45", "$123.45"},
		123456: {"1234.56", "$1,234.56"}, 12345678: {"123456.78", "$123,456.78"}} {
		a := Amount{minor, "USD"}
		if a.Decimal() != want[0] || a.Format("en") != want[1] {
			t.Errorf("%d: %q %q, want %q", minor, a.Decimal(), a.Format("en"), want)
		}
	}
}

// What a technician reads in the log of a refusal.
func TestErrorSaysWhatItKnows(t *testing.T) {
	cause := errors.New("disk full")
	for want, err := range map[string]error{
		"till.scan: used_code":                       &Error{Op: "till.scan", Problem: UsedCode},
		"till.scan: wrong_wallet (unionpay)":         &Error{Op: "till.scan", Problem: WrongWallet, Detail: "unionpay"},
		"till.sell: storage_failed: disk full":       &Error{Op: "till.sell", Problem: StorageFailed, Err: cause},
		"till.sell: bad_request (amount): disk full": &Error{Op: "till.sell", Problem: BadRequest, Detail: "amount", Err: cause},
		"till.arm: scanner_busy: armed for s1":       Refuse("till.arm", ScannerBusy, "armed for %s", "s1"),
		"till.sell: idempotency_mismatch":            Refuse("till.sell", KeyMismatch, ""),
	} {
		if err.Error() != want {
			t.Errorf("%q, want %q", err, want)
		}
	}
	if err := Refuse("till.sell", KeyMismatch, ""); err.Err != nil {
		t.Errorf("a refusal without a cause has one: %v", err.Err)
	}
	if ProblemOf(cause) != Internal || ProblemOf(errors.Join(cause, &Error{Problem: InFlight})) != InFlight {
		t.Error("the problem of an error is not found")
	}
}

// A day that has its Z is never counted in again, whatever the clock says.
func TestNextDay(t *testing.T) {
	c := Calendar{Zone: time.UTC, Cutoff: 4*time.Hour + 30*time.Minute}
	now := time.Date(2026, 11, 20, 12, 0, 0, 0, time.UTC)
	for closed, want := range map[Date]Date{"": "2026-11-20", "2026-11-19": "2026-11-20", "2026-11-20": "2026-11-21", "2026-11-25": "2026-11-26",
		"2026-12-31": "2027-01-01", "rubbish": "2026-11-20", "a": "2026-11-20"} {
		if got := c.Next(now, closed); got != want {
			t.Errorf("after the close of %q it is %s, want %s", closed, got, want)
		}
	}
	for at, want := range map[string]Date{"04:29": "2026-11-19", "04:30": "2026-11-20", "04:40": "2026-11-20", "05:00": "2026-11-20", "03:59": "2026-11-19", "23:59": "2026-11-20"} {
		clock, err := time.Parse("15:04", at)
		if err != nil {
			t.Fatal(err)
		}
		for _, second := range []time.Duration{0, 59 * time.Second} {
			instant := time.Date(2026, 11, 20, clock.Hour(), clock.Minute(), 0, 0, time.UTC).Add(second)
			if got := c.Day(instant); got != want {
				t.Errorf("%s is %s, want %s", instant, got, want)
			}
		}
	}
}

func TestLast4OfShortAndOddCodes(t *testing.T) {
	for code, want := range map[string]string{"12345678901": "", "123456789012": "9012", "1234567890 ~": "90 ~", "12345678901\x7f": "", "12345678901\x1f": ""} {
		if got := NewCode(code).Last4(); got != want {
			t.Errorf("%q shows %q, want %q", code, got, want)
		}
	}
	if code, _ := (Scan{Code: NewCode("]Q1")}).Read(); code.Reveal() != "]Q1" {
		t.Errorf("an identifier with nothing behind it became %q", code.Reveal())
	}
	if code, _ := (Scan{Code: NewCode("]Q1x")}).Read(); code.Reveal() != "x" {
		t.Errorf("one letter behind an identifier became %q", code.Reveal())
	}
}
