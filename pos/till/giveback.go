package till

import (
	"context"
	"errors"
	"slices"
	"time"

	"posd/pos"
)

// giving is an unfinished refund and what the till remembers about it.
type giving struct {
	sale    string
	r       pos.Refund // as journaled
	calling bool       // a call is under way
	stayed  bool       // the call ended and not one byte left, whatever the file says
	due     time.Time
	tries   int
	misses  int
	flagged bool // a manager has been called
}

// maxOutlooks bounds how many refunds Standing tells about: the queue shows the oldest first.
const maxOutlooks = 500

func (t *Till) giving(reference string) *giving { return t.byRef[reference] }

// owe begins to remember a refund.
func (t *Till) owe(r pos.Refund) {
	g := &giving{sale: r.Sale, r: r, due: time.Now()}
	t.back = append(t.back, g)
	t.byRef[r.Reference] = g
}

// rememberRefunds takes what the file says is owed; what this process is in the middle of stays so.
func (t *Till) rememberRefunds(sales []pos.Sale) {
	kept := t.byRef
	t.back, t.byRef = nil, map[string]*giving{}
	for _, s := range sales {
		for _, r := range s.Refunds {
			if r.State.Final() {
				continue
			}
			t.sales[s.ID] = &s
			g := kept[r.Reference]
			if g == nil {
				g = &giving{sale: s.ID}
			}
			g.r, g.due = r, time.Now()
			t.back = append(t.back, g)
			t.byRef[r.Reference] = g
		}
	}
	slices.SortStableFunc(t.back, func(a, b *giving) int { return a.r.Asked.Compare(b.r.Asked) })
}

// resumeRefunds tells each refund that had left what a restart means to it.
func (t *Till) resumeRefunds(ctx context.Context) error {
	for _, g := range slices.Clone(t.back) {
		if g.calling || g.r.State != pos.RefundSent {
			continue
		}
		event := g.r.State.Restart()
		if g.stayed {
			event = pos.RefundNotLeft // the commit that failed had happened, but nothing followed it
		}
		if err := t.learnRefund(ctx, g.r.Reference, pos.RefundAnswer{Event: event, Reason: "restart"}); err != nil {
			return err
		}
	}
	return nil
}

// giveBack starts every call about a refund that is due, oldest first, and returns when the next one is.
// Questions and cancels have been started before: they come first when the line returns.
func (t *Till) giveBack(ctx context.Context, now time.Time) (next time.Time) {
	for _, g := range slices.Clone(t.back) {
		if g.r.State == pos.RefundOwed && !g.calling && now.Sub(g.r.Asked) >= pos.RefundLapsesAfter {
			if t.learnRefund(ctx, g.r.Reference, pos.RefundAnswer{Event: pos.RefundLapse, Reason: "too_old"}) != nil {
				return now
			}
			continue
		}
		t.flagRefund(g, now)
		if g.calling {
			continue
		}
		if !now.Before(g.due) {
			if t.running >= maxCalls {
				continue // the end of any call looks again
			}
			t.serveRefund(ctx, g, now)
		}
		if !g.calling && (next.IsZero() || g.due.Before(next)) {
			next = g.due
		}
	}
	return next
}

// serveRefund does the one thing that g is owed now.
func (t *Till) serveRefund(ctx context.Context, g *giving, now time.Time) {
	switch {
	case g.r.NotBefore.After(now):
		g.due = g.r.NotBefore
	case t.connection.State == pos.Offline: // when the line is back everything is due at once
		g.due = now.Add(backgroundTo)
	default:
		switch g.r.Duty(t.can) {
		case pos.DutySend:
			t.sendRefund(ctx, g)
		case pos.DutyAsk:
			t.askRefund(ctx, g)
		default:
			g.due = now.Add(time.Hour)
		}
	}
}

// sendRefund calls the acquirer beside the loop. Nothing leaves before the loop has journaled it.
func (t *Till) sendRefund(ctx context.Context, g *giving) {
	reference := g.r.Reference
	t.callRefund(ctx, g, func(ctx context.Context, a pos.Attempt, r pos.Refund) (pos.RefundAnswer, bool, error) {
		asked := false
		var refused error
		ans, err := t.o.Acquirer.Refund(ctx, a, r, func() error {
			if asked {
				return errNotHeld // called twice: a client's bug must not send twice
			}
			asked = true
			refused = t.leaveRefund(ctx, reference)
			return refused
		})
		return ans, asked && refused == nil, errors.Join(err, refused)
	})
}

