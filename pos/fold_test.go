package pos

import (
	"testing"
	"time"
)

var noon = time.Date(2026, 11, 20, 12, 0, 0, 0, time.UTC)

// paidSale is a sale of 1.10 that attempt after attempt paid, each in full.
func paidSale(t *testing.T, references ...string) Sale {
	t.Helper()
	entries := []Entry{opened(100, 10)}
	for _, r := range references { // each lapsed first, and its money came late: so a sale is paid twice
		entries = append(entries, held(r), event(r, Lapse, Body{}))
	}
	for _, r := range references {
		entries = append(entries, event(r, Approve, Body{}))
	}
	return fold(t, entries...)
}

func asked(reference, attempt string, minor int64) Entry {
	return Entry{Kind: RefundAsked, Sale: "s1", Reference: reference, At: noon, Body: Body{Refund: "id-" + reference, Attempt: attempt, Amount: minor, Currency: "USD", Reason: "returned", By: "jdoe"}}
}

func apply(t *testing.T, s *Sale, entries ...Entry) {
	t.Helper()
	for _, e := range entries {
		if err := s.Apply(e); err != nil {
			t.Fatal(err)
		}
	}
}

func given(reference string, e RefundEvent, b Body) Entry {
	return Entry{Kind: KindOfRefund(e), Sale: "s1", Reference: reference, At: noon.Add(time.Minute), Body: b}
}

// Money that nobody wants is told of until all of it has gone back, and not until more has.
func TestOrphanUntilAllHasGoneBack(t *testing.T) {
	s := paidSale(t, "r1", "r2")
	steps := []struct {
		name   string
		then   []Entry
		orphan bool
	}{
		{"paid twice", nil, true},
		{"a part is on its way", []Entry{asked("f1", "r2", 60), given("f1", RefundLeave, Body{})}, true},
		{"a part has gone back", []Entry{given("f1", RefundDone, Body{})}, true},
		{"the rest is in doubt", []Entry{asked("f2", "r2", 50), given("f2", RefundLeave, Body{}), given("f2", RefundSilence, Body{})}, true},
		{"a manager says it went", []Entry{given("f2", RuleDone, Body{By: "jdoe"})}, false},
		{"the acquirer says it did not", []Entry{given("f2", RefundRefuse, Body{})}, true},
	}
	for _, step := range steps {
		apply(t, &s, step.then...)
		if s.Orphan() != step.orphan {
			t.Errorf("%s: orphan %v", step.name, s.Orphan())
		}
	}
	one := paidSale(t, "r1")
	apply(t, &one, asked("f1", "r1", 110), given("f1", RefundLeave, Body{}), given("f1", RefundDone, Body{}), Entry{Kind: SaleCancelled, Sale: "s1"})
	if one.Orphan() {
		t.Error("a sale that was given back in full and ended keeps nothing")
	}
}

// A refund comes out of the last payment that still has so much: the second was the one that was not wanted.
func TestRefundable(t *testing.T) {
	s := paidSale(t, "r1", "r2")
	want := func(minor int64, reference string, left int64) {
		t.Helper()
		a, most := s.Refundable(minor)
		got := ""
		if a != nil {
			got = a.Reference
		}
		if got != reference || most != left {
			t.Errorf("%d comes out of %q, and %d is left; want %q and %d", minor, got, most, reference, left)
		}
	}
	want(1, "r2", 110)
	want(110, "r2", 110)
	want(111, "", 110)
	apply(t, &s, asked("f1", "r2", 100))
	want(10, "r2", 110)
	want(11, "r1", 110)
	apply(t, &s, asked("f2", "r1", 110))
	want(10, "r2", 10)
	apply(t, &s, asked("f3", "r2", 10))
	want(1, "", 0)
	want(0, "", 0)
	if err := s.Apply(asked("f4", "r2", 1)); err == nil {
		t.Error("more was asked for than was paid")
	}
	s = paidSale(t, "r1") // all of it
	want(110, "r1", 110)
	var none Sale
	if a, left := none.Refundable(1); a != nil || left != 0 {
		t.Errorf("%v %d out of nothing", a, left)
	}
}

// What a manager ruled paid may be refunded; what was not paid may not.
func TestRemainingOfWhatIsPaid(t *testing.T) {
	s := fold(t, opened(100, 10), held("r1"), event("r1", Leave, Body{}), event("r1", Silence, Body{}))
	if n := s.Remaining("r1"); n != 0 {
		t.Errorf("%d of a doubtful attempt", n)
	}
	if n := s.Remaining("nobody"); n != 0 {
		t.Errorf("%d of no attempt", n)
	}
	apply(t, &s, event("r1", RulePaid, Body{By: "jdoe"}))
	if n := s.Remaining("r1"); n != 110 {
		t.Errorf("%d of 110", n)
	}
}

