package till_test

import (
	"slices"
	"testing"
	"time"

	"posd/pos"
)

// A shopper shows a code and the acquirer says yes at once: the attempt is on disk before it left, and
// the display says so.
func TestPaidAtOnce(t *testing.T) {
	story(t, func(c *counter) {
		id := c.sell(12950)
		if _, err := c.till.Arm(c.t.Context(), id); err != nil {
			t.Fatal(err)
		}
		c.till.Scanned(scanned(wechatCode))
		c.wait(0)
		c.status(id, "paid")
		c.journaled("0s attempt.started", "0s attempt.leave -> sent", "0s attempt.approve -> approved")
		c.shown(pos.PromptScan, pos.PromptSending, pos.PromptPaid)
		c.wait(time.Minute)
		c.shown(pos.PromptScan, pos.PromptSending, pos.PromptPaid, pos.PromptIdle)
		if a := c.sale(id).Attempts[0]; a.Paid == nil || a.Paid.Amount != 12950 || a.Theirs == "" || a.Last4 != "6789" {
			t.Errorf("the attempt does not say what was paid: %+v", a)
		}
	})
}

// The shopper types a password for 20 s. Nobody at the counter does anything, and it ends paid.
func TestShopperTypesAPassword(t *testing.T) {
	story(t, func(c *counter) {
		c.bank.next(c.bank.password(20 * time.Second))
		id := c.sell(100)
		c.scan(id, alipayCode)
		c.wait(10 * time.Second)
		c.status(id, "awaiting")
		c.wait(15 * time.Second)
		c.status(id, "paid")
		c.journaled("0s attempt.started", "0s attempt.leave -> sent", "0s attempt.pend -> awaiting", "21s attempt.approve -> approved")
	})
}

// One lost answer to a question is not yet doubt; two are.
func TestCheckingAfterTwoMissedAnswers(t *testing.T) {
	story(t, func(c *counter) {
		c.bank.next(c.bank.password(10 * time.Second))
		lost := func(*account) (pos.Answer, error) { return pos.Answer{}, errCut }
		c.bank.answers = append(c.bank.answers, lost, lost, lost)
		id := c.sell(100)
		c.scan(id, alipayCode)
		c.wait(4 * time.Second)
		c.status(id, "awaiting")
		c.wait(3 * time.Second)
		c.status(id, "checking")
		c.wait(10 * time.Second)
		c.status(id, "paid")
	})
}

// The reply to the charge is lost after the money moved. It is never sent again: the acquirer's
// history gives the id, the inquiry by that id decides.
func TestLostReplyIsSearchedNotRepeated(t *testing.T) {
	story(t, func(c *counter) {
		c.bank.next(replyLost(45 * time.Second))
		id := c.sell(100)
		c.scan(id, wechatCode)
		c.wait(44 * time.Second)
		c.status(id, "sent")
		c.wait(2 * time.Second)
		c.status(id, "paid")
		c.journaled("0s attempt.started", "0s attempt.leave -> sent", "45s attempt.silence -> doubtful", "45s attempt.approve -> approved")
		if c.bank.blankets != 0 {
			t.Error("the charge left twice")
		}
	})
}

// The request never arrived and no search finds it. Only a manager can settle that, is called at once,
// and what comes later still counts.
func TestUnfoundNeedsAManager(t *testing.T) {
	story(t, func(c *counter) {
		c.bank.next(c.bank.swallowed(time.Second))
		id := c.sell(100)
		c.scan(id, wechatCode)
		ref := c.sale(id).Attempts[0].Reference
		_, err := c.till.Rule(c.t.Context(), ref, false, "not on the portal", "manager")
		problem(t, err, pos.RulingNotOpen)
		c.wait(2 * time.Second)
		c.status(id, "checking")
		c.troubled(pos.TroubleNeedsManager, true)
		c.wait(0)
		if !c.standing().Outlooks[ref].NeedsManager {
			t.Error("the queue does not say that a manager must act")
		}
		_, err = c.till.Rule(c.t.Context(), ref, true, "", "manager")
		problem(t, err, pos.BadRequest)
		if _, err = c.till.Rule(c.t.Context(), ref, false, "not on the portal", "manager"); err != nil {
			t.Fatal(err)
		}
		c.status(id, "ruled_unpaid")
		c.troubled(pos.TroubleNeedsManager, false)
		_, err = c.till.Rule(c.t.Context(), ref, true, "found after all", "manager")
		if err != nil {
			t.Error("a ruling may be turned round:", err)
		}
		c.status(id, "ruled_paid")
		c.journaled("0s attempt.started", "0s attempt.leave -> sent", "1s attempt.silence -> doubtful", "1s attempt.unfound -> doubtful",
			"2s attempt.rule_unpaid -> ruled_unpaid", "2s attempt.rule_paid -> ruled_paid")
	})
}

