package pos

import (
	"testing"
	"time"
)

func opened(minor, tip int64) Entry {
	return Entry{Seq: 1, Kind: SaleOpened, Sale: "s1", Day: "2026-11-20", Body: Body{Amount: minor, Tip: tip, Currency: "USD"}}
}

func held(ref string) Entry {
	return Entry{Kind: AttemptHeld, Sale: "s1", Reference: ref, Body: Body{Mode: ByScan, Wallet: WeChat, Amount: 110, Tip: 10, Currency: "USD", Last4: "6789"}}
}

func event(ref string, e Event, b Body) Entry {
	return Entry{Kind: KindOf(e), Sale: "s1", Reference: ref, Body: b}
}

func fold(t *testing.T, entries ...Entry) Sale {
	t.Helper()
	var s Sale
	for _, e := range entries {
		if err := s.Apply(e); err != nil {
			t.Fatal(err)
		}
	}
	return s
}

func TestStatusFollowsTheLastAttempt(t *testing.T) {
	start := []Entry{opened(100, 10)}
	for _, c := range []struct {
		name   string
		then   []Entry
		want   string
		open   bool
		orphan bool
	}{
		{"nobody scanned yet", nil, "open", true, false},
		{"sent", []Entry{held("r1"), event("r1", Leave, Body{})}, "sent", true, false},
		{"declined", []Entry{held("r1"), event("r1", Leave, Body{}), event("r1", Decline, Body{})}, "declined", true, false},
		{"declined, then paid", []Entry{held("r1"), event("r1", Leave, Body{}), event("r1", Decline, Body{}), held("r2"), event("r2", Leave, Body{}),
			event("r2", Approve, Body{Paid: &Paid{Amount: 110}})}, "paid", false, false},
		{"in doubt", []Entry{held("r1"), event("r1", Leave, Body{}), event("r1", Silence, Body{})}, "checking", true, false},
		{"cancelled by the cashier", []Entry{{Kind: SaleCancelled, Sale: "s1"}}, "cancelled", false, false},
		{"settled in cash, then money came late", []Entry{held("r1"), event("r1", Leave, Body{}), event("r1", Silence, Body{}),
			{Kind: SaleSettled, Sale: "s1", Body: Body{Tender: "cash"}}, event("r1", Approve, Body{})}, "settled", false, true},
		{"paid twice", []Entry{held("r1"), event("r1", Lapse, Body{}), held("r2"), event("r2", Leave, Body{}), event("r2", Approve, Body{}),
			event("r1", Approve, Body{})}, "paid", false, true},
		{"ruled paid after another try was declined", []Entry{held("r1"), event("r1", Leave, Body{}), event("r1", Silence, Body{}), event("r1", RuleUnpaid, Body{By: "m"}),
			held("r2"), event("r2", Leave, Body{}), event("r2", Decline, Body{}), event("r1", RulePaid, Body{By: "m"})}, "ruled_paid", false, false},
		{"ruled paid", []Entry{held("r1"), event("r1", Leave, Body{}), event("r1", Silence, Body{}), event("r1", RulePaid, Body{By: "m"})}, "ruled_paid", false, false},
	} {
		s := fold(t, append(start, c.then...)...)
		if s.Status() != c.want || s.Open() != c.open || s.Orphan() != c.orphan {
			t.Errorf("%s: %s, open %v, orphan %v", c.name, s.Status(), s.Open(), s.Orphan())
		}
	}
}

