package till

import (
	"context"
	"errors"
	"time"

	"posd/pos"
)

// word is what a call about a refund has to say: that the refund is about to leave, or how the call ended.
type word struct {
	g     *giving
	leave chan<- error // who waits for the journal before anything goes; nil at the end of a call
	came  time.Time    // to the door
	sent  bool         // the call was the refund itself, not a question about it
	left  bool         // it may have reached the acquirer
	ans   pos.RefundAnswer
	err   error
	took  time.Duration
}

// maxWords is how many words are written down in one durable step: so many that a slow disk does not set the
// pace of a drain, and so few that a payment does not wait for them. The end of a call brings up to perWord: itself, who
// takes its place, and one more because it went well.
const (
	maxWords = 8
	perWord  = 3
)

// step is an entry that is to be written, and what follows once it is or has failed to be.
type step struct {
	entry pos.Entry // without a kind there is nothing to write
	done  func(error)
}

// say hands a word to the till's goroutine; false when the till has ended.
func (t *Till) say(ctx context.Context, w word) bool {
	select {
	case t.later <- w:
		return true
	case <-ctx.Done():
		return false
	case <-t.ended:
		return false
	}
}

// hear takes down a word and those that wait behind it, and lets go whose turn it then is. No two are about one sale:
// its refunds go one by one.
func (t *Till) hear(ctx context.Context, w word) {
	var steps []step
	for more := true; more; {
		if w.leave != nil {
			t.flow.waits(w)
		} else if s, ok := t.refundEnded(ctx, w); ok {
			steps = append(steps, s)
		}
		if t.shut() || ctx.Err() != nil {
			t.flow.turnAway(time.Now(), 0)
		}
		for len(t.flow.door) > 0 && t.flow.free() > 0 {
			if s, ok := t.refundLeaves(ctx); ok {
				steps = append(steps, s)
			}
		}
		if len(steps) > maxWords-perWord {
			break
		}
		select {
		case w = <-t.later:
		default:
			more = false
		}
	}
	_ = t.put(ctx, steps...) // a failed commit keeps the lessons and reopens the file
}

// put makes steps durable together, and then does what follows from each.
func (t *Till) put(ctx context.Context, steps ...step) error {
	if len(steps) == 0 {
		return nil
	}
	var entries []pos.Entry
	for _, s := range steps {
		if s.entry.Kind != "" {
			entries = append(entries, s.entry)
		}
	}
	err := t.broken
	if len(entries) > 0 {
		err = t.commit(ctx, entries...)
	}
	for _, s := range steps {
		s.done(err)
	}
	return err
}

// shut reports whether no refund goes now, although it is ready: the file or the line is not there, others go first, or
// the line is rested.
func (t *Till) shut() bool {
	now := time.Now()
	return t.broken != nil || t.connection.State == pos.Offline || now.Before(t.flow.rest) || now.Before(t.flow.yields) && t.running > 0
}

// refundLeaves is the entry that must be on disk before the first at the door goes.
func (t *Till) refundLeaves(ctx context.Context) (step, bool) {
	w := t.flow.door[0]
	t.flow.door = t.flow.door[1:]
	g := t.giving(w.g.r.Reference)
	if g == nil || g.r.Duty(t.can) != pos.DutySend {
		w.leave <- errNotHeld // withdrawn, or answered meanwhile
		return step{}, false
	}
	t.flow.goes(w.g)
	r := g.r
	to, _ := r.State.Next(pos.RefundLeave)
	return step{
		pos.Entry{Kind: pos.KindOfRefund(pos.RefundLeave), Sale: g.sale, Reference: r.Reference, Body: pos.Body{To: to.String(), Misfit: r.Misfit}},
		func(err error) {
			w.leave <- err
			t.log.InfoContext(ctx, "refund", "ref", r.Reference, "sale", g.sale, "event", pos.RefundLeave, "from", r.State, "state", to)
		}}, true
}

// refundEnded is what is learned from the end of a call.
func (t *Till) refundEnded(ctx context.Context, w word) (step, bool) {
	g, ans := w.g, w.ans
	t.flow.end(g)
	switch {
	case !w.sent || !w.left || ans.Event == pos.RefundNotLeft:
	case w.err != nil || ans.Event == 0 || ans.Event == pos.RefundSilence:
		t.flow.silence(time.Now())
	default:
		t.flow.well(t.can.RefundsAtOnce, time.Now())
		t.flow.quick = time.Since(g.went) < quickWord
	}
	turnedAway := !w.left && errors.Is(w.err, errNotHeld)
	if turnedAway { // that was no try
		t.flow.quick = false
		g.tries--
	} else if w.err != nil {
		t.log.WarnContext(ctx, "refund call without an answer", "ref", g.r.Reference, "err", w.err, "took", w.took)
	}
	g.calling = false
	if g.due = time.Now().Add(backOff(g.tries - 1)); turnedAway {
		g.due = time.Now()
	}
	if !w.left { // nothing went: it is owed as before
		switch {
		case t.broken != nil:
			g.stayed = true
		case g.r.State == pos.RefundSent: // the commit that failed had happened
			return t.refundLearns(ctx, g.r.Reference, pos.RefundAnswer{Event: pos.RefundNotLeft, Reason: "not_left"})
		case w.err != nil && !turnedAway:
			t.probed(w.err)
		}
		return step{done: func(error) { t.forget(g.sale) }}, true // not before the others of this step are written
	}
	misfit := ans.Misfit || errors.Is(w.err, pos.ErrMisfit)
	if ans.Event == pos.RefundNotLeft {
		t.lost("cut")
	} else {
		t.heard(pos.Answer{Misfit: misfit, Reason: ans.Reason}, w.err)
	}
	if w.err != nil || ans.Event == 0 {
		misfit = misfit || w.err != nil && g.r.Misfit // a dead line takes nothing back
		ans = pos.RefundAnswer{Event: pos.RefundSilence, Reason: ans.Reason, Misfit: misfit, Trouble: ans.Trouble}
	}
	if g.r.Last == pos.RefundLeave && g.r.State == pos.RefundDoubtful && ans.Event == pos.RefundRefuse {
		ans.Event = pos.RefundSilence // a refusal of the second sending says nothing about the first: a look-up must
	}
	return t.refundLearns(ctx, g.r.Reference, ans)
}

