package till

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"posd/pos"
)

var errClockBehind = errors.New("the clock stands more than five minutes behind the journal")

// commit writes entries in one durable step and then folds them into what is remembered. A day opens
// with its first sale or first money. An error closes the till until the file was opened and read again.
func (t *Till) commit(ctx context.Context, entries ...pos.Entry) error {
	now := time.Now()
	entries, err := t.dated(ctx, now, entries)
	if err != nil {
		return err
	}
	written, err := t.o.Journal.Append(context.WithoutCancel(ctx), entries...) // stopping does not tear a write
	if err != nil {
		t.fail(err)
		return err
	}
	for _, e := range written {
		t.last.Seq, t.last.At = e.Seq, e.At
		switch e.Kind {
		case pos.DayOpened:
			t.day = pos.Day{Day: e.Day, Opened: e.At}
			continue
		case pos.DayClosed:
			t.day, t.lastZ = pos.Day{}, e.Body.Z
			continue
		}
		s := t.sales[e.Sale]
		if s == nil {
			err := fmt.Errorf("entry %d is about sale %s, which is not in memory", e.Seq, e.Sale)
			t.fail(err) // written, but not known here: only reading the file again helps
			return err
		}
		if err := s.Apply(e); err != nil { // the store folded the same entry a moment ago
			t.fail(err)
			return err
		}
		if d := t.owed[e.Reference]; d != nil {
			d.a = *s.Attempt(e.Reference)
			if e.Kind == pos.AttemptHeld {
				d.pending = nil
			}
		}
	}
	return nil
}

// dated gives entries their time and business day, and opens a day before the first that needs one.
func (t *Till) dated(ctx context.Context, now time.Time, entries []pos.Entry) ([]pos.Entry, error) {
	at := now.UTC().Truncate(time.Millisecond)
	if t.day.Day != "" {
		if end, err := t.o.Calendar.End(t.day.Day); err == nil && !now.Before(end) {
			t.endDay(ctx, now)
		}
	}
	day := t.day.Day
	if day == "" {
		i := slices.IndexFunc(entries, opensDay)
		behind := i >= 0 && t.behind(now)
		switch {
		case !behind:
			day = t.o.Calendar.Day(now)
			if i >= 0 {
				entries = append([]pos.Entry{{Kind: pos.DayOpened}}, entries...)
			}
		case entries[i].Kind == pos.SaleOpened:
			return nil, &pos.Error{Op: "till.day", Problem: pos.Unsupported, Detail: "clock_behind", Err: errClockBehind}
		default: // money is written down whatever the clock says
			day = t.o.Calendar.Day(t.last.At)
		}
	}
	for i := range entries {
		entries[i].At, entries[i].Day = at, day
	}
	return entries, nil
}

// opensDay reports whether an entry is a sale or money.
func opensDay(e pos.Entry) bool {
	switch e.Kind {
	case pos.SaleOpened, pos.KindOf(pos.Approve), pos.KindOf(pos.TooLate), pos.KindOf(pos.RulePaid),
		pos.KindOf(pos.RuleUnpaid), pos.KindOfRefund(pos.RefundDone):
		return true
	}
	return false
}

// behind reports, and tells, that the clock cannot be trusted to name a day.
func (t *Till) behind(now time.Time) bool {
	if t.last.At.Sub(now) <= pos.ClockSlack {
		t.o.Clear(pos.TroubleClockBehind, "")
		return false
	}
	t.o.Trouble(pos.Trouble{Code: pos.TroubleClockBehind, Since: now})
	return true
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
	if t.behind(now) {
		return now.Add(time.Minute)
	}
	head, err := t.o.Journal.Head(ctx)
	if err != nil {
		t.fail(err)
		return now
	}
	e := pos.Entry{Kind: pos.DayClosed, Day: t.day.Day, At: now.UTC().Truncate(time.Millisecond),
		Body: pos.Body{Z: t.lastZ + 1, Rows: head.Seq, Head: head.Chain, By: "posd"}}
	for reference := range t.owed {
		e.Body.Carried = append(e.Body.Carried, reference)
	}
	written, err := t.o.Journal.Append(context.WithoutCancel(ctx), e)
	if err != nil {
		t.fail(err)
		return now
	}
	t.last.Seq, t.last.At = written[0].Seq, e.At
	t.log.InfoContext(ctx, "day closed", "day", t.day.Day, "z", e.Body.Z)
	t.day, t.lastZ = pos.Day{}, e.Body.Z
	return time.Time{}
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
	t.last, t.day, t.counted = head, pos.Day{}, ""
	if open {
		t.day = day
	}
	for _, d := range days {
		t.lastZ = max(t.lastZ, d.Z)
	}
	return nil
}

// fail closes the till after a failed commit: whether it happened is unknown, and only the file knows.
func (t *Till) fail(err error) {
	if t.broken == nil {
		t.log.Error("journal", "err", err)
		t.o.Trouble(pos.Trouble{Code: pos.TroubleStorage, Since: time.Now()})
		t.reopenAt = time.Now()
	}
	t.broken = err
}

// reopen tries to open and read the file again, and returns when to try next.
func (t *Till) reopen(ctx context.Context, now time.Time) time.Duration {
	if wait := t.reopenAt.Sub(now); wait > 0 {
		return wait
	}
	err := t.o.Journal.Reopen(ctx)
	if err == nil {
		err = t.resume(ctx)
	}
	if err != nil {
		t.broken, t.reopenAt = err, time.Now().Add(reopenEvery)
		return reopenEvery
	}
	t.log.Info("journal reopened")
	return 0
}