// Declined: the next code is a new attempt with a new reference.
func TestDeclinedThenAnotherCode(t *testing.T) {
	story(t, func(c *counter) {
		c.bank.next(c.bank.declined)
		id := c.sell(100)
		c.scan(id, wechatCode)
		c.wait(0)
		c.status(id, "declined")
		_, err := c.till.Scan(c.t.Context(), id, scanned(wechatCode))
		problem(t, err, pos.UsedCode)
		c.scan(id, alipayCode)
		c.wait(0)
		c.status(id, "paid")
		s := c.sale(id)
		if s.Attempts[0].Reference == s.Attempts[1].Reference {
			t.Error("two attempts share a reference")
		}
		_, err = c.till.Scan(c.t.Context(), id, scanned("281234567890123457"))
		problem(t, err, pos.SaleClosed)
	})
}

// The line is dead before anything left: certainly not charged, and the same code may be shown again.
func TestNothingLeft(t *testing.T) {
	story(t, func(c *counter) {
		c.bank.line(true)
		id := c.sell(100)
		c.scan(id, wechatCode)
		c.status(id, "unsent")
		c.journaled("0s attempt.started", "0s attempt.lapse -> unsent")
		c.wait(0)
		if got := c.standing(); got.Connection.State != pos.Offline || got.Take[pos.WeChat] != "no" {
			t.Errorf("the till says the line is %+v, takes %v", got.Connection, got.Take)
		}
		c.bank.line(false)
		c.wait(11 * time.Second)
		if got := c.standing().Connection.State; got != pos.Online {
			t.Errorf("a probe did not notice that the line is back: %s", got)
		}
		c.scan(id, wechatCode)
		c.wait(0)
		c.status(id, "paid")
	})
}

// With holding on, a code inside its life waits for the line and then sends itself, once.
func TestHeldCodeSendsItself(t *testing.T) {
	hold := func(c *counter) { c.hold = 25 * time.Second }
	story(t, func(c *counter) {
		c.bank.line(true)
		id := c.sell(100)
		c.scan(id, wechatCode)
		c.status(id, "held")
		c.wait(10 * time.Second)
		c.status(id, "held")
		c.bank.line(false)
		c.wait(2 * time.Second)
		c.status(id, "paid")
		if len(c.sale(id).Attempts) != 1 || c.bank.blankets != 0 {
			t.Error("a held code made more than one attempt")
		}
	}, hold)
	story(t, func(c *counter) {
		c.bank.line(true)
		id := c.sell(100)
		c.scan(id, wechatCode)
		c.till.Scanned(scanned(alipayCode)) // a fresh code takes its place
		c.wait(0)
		if s := c.sale(id); len(s.Attempts) != 2 || s.Attempts[0].State != pos.Unsent || s.Attempts[1].State != pos.Held {
			t.Errorf("attempts after a fresh scan: %+v", s.Attempts)
		}
		c.wait(26 * time.Second)
		c.status(id, "unsent")
		c.bank.line(false)
		c.wait(time.Minute)
		c.status(id, "unsent")
		if len(c.bank.books) != 0 {
			t.Error("a code was sent after its life")
		}
	}, hold)
}

// The cashier gives up while the shopper types. The till asks once more, waits the 15 s that WeChat
// demands, cancels, and only then is the sale cancelled.
func TestCancelWaitsForItsAge(t *testing.T) {
	story(t, func(c *counter) {
		c.bank.next(c.bank.never)
		id := c.sell(100)
		c.scan(id, wechatCode)
		c.wait(2 * time.Second)
		if _, err := c.till.Cancel(c.t.Context(), id, "mroy"); err != nil {
			t.Fatal(err)
		}
		c.wait(12 * time.Second)
		c.status(id, "cancelling")
		c.wait(2 * time.Second)
		c.status(id, "cancelled")
		c.journaled("0s attempt.started", "0s attempt.leave -> sent", "0s attempt.pend -> awaiting", "2s sale.given_up",
			"2s attempt.give_up -> cancelling", "2s attempt.pend -> cancelling", "15s attempt.cancel_leave -> voiding",
			"15s attempt.close -> voided", "15s sale.cancelled")
	})
}

