package till

import (
	"context"
	"fmt"
	"time"

	"posd/pos"
)

// commit writes entries in one durable step and then folds them into what is remembered. A day opens
// with its first sale or first money. An error closes the till until the file was opened and read again.
func (t *Till) commit(ctx context.Context, entries ...pos.Entry) error {
	now := time.Now()
	entries, err := t.dated(ctx, now, entries)
	if err != nil {
		return err
	}
	return t.write(ctx, entries)
}

// write appends entries that have their time and day.
func (t *Till) write(ctx context.Context, entries []pos.Entry) error {
	written, err := t.o.Journal.Append(context.WithoutCancel(ctx), entries...) // stopping does not tear a write
	if err != nil {
		t.fail(err)
		return err
	}
	for _, e := range written {
		if t.last.Seq = e.Seq; e.At.After(t.last.At) {
			t.last.At = e.At // the latest: one entry by a clock that fell back does not make it right
		}
		t.grown = append(t.grown, e)
		switch e.Kind {
		case pos.DayOpened:
			t.day = pos.Day{Day: e.Day, Opened: e.At}
			continue
		case pos.DayClosed:
			t.day, t.lastZ, t.closed = pos.Day{}, e.Body.Z, e.Day
			continue
		}
		if err := t.fold(e); err != nil {
			t.fail(err) // written, but not known here: only reading the file again helps
			return err
		}
	}
	return nil
}

// fold takes a written entry into what is remembered of its sale, as the store did a moment ago.
func (t *Till) fold(e pos.Entry) error {
	s := t.sales[e.Sale]
	if s == nil {
		return fmt.Errorf("entry %d is about sale %s, which is not in memory", e.Seq, e.Sale)
	}
	if err := s.Apply(e); err != nil {
		return err
	}
	t.changed[e.Sale] = s
	if d := t.owed[e.Reference]; d != nil {
		d.a = *s.Attempt(e.Reference)
		if e.Kind == pos.AttemptHeld {
			d.pending = nil
		}
	}
	if g := t.giving(e.Reference); g != nil {
		g.r = *s.Refund(e.Reference)
	}
	return nil
}

// fail closes the till after a failed commit: whether it happened is unknown, and only the file knows.
func (t *Till) fail(err error) {
	if t.broken == nil {
		t.log.Error("journal", "err", err)
		t.o.Trouble(pos.Trouble{Code: pos.TroubleStorage, Since: time.Now()})
		t.reopenAt = time.Now()
		if soon := t.reopened.Add(reopenEvery); t.reopenAt.Before(soon) {
			t.reopenAt = soon // it opens, and fails again at once
		}
	}
	t.broken = err
	for _, d := range t.owed { // who waits for a first commit hears at once: whatever the file says, nothing was sent
		d.answer(pos.Sale{}, &pos.Error{Op: "till.scan", Problem: pos.StorageFailed, Err: err})
	}
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
	t.reopened = time.Now()
	t.log.Info("journal reopened")
	return 0
}

// room looks whether there is room on the disk to begin something new, and tells.
func (t *Till) room() bool {
	now := time.Now()
	t.spareAt = now.Add(spareEvery)
	was := t.crammed
	t.crammed = !t.o.Journal.Spare()
	switch {
	case t.crammed && !was:
		t.log.Error("disk full: nothing new is begun")
		t.o.Trouble(pos.Trouble{Code: pos.TroubleDiskFull, Since: now})
	case was && !t.crammed:
		t.log.Info("the disk has room again")
		t.o.Clear(pos.TroubleDiskFull, "")
	}
	return !t.crammed
}

// roomy refuses what would be new while the disk is full.
func (t *Till) roomy(op string) error {
	if t.crammed && !t.room() {
		return &pos.Error{Op: op, Problem: pos.StorageFailed, Detail: "disk_full"}
	}
	return nil
}
