package till

import (
	"cmp"
	"context"
	"errors"
	"slices"
	"strings"
	"time"

	"posd/pos"
)

var errClockBehind = errors.New("the clock stands more than five minutes behind the journal")

// generations part the numbers that this file may give from those that a lost one may have given: a
// restored file counts its references from generation x 10,000, and its Z numbers from the next thousand.
const (
	generationRefs = 10_000
	generationZ    = 1_000
)

// dated gives entries their time and business day, and opens a day before the first that needs one.
func (t *Till) dated(ctx context.Context, now time.Time, entries []pos.Entry) ([]pos.Entry, error) {
	at := now.UTC().Truncate(time.Millisecond)
	if t.day.Day != "" && !t.closing {
		if end, err := t.o.Calendar.End(t.day.Day); err == nil && t.over(end, now) {
			t.endDay(ctx, now)
		}
	}
	day := t.day.Day
	if day == "" {
		i := slices.IndexFunc(entries, opensDay)
		behind := i >= 0 && t.behind(now)
		switch {
		case !behind:
			day = t.o.Calendar.Next(t.civil(now), t.closed)
			if i >= 0 {
				carried, err := t.carried(ctx, now)
				if err != nil {
					return nil, err
				}
				entries = append([]pos.Entry{{Kind: pos.DayOpened, Body: pos.Body{Carried: carried}}}, entries...)
			}
		case entries[i].Kind == pos.SaleOpened:
			return nil, &pos.Error{Op: "till.day", Problem: pos.Unsupported, Detail: "clock_behind", Err: errClockBehind}
		default: // money is written down whatever the clock says
			day = t.o.Calendar.Next(t.last.At, t.closed)
		}
	}
	for i := range entries {
		entries[i].At, entries[i].Day = at, day
	}
	return entries, nil
}

// opensDay reports whether an entry is a sale, money, or a manager's word about money.
func opensDay(e pos.Entry) bool {
	switch e.Kind {
	case pos.SaleOpened, pos.KindOf(pos.Approve), pos.KindOf(pos.TooLate), pos.KindOf(pos.RulePaid), pos.KindOf(pos.RuleUnpaid),
		pos.KindOfRefund(pos.RefundDone), pos.KindOfRefund(pos.RuleDone), pos.KindOfRefund(pos.RuleUndone):
		return true
	}
	return false
}

// endDay closes the open day when its cut-off has passed, whatever is still open, and returns when to
// look again.
func (t *Till) endDay(ctx context.Context, now time.Time) time.Time {
	if t.day.Day == "" {
		return time.Time{}
	}
	end, err := t.o.Calendar.End(t.day.Day)
	if err != nil || now.Before(end) {
		return end
	}
	if t.behind(now) || !t.over(end, now) {
		return now.Add(time.Minute)
	}
	_ = t.closeDay(ctx, now, pos.Body{By: "posd"}) // a failed commit reopens the file
	return time.Time{}
}

// CloseDay closes the open day by a person's word. It always closes: what is unfinished is carried over by
// name and counted once, in the day it ends in. The same idempotency key answers the same day.
func (t *Till) CloseDay(ctx context.Context, n pos.NewClose) (pos.Day, error) {
	var day pos.Day
	_, err := t.ask(ctx, "till.close", func(ctx context.Context, answer reply) {
		var err error
		day, err = t.closeByHand(ctx, n)
		answer(pos.Sale{}, err)
	})
	return day, err
}

func (t *Till) closeByHand(ctx context.Context, n pos.NewClose) (pos.Day, error) {
	const op = "till.close"
	now := time.Now()
	first, known, err := t.o.Journal.Request(ctx, n.Key)
	switch {
	case err != nil:
		return pos.Day{}, storage(op, err)
	case known && (first.Kind != pos.DayClosed || first.Body.KeyHash != n.KeyHash):
		return pos.Day{}, pos.Refuse(op, pos.KeyMismatch, "")
	case known:
		day, err := t.o.Journal.Day(ctx, first.Day)
		return day, storage(op, err)
	case strings.TrimSpace(n.By) == "" || len(n.By) > maxWord || strings.ContainsFunc(n.By, control):
		return pos.Day{}, &pos.Error{Op: op, Problem: pos.BadRequest, Detail: "by"}
	case len(n.Note) > maxNote || strings.ContainsFunc(n.Note, control):
		return pos.Day{}, &pos.Error{Op: op, Problem: pos.BadRequest, Detail: "note"}
	case t.day.Day == "":
		return pos.Day{}, &pos.Error{Op: op, Problem: pos.DayNotClosable, Detail: "none"}
	case t.day.Day > t.o.Calendar.Day(now): // it follows a day that was closed by hand: one Z for each date
		return pos.Day{}, &pos.Error{Op: op, Problem: pos.DayNotClosable, Detail: "early", Args: map[string]string{"day": string(t.day.Day)}}
	case t.behind(now):
		return pos.Day{}, &pos.Error{Op: op, Problem: pos.DayNotClosable, Detail: "clock_behind", Err: errClockBehind}
	}
	day := t.day.Day
	if err := t.closeDay(ctx, now, pos.Body{By: n.By, Note: n.Note, Key: n.Key, KeyHash: n.KeyHash}); err != nil {
		return pos.Day{}, storage(op, err)
	}
	closed, err := t.o.Journal.Day(ctx, day)
	return closed, storage(op, err)
}