// The shopper pays in the gap before the cancel: paid wins.
func TestPaidWinsUntilACancelHasLeft(t *testing.T) {
	story(t, func(c *counter) {
		c.bank.next(c.bank.slow(5 * time.Second))
		id := c.sell(100)
		c.scan(id, wechatCode)
		c.wait(time.Second)
		if s, err := c.till.Cancel(c.t.Context(), id, "mroy"); err != nil || s.Status() != "cancelling" {
			t.Fatal(s.Status(), err)
		}
		c.wait(5 * time.Second)
		c.status(id, "paid")
		for _, call := range c.bank.said() {
			if call == "cancel" {
				t.Error("a cancel left while the charge was in flight")
			}
		}
	})
}

// The cancel comes too late: its answer decides, and the sale is paid.
func TestCancelTooLate(t *testing.T) {
	story(t, func(c *counter) {
		c.bank.next(c.bank.never)
		c.bank.cancels = append(c.bank.cancels,
			func(a *account) (pos.Answer, error) { c.bank.pay(a); return pos.Answer{}, errCut })
		id := c.sell(100)
		c.scan(id, alipayCode)
		c.wait(time.Second)
		if _, err := c.till.Cancel(c.t.Context(), id, ""); err != nil {
			t.Fatal(err)
		}
		c.wait(20 * time.Second)
		c.status(id, "paid")
	})
}

// A shopper who never answers: the till gives up by itself after the wallet's patience, and the sale
// stays open for another code.
func TestPatienceEnds(t *testing.T) {
	story(t, func(c *counter) {
		c.bank.next(c.bank.never)
		id := c.sell(100)
		c.scan(id, wechatCode)
		c.wait(44 * time.Second)
		c.status(id, "awaiting")
		c.wait(4 * time.Second)
		c.status(id, "cancelled")
		if s := c.sale(id); !s.Open() {
			t.Error("the sale can no longer be paid")
		}
		c.scan(id, alipayCode)
		c.wait(0)
		c.status(id, "paid")
	})
}

// What is scanned but is no money here is named, and nothing is charged.
func TestWrongScans(t *testing.T) {
	story(t, func(c *counter) {
		c.till.Scanned(scanned(wechatCode))
		c.wait(0)
		c.troubled(pos.TroubleStrayScan, true)
		id := c.sell(100)
		for code, want := range map[string]pos.Problem{"4006381333931": pos.NotAPaymentCode, "6222021234567890123": pos.NotAPaymentCode, "": pos.NotAPaymentCode} {
			_, err := c.till.Scan(c.t.Context(), id, scanned(code))
			problem(t, err, want)
		}
		half := scanned(wechatCode)
		half.Whole = false
		_, err := c.till.Scan(c.t.Context(), id, half)
		problem(t, err, pos.NotAPaymentCode)
		if _, err := c.till.Arm(c.t.Context(), id); err != nil {
			t.Fatal(err)
		}
		_, err = c.till.Arm(c.t.Context(), c.sell(200))
		problem(t, err, pos.ScannerBusy)
		c.till.Scanned(scanned("wxp://f2f0abcdefg"))
		c.wait(0)
		c.troubled(pos.TroubleWrongCode, true)
		c.shown(pos.PromptScan, pos.PromptWrongCode)
		c.till.Scanned(scanned(wechatCode)) // still armed
		c.wait(0)
		c.status(id, "paid")
		if len(c.bank.books) != 1 {
			t.Errorf("%d charges for one payment code", len(c.bank.books))
		}
		if want := []bool{false, false, true}; !slices.Equal(c.felt, want) { // a stray one, a wrong one, the right one
			t.Errorf("felt at the scanner: %v, want %v", c.felt, want)
		}
	})
}

// The scanner disarms by itself after two minutes.
func TestArmedForTwoMinutes(t *testing.T) {
	story(t, func(c *counter) {
		id := c.sell(100)
		if _, err := c.till.Arm(c.t.Context(), id); err != nil {
			t.Fatal(err)
		}
		c.wait(119 * time.Second)
		if c.standing().Armed != id {
			t.Error("disarmed too soon")
		}
		c.wait(2 * time.Second)
		c.till.Scanned(scanned(wechatCode))
		c.wait(0)
		c.status(id, "open")
	})
}
