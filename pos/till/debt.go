package till

import (
	"cmp"
	"context"
	"errors"
	"maps"
	"slices"
	"time"

	"posd/pos"
)

// debt is an unfinished attempt and what the till remembers about chasing it.
type debt struct {
	sale    string
	a       pos.Attempt // as journaled; while pending is set, as it will be
	pending *pos.Entry  // the attempt.started entry, until its commit
	reply   reply       // who waits for the first commit

	code      pos.Code // while held, in memory only
	sendTill  time.Time
	stop      context.CancelFunc // ends the charge call while nothing has left
	charging  bool               // the charge call has not ended: no cancel may leave
	stayed    bool               // the charge call ended and not one byte left, whatever the file says
	withdrawn bool               // it was taken back before anybody knew of it
	calling   bool               // a question or a cancel is under way
	asked     bool               // the one more question that Cancelling owes has been put
	absent    time.Time          // first "never heard of it" after a cancel left
	due       time.Time
	tries     int
	misses    int
	flagged   bool // a manager has been called
}

// answer tells whoever waits for the first commit, once.
func (d *debt) answer(s pos.Sale, err error) {
	if d.reply != nil {
		d.reply(s, err)
		d.reply = nil
	}
}

// lesson is an answer with the attempt it is about.
type lesson struct {
	reference string
	answer    pos.Answer
	refund    *pos.RefundAnswer // instead, when it is about a refund
}

// discharge starts every call that is due and returns how long until the next thing is.
func (t *Till) discharge(ctx context.Context) time.Duration {
	now := time.Now()
	if t.broken != nil {
		return t.reopen(ctx, now)
	}
	next := now.Add(time.Hour)
	soonest := func(at time.Time) {
		if !at.IsZero() && at.Before(next) {
			next = at
		}
	}
	t.watchClock(now)
	if t.late {
		soonest(now.Add(time.Minute)) // it catches up, or somebody sets it
	}
	if t.crammed {
		if !now.Before(t.spareAt) {
			t.room()
		}
		soonest(t.spareAt)
	}
	soonest(t.endDay(ctx, now))
	if t.armed != "" && !now.Before(t.armedUntil) {
		t.disarm()
	}
	if t.armed != "" {
		soonest(t.armedUntil)
	}
	if t.prompt.Kind != pos.PromptIdle && !t.promptEnds.IsZero() {
		if !now.Before(t.promptEnds) {
			t.show(pos.Prompt{Kind: pos.PromptIdle})
		} else {
			soonest(t.promptEnds)
		}
	}
	if t.connection.State != pos.Online && !t.probing {
		if !now.Before(t.probeAt) {
			t.probe(ctx)
		}
		soonest(t.probeAt)
	}
	for _, d := range t.inOrder() {
		if t.patienceOver(d, now) {
			t.cover(t.sales[d.sale])
			if err := t.learn(ctx, d.a.Reference, pos.Answer{Event: pos.GiveUp, Reason: "patience"}); err != nil {
				return 0
			}
		}
		t.flag(d, now)
		if d.calling || (d.charging && d.pending == nil) {
			continue
		}
		if !now.Before(d.due) {
			t.serve(ctx, d, now)
		}
		if t.broken != nil {
			return 0
		}
		if !d.calling && (!d.charging || d.pending != nil) {
			soonest(d.due)
		}
		if end := t.patienceEnds(d); !end.IsZero() {
			soonest(end)
		}
	}
	t.crowd(now)
	soonest(t.giveBack(ctx, now))
	soonest(t.tireAtDoor(now))
	if t.broken != nil {
		return 0
	}
	return max(0, time.Until(next))
}

// inOrder is what is owed as a line that is back carries it: questions, then cancels, the oldest first.
func (t *Till) inOrder() []*debt {
	list := slices.Collect(maps.Values(t.owed))
	slices.SortFunc(list, func(a, b *debt) int {
		return cmp.Or(cmp.Compare(a.rank(), b.rank()), a.a.Started.Compare(b.a.Started), cmp.Compare(a.a.Reference, b.a.Reference))
	})
	return list
}

// rank is 0 for what is asked, and 1 for what is cancelled.
func (d *debt) rank() int {
	if d.a.State == pos.Voiding || (d.a.State == pos.Cancelling && d.asked) {
		return 1
	}
	return 0
}

// serve does the one thing that d is owed now.
func (t *Till) serve(ctx context.Context, d *debt, now time.Time) {
	if d.charging { // slow to connect: what waits for the line is journaled as held
		if t.commit(ctx, t.started(d)...) == nil {
			d.answer(*t.sales[d.sale], nil)
			t.show(pos.Prompt{Kind: pos.PromptSending, Sale: d.sale, Amount: d.a.Amount})
		}
		return
	}
	named := d.a.Theirs != ""
	switch d.a.State.Duty(t.can, named) {
	case pos.DutySend:
		t.send(ctx, d, now)
	case pos.DutyAsk:
		t.call(ctx, d, t.o.Acquirer.Inquire)
	case pos.DutySearch:
		t.call(ctx, d, t.search)
	case pos.DutyCancel:
		t.cancel(ctx, d, now)
	default:
		d.due = now.Add(time.Hour) // nobody can be asked: a manager rules
	}
}