// learnRefund decides, writes and remembers what an answer means to a refund. Its error is a failed commit;
// the lesson is then kept and learned again from the reopened file.
func (t *Till) learnRefund(ctx context.Context, reference string, ans pos.RefundAnswer) error {
	s, ok := t.refundLearns(ctx, reference, ans)
	if !ok {
		return t.broken
	}
	return t.put(ctx, s)
}

// refundLearns is the one place where an answer changes a refund. It is false when there is nothing to write.
func (t *Till) refundLearns(ctx context.Context, reference string, ans pos.RefundAnswer) (step, bool) {
	unheard := func() { t.unheard = append(t.unheard, lesson{reference: reference, refund: &ans}) }
	s, found, err := t.refundOf(ctx, reference)
	switch {
	case err != nil && pos.ProblemOf(err) == pos.NotFound:
		t.log.ErrorContext(ctx, "answer to an unknown refund", "ref", reference, "event", ans.Event)
		return step{}, false
	case err != nil:
		unheard()
		t.fail(err)
		return step{}, false
	}
	r := *found
	to, known := r.State.Next(ans.Event)
	if g := t.giving(reference); g != nil && known {
		if g.misses++; ans.Event != pos.RefundSilence {
			g.misses = 0
		}
	}
	if known && to == r.State && !teachesRefund(ans, r) || !known && noNews(r, ans) {
		return step{done: func(error) { t.forget(s.ID) }}, true // the same word once more: counted in memory, not another row
	}
	e := pos.Entry{Kind: pos.RefundOdd, Sale: s.ID, Reference: reference, Body: pos.Body{Event: ans.Event.String(), Theirs: ans.Theirs, Reason: ans.Reason}}
	if known {
		e.Kind = pos.KindOfRefund(ans.Event)
		e.Body = pos.Body{To: to.String(), Theirs: ans.Theirs, Reason: ans.Reason, NotBefore: ans.NotBefore, Misfit: ans.Misfit,
			Amount: r.Amount.Minor, Currency: r.Amount.Currency, Late: r.State.Final()}
		if a := s.Attempt(r.Attempt); a != nil {
			e.Body.Wallet = a.Wallet
		}
	}
	return step{e, func(err error) {
		defer t.forget(s.ID)
		if err != nil {
			unheard()
			return
		}
		if !known { // the table has no place for it: a trouble, and nothing changes
			t.oddity(r.ID, ans.Event.String(), r.State.Word(), time.Now())
			return
		}
		t.log.InfoContext(ctx, "refund", "ref", reference, "sale", s.ID, "event", ans.Event, "from", r.State, "state", to, "reason", ans.Reason)
		if ans.Trouble != "" {
			t.o.Trouble(pos.Trouble{Code: ans.Trouble, About: r.ID, Passing: true, Since: time.Now()})
		}
		t.afterRefund(s, r, to)
	}}, true
}

// teachesRefund is teaches for a refund.
func teachesRefund(ans pos.RefundAnswer, r pos.Refund) bool {
	more := ans.Theirs != "" && ans.Theirs != r.Theirs || ans.Misfit != r.Misfit
	if ans.Event == pos.RefundSilence {
		return more || r.Last == pos.RefundLeave
	}
	return more || ans.Event != r.Last
}

// noNews reports whether an answer that the table has no place for is no oddity either: a question that outlived
// its refund came back without news, or the same success was said twice.
func noNews(r pos.Refund, ans pos.RefundAnswer) bool {
	if !r.State.Final() {
		return false
	}
	switch ans.Event {
	case pos.RefundSilence, pos.RefundAbsent, pos.RefundUnfound, pos.RefundAccept, pos.RefundAbnormal:
		return true
	}
	return ans.Event == pos.RefundDone && r.State == pos.Refunded
}

// afterRefund does what follows from a journaled event: troubles and debts. r is what the refund was.
func (t *Till) afterRefund(s *pos.Sale, r pos.Refund, to pos.RefundState) {
	t.surpriseRefund(r, to, time.Now())
	t.orphan(s)
	g := t.giving(r.Reference)
	if g == nil { // a late word may send it back to those that have not left
		t.unread.count(r.State, -1)
		t.unread.count(to, 1)
		return
	}
	if to != r.State {
		g.stayed = false
		g.due = time.Now()
		if to == pos.RefundOwed || to == pos.RefundProcessing {
			g.due = time.Now().Add(backOff(g.tries - 1))
		}
	}
	t.flow.stir()
	if to.Final() {
		t.drop(g)
		t.o.Clear(pos.TroubleNeedsManager, r.ID)
	}
}