// leaveRefund journals that the refund is about to go. It runs in the call's goroutine.
func (t *Till) leaveRefund(ctx context.Context, reference string) error {
	done := make(chan error, 1)
	ok := t.post(ctx, func(ctx context.Context) {
		g := t.giving(reference)
		if t.broken != nil || g == nil || g.r.Duty(t.can) != pos.DutySend {
			done <- errNotHeld // withdrawn, or answered meanwhile
			return
		}
		to, _ := g.r.State.Next(pos.RefundLeave)
		before := g.r.State
		e := pos.Entry{Kind: pos.KindOfRefund(pos.RefundLeave), Sale: g.sale, Reference: reference, Body: pos.Body{To: to.String()}}
		err := t.commit(ctx, e)
		done <- err
		t.log.InfoContext(ctx, "refund", "ref", reference, "sale", g.sale, "event", pos.RefundLeave, "from", before, "state", to)
	})
	if !ok {
		return errNotHeld
	}
	select {
	case err := <-done:
		return err
	case <-t.ended:
		return errNotHeld
	}
}

// askRefund asks what became of a refund that may have left.
func (t *Till) askRefund(ctx context.Context, g *giving) {
	t.callRefund(ctx, g, func(ctx context.Context, a pos.Attempt, r pos.Refund) (pos.RefundAnswer, bool, error) {
		ans, err := t.o.Acquirer.InquireRefund(ctx, a, r)
		return ans, true, err
	})
}

// callRefund runs one call beside the loop; its answer comes back as a lesson. The call reports whether
// it may have reached the acquirer.
func (t *Till) callRefund(ctx context.Context, g *giving, call func(context.Context, pos.Attempt, pos.Refund) (pos.RefundAnswer, bool, error)) {
	s := t.sales[g.sale]
	a := *s.Attempt(g.r.Attempt)
	r := g.r
	g.calling = true
	g.tries++
	t.running++
	t.calls.Go(func() {
		bound, cancel := context.WithTimeout(ctx, callBound)
		defer cancel()
		began := time.Now()
		ans, left, err := call(bound, a, r)
		if ctx.Err() != nil {
			return // we are stopping; the refund is unfinished on disk, and the next start goes on
		}
		t.post(ctx, func(ctx context.Context) {
			t.running--
			if err != nil {
				t.log.WarnContext(ctx, "refund call without an answer", "ref", r.Reference, "err", err, "took", time.Since(began))
			}
			t.refundEnded(ctx, g, left, ans, err)
		})
	})
}

// refundEnded learns from the end of a call.
func (t *Till) refundEnded(ctx context.Context, g *giving, left bool, ans pos.RefundAnswer, err error) {
	g.calling = false
	g.due = time.Now().Add(backOff(g.tries - 1))
	if !left { // nothing went: it is owed as before
		switch {
		case t.broken != nil:
			g.stayed = true
		case g.r.State == pos.RefundSent: // the commit that failed had happened
			_ = t.learnRefund(ctx, g.r.Reference, pos.RefundAnswer{Event: pos.RefundNotLeft, Reason: "not_left"})
		case err != nil && !errors.Is(err, errNotHeld):
			t.probed(err)
		}
		return
	}
	if ans.Event == pos.RefundNotLeft {
		t.lost("cut")
	} else {
		t.heard(pos.Answer{Misfit: ans.Misfit || errors.Is(err, pos.ErrMisfit), Reason: ans.Reason}, err)
	}
	if err != nil || ans.Event == 0 {
		ans = pos.RefundAnswer{Event: pos.RefundSilence, Reason: ans.Reason, Misfit: ans.Misfit || errors.Is(err, pos.ErrMisfit), Trouble: ans.Trouble}
	}
	if g.r.Last == pos.RefundLeave && g.r.State == pos.RefundDoubtful && ans.Event == pos.RefundRefuse {
		ans.Event = pos.RefundSilence // a refusal of the second sending says nothing about the first: a look-up must
	}
	_ = t.learnRefund(ctx, g.r.Reference, ans) // a failed commit keeps the lesson and reopens the file
}