// search looks for the acquirer's id and, when it is found, asks by it: only the inquiry decides.
func (t *Till) search(ctx context.Context, a pos.Attempt) (pos.Answer, error) {
	found, err := t.o.Acquirer.Search(ctx, a)
	if err != nil || found.Event == pos.Unfound || found.Theirs == "" {
		return found, err
	}
	a.Theirs = found.Theirs
	ans, err := t.o.Acquirer.Inquire(ctx, a)
	if err != nil {
		ans = unanswered(a, ans, err)
	}
	if ans.Theirs == "" {
		ans.Theirs = found.Theirs
	}
	return ans, nil
}

// cancel asks once more, waits for the dialect's minimum age, journals that a cancel leaves, and sends it.
func (t *Till) cancel(ctx context.Context, d *debt, now time.Time) {
	if d.a.State == pos.Cancelling {
		if !d.asked {
			d.asked = t.call(ctx, d, t.o.Acquirer.Inquire)
			return
		}
		if ripe := d.a.Started.Add(t.pace(d.a).CancelAfter); now.Before(ripe) {
			d.due = ripe
			return
		}
		if t.learn(ctx, d.a.Reference, pos.Answer{Event: pos.CancelLeave}) != nil {
			return
		}
	}
	t.call(ctx, d, t.o.Acquirer.Cancel)
}

// call puts a question or a cancel to the acquirer beside the loop; its answer comes back as a lesson.
// It reports whether there was a place for it.
func (t *Till) call(ctx context.Context, d *debt, f func(context.Context, pos.Attempt) (pos.Answer, error)) bool {
	if t.running >= maxCalls {
		d.due = time.Now().Add(time.Second)
		return false
	}
	t.running++
	d.calling = true
	d.tries++
	a := d.a
	t.calls.Go(func() {
		bound, cancel := context.WithTimeout(ctx, callBound)
		defer cancel()
		began := time.Now()
		ans, err := f(bound, a)
		if ctx.Err() != nil {
			return // we are stopping; the attempt is unfinished on disk, and the next start asks
		}
		t.post(ctx, func(ctx context.Context) {
			t.running--
			d.calling = false
			d.due = time.Now().Add(t.wait(d))
			if d.a.State == pos.Cancelling && d.asked {
				d.due = time.Now() // the one more question is put: the cancel is next
			}
			t.heard(ans, err)
			if err != nil {
				t.log.WarnContext(ctx, "call without an answer", "ref", a.Reference, "state", a.State, "err", err, "took", time.Since(began))
				ans = unanswered(d.a, ans, err)
			}
			_ = t.learn(ctx, a.Reference, ans) // a failed commit keeps the lesson and reopens the file
		})
	})
	return true
}

// unanswered is what a call that brought an error says of an attempt. A dead line does not take back that our set-up is
// refused.
func unanswered(a pos.Attempt, ans pos.Answer, err error) pos.Answer {
	return pos.Answer{Event: pos.Silence, Reason: ans.Reason, Misfit: ans.Misfit || errors.Is(err, pos.ErrMisfit) || a.Misfit, Trouble: ans.Trouble}
}

// wait is how long until the next try: the dialect's pace while the shopper is likely there, then
// twice as long each time.
func (t *Till) wait(d *debt) time.Duration {
	pace := t.pace(d.a)
	ask, present := max(pace.Ask, time.Second), max(foreground, pace.Patience)
	if time.Since(d.a.Started) < present {
		return ask
	}
	return backOff(d.tries - int(present/ask))
}

// backOff is the wait after so many tries in the background.
func backOff(tries int) time.Duration {
	return min(backgroundIn<<min(max(tries, 0), 10), backgroundTo)
}

// pace is how an attempt wants to be treated. A QR that we show serves every wallet, so its time is the
// dialect's own, whichever wallet turns out to have scanned it.
func (t *Till) pace(a pos.Attempt) pos.Pace {
	pace := t.can.PaceOf(a.Wallet)
	if a.Mode == pos.Present {
		pace.Ask, pace.Patience = t.can.Pace.Ask, t.can.Pace.Patience
	}
	return pace
}

// patienceEnds is when the till gives up on the shopper by itself: only where a cancel can follow.
func (t *Till) patienceEnds(d *debt) time.Time {
	patience := t.pace(d.a).Patience
	if patience == 0 || d.pending != nil || (d.a.Theirs == "" && !t.can.ByReference) {
		return time.Time{}
	}
	switch d.a.State {
	case pos.Awaiting, pos.Doubtful:
		return d.a.Started.Add(patience)
	}
	return time.Time{}
}

func (t *Till) patienceOver(d *debt, now time.Time) bool {
	end := t.patienceEnds(d)
	return !end.IsZero() && !now.Before(end)
}

// flag calls a manager as soon as only a manager can help, and takes the call back when that has changed.
func (t *Till) flag(d *debt, now time.Time) {
	needed := d.pending == nil && d.a.NeedsManager(t.can, now)
	switch {
	case needed && !d.flagged:
		t.o.Trouble(pos.Trouble{Code: pos.TroubleNeedsManager, About: d.a.Reference, Since: now})
	case !needed && d.flagged:
		t.o.Clear(pos.TroubleNeedsManager, d.a.Reference)
	}
	d.flagged = needed
}