// An entry that does not fit is a damaged file: it must be said, not swallowed.
func TestApplyRefusesWhatDoesNotFit(t *testing.T) {
	for name, entries := range map[string][]Entry{
		"no sale":                 {event("r1", Leave, Body{})},
		"opened twice":            {opened(1, 0), opened(1, 0)},
		"another sale":            {opened(1, 0), {Kind: SaleCancelled, Sale: "s2"}},
		"no attempt":              {opened(1, 0), event("r1", Leave, Body{})},
		"two attempts at once":    {opened(1, 0), held("r1"), held("r2")},
		"a reference used again":  {opened(1, 0), held("r1"), event("r1", Lapse, Body{}), held("r1")},
		"no way in the table":     {opened(1, 0), held("r1"), event("r1", Approve, Body{})},
		"an unknown kind":         {opened(1, 0), held("r1"), {Kind: "attempt.forced", Sale: "s1", Reference: "r1"}},
		"a refund of nothing":     {opened(1, 0), {Kind: KindOfRefund(RefundDone), Sale: "s1", Reference: "f1"}},
		"a kind of another realm": {opened(1, 0), held("r1"), {Kind: "xxx", Sale: "s1", Reference: "r1"}},
	} {
		var s Sale
		var err error
		for _, e := range entries {
			if err = s.Apply(e); err != nil {
				break
			}
		}
		if err == nil {
			t.Errorf("%s: taken", name)
		}
	}
}

func TestRefundsUseUpWhatWasPaid(t *testing.T) {
	ask := func(ref string, minor int64) Entry {
		return Entry{Kind: RefundAsked, Sale: "s1", Reference: ref, Body: Body{Refund: "f-" + ref, Attempt: "r1", Amount: minor, Currency: "USD"}}
	}
	refund := func(ref string, e RefundEvent) Entry {
		return Entry{Kind: KindOfRefund(e), Sale: "s1", Reference: ref}
	}
	s := fold(t, opened(100, 10), held("r1"), event("r1", Leave, Body{}), event("r1", Approve, Body{}), ask("f1", 30), ask("f2", 50),
		refund("f1", RefundLeave), refund("f1", RefundSilence), refund("f2", RefundLeave), refund("f2", RefundDone))
	if got := s.Remaining("r1"); got != 30 {
		t.Errorf("%d may be refunded, want 30: a doubtful refund binds", got)
	}
	if done, left := s.RefundTotals(); done != 50 || left != 30 {
		t.Errorf("refunded %d, refundable %d", done, left)
	}
	if err := s.Apply(refund("f1", RefundRefuse)); err != nil || s.Remaining("r1") != 60 {
		t.Errorf("a refused refund still binds: %d %v", s.Remaining("r1"), err)
	}
}

// The business day follows the wall clock: also over midnight, and on the days that have 23 or 25 hours.
func TestCalendar(t *testing.T) {
	ny, err := time.LoadLocation("America/New_York")
	if err != nil {
		t.Fatal(err)
	}
	c := Calendar{Zone: ny, Cutoff: 4 * time.Hour}
	for at, want := range map[string]Date{
		"2026-11-20T21:00:00-05:00": "2026-11-20",
		"2026-11-21T03:59:59-05:00": "2026-11-20",
		"2026-11-21T04:00:00-05:00": "2026-11-21",
		"2026-11-01T01:30:00-04:00": "2026-10-31", // the hour that comes twice
		"2026-11-01T01:30:00-05:00": "2026-10-31",
		"2026-11-01T03:59:59-05:00": "2026-10-31",
		"2026-11-01T04:00:00-05:00": "2026-11-01",
		"2026-03-08T03:30:00-04:00": "2026-03-07", // an hour is missing
		"2026-03-08T04:00:00-04:00": "2026-03-08",
		"2027-01-01T02:00:00-05:00": "2026-12-31",
	} {
		instant, err := time.Parse(time.RFC3339, at)
		if err != nil {
			t.Fatal(err)
		}
		if got := c.Day(instant); got != want {
			t.Errorf("%s is %s, want %s", at, got, want)
		}
		end, err := c.End(want)
		if err != nil || !instant.Before(end) || c.Day(end) == want || c.Day(end.Add(-time.Second)) != want {
			t.Errorf("%s ends at %s: %v", want, end, err)
		}
	}
	if _, err := c.End("yesterday"); err == nil {
		t.Error("no date, no end")
	}
}