// Each answer leaves behind what it taught and nothing else.
func TestWhatAnAnswerTeaches(t *testing.T) {
	s := fold(t, opened(100, 10), held("r1"))
	leave := event("r1", Leave, Body{})
	leave.At = noon
	apply(t, &s, leave)
	a := s.Attempt("r1")
	if a.State != Sent || a.Since != noon || a.Last != Leave || a.Wallet != WeChat {
		t.Errorf("after leaving: %+v", a)
	}
	later := func(e Event, b Body) Entry {
		x := event("r1", e, b)
		x.At = noon.Add(time.Minute)
		return x
	}
	apply(t, &s, later(Absent, Body{}))
	if a = s.Attempt("r1"); a.Since != noon {
		t.Error("an answer that moved nothing moved the time")
	}
	apply(t, &s, later(Silence, Body{Reason: "timeout", Misfit: true}))
	if a = s.Attempt("r1"); a.Unfound {
		t.Error("silence is taken for a search in vain")
	}
	apply(t, &s, later(Unfound, Body{By: "nobody"}))
	if a = s.Attempt("r1"); !a.Unfound || a.Misfit || a.Reason != "" || a.By != "" || a.Since != noon.Add(time.Minute) {
		t.Errorf("after a search in vain: %+v", a)
	}
	apply(t, &s, later(Silence, Body{}))
	if a = s.Attempt("r1"); !a.Unfound {
		t.Error("silence found what a search did not")
	}
	apply(t, &s, later(Pend, Body{Theirs: "T1", Wallet: Alipay, QR: "https://q", Paid: &Paid{Amount: 110}}))
	if a = s.Attempt("r1"); a.Unfound || a.Theirs != "T1" || a.Wallet != Alipay || a.QR != "https://q" || a.Paid != nil {
		t.Errorf("after an id: %+v", a)
	}
	apply(t, &s, later(Silence, Body{}), later(Unfound, Body{}))
	if a = s.Attempt("r1"); a.Unfound || a.Theirs != "T1" || a.Wallet != Alipay || a.QR != "https://q" {
		t.Errorf("what has an id is not unfound, and forgets nothing: %+v", a)
	}
	apply(t, &s, later(RuleUnpaid, Body{By: "jdoe"}))
	if a = s.Attempt("r1"); a.By != "jdoe" {
		t.Errorf("nobody ruled: %+v", a)
	}
	apply(t, &s, later(RulePaid, Body{By: "mroy"}))
	if a = s.Attempt("r1"); a.By != "mroy" {
		t.Errorf("nobody ruled otherwise: %+v", a)
	}
	paid := &Paid{Amount: 110}
	apply(t, &s, later(Approve, Body{Paid: paid, By: "nobody"}))
	paid.Amount = 1
	if a = s.Attempt("r1"); a.Paid == nil || a.Paid.Amount != 110 || a.By != "mroy" {
		t.Errorf("after the proof: %+v", a)
	}
}

func TestWhatAnAnswerAboutARefundTeaches(t *testing.T) {
	s := paidSale(t, "r1")
	apply(t, &s, asked("f1", "r1", 100))
	steps := []struct {
		e                         RefundEvent
		b                         Body
		theirs, by                string
		abnormal, unfound, misfit bool
	}{
		{RefundLeave, Body{}, "", "jdoe", false, false, false},
		{RefundAccept, Body{Theirs: "R1"}, "R1", "jdoe", false, false, false},
		{RefundUnfound, Body{}, "R1", "jdoe", false, true, false},
		{RefundSilence, Body{Misfit: true}, "R1", "jdoe", false, true, true},
		{RefundAbnormal, Body{}, "R1", "jdoe", true, false, false},
		{RefundSilence, Body{}, "R1", "jdoe", true, false, false},
		{RefundAbsent, Body{}, "R1", "jdoe", false, true, false},
		{RefundSilence, Body{}, "R1", "jdoe", false, true, false},
		{RefundAccept, Body{}, "R1", "jdoe", false, false, false},
		{RefundSilence, Body{}, "R1", "jdoe", false, false, false},
		{RuleDone, Body{By: "mroy"}, "R1", "mroy", false, false, false},
		{RuleUndone, Body{By: "manager"}, "R1", "manager", false, false, false},
		{RefundDone, Body{By: "nobody"}, "R1", "manager", false, false, false},
	}
	for _, step := range steps {
		apply(t, &s, given("f1", step.e, step.b))
		r := s.Refund("f1")
		if r.Theirs != step.theirs || r.By != step.by || r.Abnormal != step.abnormal || r.Unfound != step.unfound || r.Misfit != step.misfit || r.Last != step.e {
			t.Errorf("after %s: %+v", step.e, r)
		}
	}
}

// A kind that is only a prefix is no event.
func TestKindsThatAreNone(t *testing.T) {
	for _, k := range []Kind{"attempt.", "attempt", "refund.", ""} {
		for _, prefix := range []string{"attempt.", "refund."} {
			if text, ok := cutKind(k, prefix); ok {
				t.Errorf("%q is %q", k, text)
			}
		}
	}
	if got := (Sale{Amount: Amount{100, "USD"}, Tip: 10}).Charged(); got != (Amount{110, "USD"}) {
		t.Errorf("amount and tip are %s", got)
	}
}
