package store

import (
	"fmt"
	"path/filepath"
	"testing"
	"time"

	"posd/pos"
)

// A technician looks at a register whose daemon does not run: what waits, and since when, is what its sales fold to.
func TestWaiting(t *testing.T) {
	for seed := range uint64(4) {
		path := register(t)
		s := open(t, path)
		for _, e := range history(seed, 200) {
			s.must(t, e)
		}
		sales, err := s.Unfinished(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		want, oldest := 0, time.Time{}
		count := func(since time.Time) {
			want++
			if oldest.IsZero() || since.Before(oldest) {
				oldest = since
			}
		}
		for _, x := range sales {
			for _, a := range x.Attempts {
				if !a.State.Final() {
					count(a.Since)
				}
			}
			for _, r := range x.Refunds {
				if !r.State.Final() {
					count(r.Since)
				}
			}
		}
		got, since, err := Waiting(t.Context(), path)
		if err != nil || got != want || want == 0 || !since.Equal(oldest) {
			t.Errorf("seed %d: %d since %s, want %d since %s, %v", seed, got, since, want, oldest, err)
		}
	}
	if _, _, err := Waiting(t.Context(), filepath.Join(t.TempDir(), "none")); err == nil {
		t.Error("a file that is not there has nothing waiting")
	}
}

// The next refunds are read because they are about to go. Their sales are known then and are not read a second time,
// whatever their reader does with them; but what was read before the journal grew is not believed.
func TestRefundsThatGoNextAreKnown(t *testing.T) {
	path := register(t)
	s := open(t, path)
	refund := func(kind pos.Kind, reference string) pos.Entry {
		return pos.Entry{Kind: kind, Day: "2026-11-20", Sale: "s1", Reference: reference, Body: pos.Body{Refund: "i-" + reference, Attempt: "r1", Amount: 40, Currency: "USD"}}
	}
	s.must(t, pos.Entry{Kind: pos.DayOpened, Day: "2026-11-20"},
		pos.Entry{Kind: pos.SaleOpened, Day: "2026-11-20", Sale: "s1", Body: pos.Body{Amount: 100, Currency: "USD"}},
		pos.Entry{Kind: pos.AttemptHeld, Day: "2026-11-20", Sale: "s1", Reference: "r1", Body: pos.Body{Amount: 100, Currency: "USD", Mode: pos.ByScan}},
		pos.Entry{Kind: pos.KindOf(pos.Leave), Day: "2026-11-20", Sale: "s1", Reference: "r1"},
		pos.Entry{Kind: pos.KindOf(pos.Approve), Day: "2026-11-20", Sale: "s1", Reference: "r1"},
		refund(pos.RefundAsked, "f1"), refund(pos.RefundAsked, "f2"))
	if err := s.Reopen(t.Context()); err != nil { // nothing is in memory
		t.Fatal(err)
	}
	list, err := s.Refunds(t.Context(), false, 0, 16)
	if _, known := s.folds.get("s1"); err != nil || len(list) != 2 || !known {
		t.Fatalf("%+v, known %v, %v", list, known, err)
	}
	old, err := s.Unfinished(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	seq := s.head.Seq
	list[0].Sale.Refunds[0].State = pos.Refunded
	s.must(t, refund(pos.KindOfRefund(pos.RefundLeave), "f1"))
	s.expect(old, seq)
	if x, _ := s.folds.get("s1"); x.Refunds[0].State != pos.RefundSent {
		t.Errorf("what is known is older than the journal: %s", x.Refunds[0].State)
	}
	s.must(t, refund(pos.KindOfRefund(pos.RefundDone), "f1"))
	for left, want := range map[bool]int{true: 0, false: 1} {
		if list, err := s.Refunds(t.Context(), left, 0, 16); err != nil || len(list) != want {
			t.Errorf("left %v: %+v, %v", left, list, err)
		}
	}
}

// waitingAgrees walks the refunds that have not ended, a few at a time, and counts and names them by hand.
func (c *count) waitingAgrees(t *testing.T, s *Store) {
	t.Helper()
	ctx := t.Context()
	want := map[bool][]pos.Waiting{}
	var names []pos.Carried
	backlog := pos.Backlog{Sums: map[pos.Currency]int64{}}
	for _, e := range c.entries {
		if e.Kind != pos.RefundAsked || c.sales[e.Sale].Refund(e.Reference).State.Final() {
			continue
		}
		x := *c.sales[e.Sale]
		r := x.Refund(e.Reference)
		left := r.State != pos.RefundOwed
		want[left] = append(want[left], pos.Waiting{Seq: e.Seq, Reference: r.Reference, Sale: x})
		backlog.Sums[r.Amount.Currency] += r.Amount.Minor
		if left {
			backlog.Left++
			continue
		}
		backlog.Owed++
		names = append(names, pos.Carried{ID: r.ID, Sale: x.ID, Ticket: x.Ticket, Amount: r.Amount.Minor, Currency: r.Amount.Currency, Refund: true,
			State: r.State.Word(), Since: r.Asked, Why: r.Words, Who: r.State.Whose()})
	}
	got, err := s.Backlog(ctx)
	same(t, "backlog", backlog, got, err)
	all, err := s.Owed(ctx, 0)
	same(t, "owed by name", names, all, err)
	for _, left := range []bool{false, true} {
		var walked []pos.Waiting
		for after := int64(0); ; {
			few, err := s.Refunds(ctx, left, after, 3)
			if err != nil || len(few) > 3 {
				t.Fatalf("%d refunds, %v", len(few), err)
			}
			if len(few) == 0 {
				break
			}
			walked = append(walked, few...)
			after = few[len(few)-1].Seq
		}
		same(t, fmt.Sprint("refunds that may have left: ", left), want[left], walked, nil)
	}
}

// A refund is listed with a sale that never had it: that is said, and nobody stumbles over what is not there.
func TestARefundOfNoSale(t *testing.T) {
	s := open(t, register(t))
	s.must(t, sold("a"), started("a", "r1", "h"), event("a", "r1", pos.Leave), event("a", "r1", pos.Approve), sold("b"),
		pos.Entry{Kind: pos.RefundAsked, Day: "2026-11-20", Sale: "a", Reference: "f1", Body: pos.Body{Refund: "i1", Attempt: "r1", Amount: 40, Currency: "USD"}})
	if _, err := s.write.ExecContext(t.Context(), "UPDATE refund SET sale = 'b' WHERE reference = 'f1'"); err != nil {
		t.Fatal(err)
	}
	if list, err := s.Refunds(t.Context(), false, 0, 16); err != nil || len(list) != 1 || list[0].Reference != "f1" || list[0].Sale.ID != "" {
		t.Errorf("%+v, %v", list, err)
	}
}
