package till

import (
	"cmp"
	"context"
	"slices"
	"time"

	"posd/pos"
)

// An outage may leave thousands of refunds. They wait in the file; a few are at hand.
const (
	atHand = 64 // that have not been tried yet
	reach  = 16 // read at a time: a payment that comes meanwhile does not feel it
)

// unread is the refunds that wait in the file and not in memory.
type unread struct {
	owed, left     int   // how many have not left, and how many may have
	owedTo, leftTo int64 // how far they were read, in the order they were asked for
}

// count adds n in a state to those that wait there.
func (u *unread) count(state pos.RefundState, n int) {
	switch {
	case state.Final():
	case state == pos.RefundOwed:
		u.owed += n
	default:
		u.left += n
	}
}

// owe begins to remember a refund that was just asked for; behind those that wait in the file it waits there too.
func (t *Till) owe(r pos.Refund, ticket string, seq int64) {
	if t.unread.owed > 0 || t.fresh() >= atHand {
		t.unread.owed++
	} else {
		t.unread.owedTo = seq
		t.hold(&giving{sale: r.Sale, ticket: ticket, seq: seq, r: r, due: time.Now()})
	}
	t.flow.stir()
}

// hold puts a refund in its place.
func (t *Till) hold(g *giving) {
	t.byRef[g.r.Reference] = g
	i, _ := slices.BinarySearchFunc(t.back, g.seq, func(other *giving, seq int64) int { return cmp.Compare(other.seq, seq) })
	t.back = slices.Insert(t.back, i, g)
}

// fresh is how many refunds are at hand that may go and were not tried yet.
func (t *Till) fresh() (n int) {
	for _, g := range t.back {
		if g.fresh() {
			n++
		}
	}
	return n
}

// fresh keeps the sale of a refund in memory, for it goes soon.
func (g *giving) fresh() bool {
	return g.r.State == pos.RefundOwed && !g.calling && g.tries == 0 && !g.r.NotBefore.After(time.Now())
}

// rememberRefunds counts what the file says is owed. What this process is in the middle of stays so, and so does what
// it has called a manager for.
func (t *Till) rememberRefunds(ctx context.Context) error {
	b, err := t.o.Journal.Backlog(ctx)
	if err != nil {
		return err
	}
	var kept []*giving
	for reference, g := range t.byRef {
		if !g.calling && !g.stayed && !g.flagged {
			continue
		}
		s, err := t.sale(ctx, g.sale)
		if err != nil {
			return err
		}
		g.r, g.due = *s.Refund(reference), time.Now()
		kept = append(kept, g)
	}
	t.back, t.byRef, t.unread = nil, map[string]*giving{}, unread{owed: b.Owed, left: b.Left}
	t.flow.yield(time.Now())
	for _, g := range kept {
		if g.r.State.Final() {
			t.flagRefund(g, time.Now())
		} else {
			t.unread.count(g.r.State, -1)
			t.hold(g)
		}
		t.forget(g.sale)
	}
	return nil
}

// readLeft reads the next refunds that may have left. One that was on its way learns what a restart means to it.
func (t *Till) readLeft(ctx context.Context) error {
	list, err := t.o.Journal.Refunds(ctx, true, t.unread.leftTo, reach)
	if err != nil {
		return err
	}
	for _, w := range list {
		t.unread.leftTo = w.Seq
		if t.meet(w) {
			t.unread.left--
		}
		g := t.byRef[w.Reference]
		if g == nil || g.calling || g.r.State != pos.RefundSent {
			continue
		}
		event := g.r.State.Restart()
		if g.stayed {
			event = pos.RefundNotLeft // the commit that failed had happened, but nothing followed it
		}
		if err := t.learnRefund(ctx, w.Reference, pos.RefundAnswer{Event: event, Reason: "restart"}); err != nil {
			return err
		}
	}
	if len(list) < reach {
		t.unread.left = 0
	}
	return nil
}

// short reports whether more refunds are to be read.
func (t *Till) short() bool { return t.unread.left > 0 || t.unread.owed > 0 && t.fresh() < atHand }

// reachOut reads the next refunds when few are at hand.
func (t *Till) reachOut(ctx context.Context) error {
	if !t.short() {
		return nil
	}
	if t.unread.left > 0 {
		return t.readLeft(ctx)
	}
	list, err := t.o.Journal.Refunds(ctx, false, t.unread.owedTo, reach)
	if err != nil {
		return err
	}
	for _, w := range list {
		t.unread.owedTo = w.Seq
		if !t.meet(w) {
			continue
		}
		t.unread.owed--
		if w.Sale.ID == "" {
			continue
		}
		if t.sales[w.Sale.ID] == nil {
			t.sales[w.Sale.ID] = &w.Sale
		}
		t.forget(w.Sale.ID)
	}
	if len(list) < reach {
		t.unread.owed = 0
	}
	return nil
}

// meet begins to remember a refund that was read; false for one that is known. One without a sale stays where it is until
// the lists are made again, and the others go on.
func (t *Till) meet(w pos.Waiting) bool {
	if t.byRef[w.Reference] != nil {
		return false
	}
	if w.Sale.ID == "" {
		t.o.Trouble(pos.Trouble{Code: pos.TroubleListsDiffer, Since: time.Now()})
		return true
	}
	t.hold(&giving{sale: w.Sale.ID, ticket: w.Sale.Ticket, seq: w.Seq, r: *w.Sale.Refund(w.Reference), due: time.Now()})
	return true
}