// closeDay ends the sales that nobody is paying, carries the rest over and journals the close, in one
// commit. The Z names the chain as it stood before, so that nobody can change a closed day unseen.
func (t *Till) closeDay(ctx context.Context, now time.Time, b pos.Body) (err error) {
	t.closing = true
	defer func() { t.closing = false }()
	if b.Carried, err = t.carried(ctx, now); err != nil { // first: it may learn what a restart means, and write it down
		return err
	}
	open, err := t.o.Journal.Idle(ctx)
	if err != nil {
		t.fail(err)
		return err
	}
	head, err := t.o.Journal.Head(ctx)
	if err != nil {
		t.fail(err)
		return err
	}
	b.Rows, b.Head, b.Z = head.Seq, head.Chain, t.lastZ+1
	var entries []pos.Entry
	var ended []string
	for _, s := range open {
		if s.ID == t.armed || s.ID == t.inHand || t.owes(s.ID) {
			continue // somebody stands at the counter with it
		}
		if _, known := t.sales[s.ID]; !known {
			t.sales[s.ID] = &s
			ended = append(ended, s.ID)
		}
		entries = append(entries, pos.Entry{Kind: pos.SaleCancelled, Sale: s.ID, Body: pos.Body{By: b.By, Reason: "day_closed"}})
	}
	at := now.UTC().Truncate(time.Millisecond)
	entries = append(entries, pos.Entry{Kind: pos.DayClosed, Body: b})
	for i := range entries {
		entries[i].At, entries[i].Day = at, t.day.Day
	}
	day := t.day.Day
	err = t.write(ctx, entries)
	for _, id := range ended {
		t.forget(id)
	}
	if err != nil {
		return err
	}
	t.log.InfoContext(ctx, "day closed", "day", day, "z", b.Z, "by", b.By, "carried", len(b.Carried))
	return nil
}

// carried is everything unfinished and every orphan, by name, oldest first. It closes the till when it cannot be read.
func (t *Till) carried(ctx context.Context, now time.Time) ([]pos.Carried, error) {
	for t.unread.left > 0 {
		if err := t.readLeft(ctx); err != nil {
			t.fail(err)
			return nil, err
		}
	}
	list, err := t.o.Journal.Owed(ctx, t.unread.owedTo)
	if err != nil {
		t.fail(err)
		return nil, err
	}
	list = slices.DeleteFunc(list, func(c pos.Carried) bool { // below are those that are at hand
		return slices.ContainsFunc(t.back, func(g *giving) bool { return g.seq > t.unread.owedTo && g.r.ID == c.ID })
	})
	add := func(sale, ticket string, c pos.Carried, manager bool) {
		c.Sale, c.Ticket = sale, ticket
		if manager {
			c.Who = "manager"
		}
		list = append(list, c)
	}
	for _, d := range t.owed {
		if d.pending == nil {
			add(d.sale, t.sales[d.sale].Ticket, pos.Carried{ID: d.a.Reference, Amount: d.a.Amount.Minor, Currency: d.a.Amount.Currency, State: d.a.State.Word(),
				Since: d.a.Started, Why: d.a.Reason, Who: d.a.State.Whose()}, d.a.NeedsManager(t.can, now))
		}
	}
	for _, g := range t.back {
		add(g.sale, g.ticket, pos.Carried{ID: g.r.ID, Amount: g.r.Amount.Minor, Currency: g.r.Amount.Currency, Refund: true, State: g.r.State.Word(),
			Since: g.r.Asked, Why: g.r.Words, Who: g.r.State.Whose()}, g.r.NeedsManager(t.can, now))
	}
	for _, orphans := range t.orphans {
		for _, o := range orphans {
			list = append(list, pos.Carried{ID: o.Attempt, Sale: o.Sale, Ticket: o.Ticket, Amount: o.Left, Currency: o.Amount.Currency, Orphan: true,
				State: "orphan", Since: o.Since, Why: "orphan_" + o.Why, Who: "manager", Due: o.Due})
		}
	}
	slices.SortStableFunc(list, func(a, b pos.Carried) int { return cmp.Or(a.Since.Compare(b.Since), cmp.Compare(a.ID, b.ID)) })
	return list, nil
}

func (t *Till) owes(sale string) bool {
	for _, d := range t.owed {
		if d.sale == sale {
			return true
		}
	}
	s := t.sales[sale] // what goes back soon keeps its sale in memory
	return s != nil && slices.ContainsFunc(s.Refunds, func(r pos.Refund) bool {
		g := t.byRef[r.Reference]
		return g != nil && (g.calling || g.fresh())
	})
}

func (t *Till) readDay(ctx context.Context) error {
	head, err := t.o.Journal.Head(ctx)
	if err != nil {
		return err
	}
	day, open, err := t.o.Journal.OpenDay(ctx)
	if err != nil {
		return err
	}
	days, err := t.o.Journal.Days(ctx, 2)
	if err != nil {
		return err
	}
	generation, z, err := t.o.Journal.Generation(ctx)
	if err != nil {
		return err
	}
	t.last, t.day, t.counted, t.closed, t.generation, t.lastZ = head, pos.Day{}, "", "", generation, 0
	if open {
		t.day = day
	}
	for _, d := range days {
		t.lastZ = max(t.lastZ, d.Z)
		if d.Z > 0 {
			t.closed = max(t.closed, d.Day)
		}
	}
	if generation > 0 && t.lastZ <= z {
		t.lastZ = (z/generationZ + 1) * generationZ
	}
	return nil
}