// learnRefund is the one place where a refund changes by an answer: decide, write, remember.
func (t *Till) learnRefund(ctx context.Context, reference string, ans pos.RefundAnswer) error {
	s, found, err := t.refundOf(ctx, reference)
	switch {
	case err != nil && pos.ProblemOf(err) == pos.NotFound:
		t.log.ErrorContext(ctx, "answer to an unknown refund", "ref", reference, "event", ans.Event)
		return nil
	case err != nil:
		t.unheard = append(t.unheard, lesson{reference: reference, refund: &ans})
		t.fail(err)
		return err
	}
	defer t.forget(s.ID)
	r := *found
	to, ok := r.State.Next(ans.Event)
	if !ok {
		return t.oddRefund(ctx, s, r, ans)
	}
	if g := t.giving(reference); g != nil {
		if ans.Event == pos.RefundSilence {
			g.misses++
		} else {
			g.misses = 0
		}
	}
	if to == r.State && ans.Event == r.Last && (ans.Theirs == "" || ans.Theirs == r.Theirs) && ans.Misfit == r.Misfit {
		return nil // the same word once more: counted in memory, not another row
	}
	b := pos.Body{To: to.String(), Theirs: ans.Theirs, Reason: ans.Reason, NotBefore: ans.NotBefore, Misfit: ans.Misfit,
		Amount: r.Amount.Minor, Currency: r.Amount.Currency, Late: r.State.Final()}
	if a := s.Attempt(r.Attempt); a != nil {
		b.Wallet = a.Wallet
	}
	if err := t.commit(ctx, pos.Entry{Kind: pos.KindOfRefund(ans.Event), Sale: s.ID, Reference: reference, Body: b}); err != nil {
		t.unheard = append(t.unheard, lesson{reference: reference, refund: &ans})
		return err
	}
	t.log.InfoContext(ctx, "refund", "ref", reference, "sale", s.ID, "event", ans.Event, "from", r.State, "state", to, "reason", ans.Reason)
	if ans.Trouble != "" {
		t.o.Trouble(pos.Trouble{Code: ans.Trouble, About: r.ID, Passing: true, Since: time.Now()})
	}
	t.afterRefund(s, r, to)
	return nil
}

// oddRefund journals an answer that the table has no place for: a trouble, and nothing changes.
func (t *Till) oddRefund(ctx context.Context, s *pos.Sale, r pos.Refund, ans pos.RefundAnswer) error {
	if r.State.Final() {
		switch ans.Event {
		case pos.RefundSilence, pos.RefundAbsent, pos.RefundUnfound, pos.RefundAccept, pos.RefundAbnormal:
			return nil // a question that outlived its refund came back without news
		case pos.RefundDone:
			if r.State == pos.Refunded {
				return nil
			}
		}
	}
	e := pos.Entry{Kind: pos.RefundOdd, Sale: s.ID, Reference: r.Reference, Body: pos.Body{Event: ans.Event.String(), Theirs: ans.Theirs, Reason: ans.Reason}}
	if err := t.commit(ctx, e); err != nil {
		t.unheard = append(t.unheard, lesson{reference: r.Reference, refund: &ans})
		return err
	}
	t.o.Trouble(pos.Trouble{Code: pos.TroubleOddAnswer, About: r.ID, Passing: true, Since: time.Now(),
		Args: map[string]string{"event": ans.Event.String(), "state": r.State.Word()}})
	return nil
}

// afterRefund does what follows from a journaled event: troubles and debts. r is what the refund was.
func (t *Till) afterRefund(s *pos.Sale, r pos.Refund, to pos.RefundState) {
	late := r.State.Final() && to != r.State
	switch {
	case late && (to == pos.Refunded && r.State == pos.RuledRefused || to == pos.Refused && r.State == pos.RuledRefunded):
		t.o.Trouble(pos.Trouble{Code: pos.TroubleRuling, About: r.ID, Passing: true, Since: time.Now()})
	case late && to == pos.Refunded && r.State != pos.RuledRefunded:
		t.o.Trouble(pos.Trouble{Code: pos.TroubleRefundLate, About: r.ID, Passing: true, Since: time.Now()})
	}
	t.orphan(s)
	g := t.giving(r.Reference)
	if g == nil {
		return
	}
	if to != r.State {
		g.stayed = false
		g.due = time.Now()
		if to == pos.RefundOwed || to == pos.RefundProcessing {
			g.due = time.Now().Add(backOff(g.tries - 1))
		}
	}
	if to.Final() {
		delete(t.byRef, r.Reference)
		t.back = slices.DeleteFunc(t.back, func(x *giving) bool { return x == g })
		t.o.Clear(pos.TroubleNeedsManager, r.ID)
	}
}

// flagRefund calls a manager as soon as only a manager can help, and takes the call back.
func (t *Till) flagRefund(g *giving, now time.Time) {
	needed := g.r.NeedsManager(t.can, now)
	switch {
	case needed && !g.flagged:
		t.o.Trouble(pos.Trouble{Code: pos.TroubleNeedsManager, About: g.r.ID, Since: now})
	case !needed && g.flagged:
		t.o.Clear(pos.TroubleNeedsManager, g.r.ID)
	}
	g.flagged = needed
}

// outlooks adds what the till means to do about refunds, the oldest first.
func (t *Till) outlooks(list map[string]pos.Outlook) {
	for i, g := range t.back {
		if i == maxOutlooks {
			return
		}
		o := pos.Outlook{NeedsManager: g.r.NeedsManager(t.can, time.Now()), Calling: g.calling, Tries: g.tries, Misses: g.misses}
		if !g.calling {
			o.Next = g.due
		}
		list[g.r.Reference] = o
	}
}
