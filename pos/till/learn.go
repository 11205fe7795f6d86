package till

import (
	"context"
	"time"

	"posd/pos"
)

// learn is the one place where an attempt changes: decide, write, remember. Its error is a failed
// commit; the lesson is then kept and learned again from the reopened file.
func (t *Till) learn(ctx context.Context, reference string, ans pos.Answer) error {
	d, sale, err := t.about(ctx, reference)
	switch {
	case err != nil && pos.ProblemOf(err) == pos.NotFound:
		t.log.ErrorContext(ctx, "answer to an unknown attempt", "ref", reference, "event", ans.Event)
		return nil
	case err != nil:
		t.unheard = append(t.unheard, lesson{reference: reference, answer: ans})
		t.fail(err)
		return err
	}
	defer t.forget(sale.ID)
	a := *sale.Attempt(reference)
	if ans.Event == pos.Unfound && a.State == pos.Awaiting {
		ans.Event = pos.Silence // it waits for a shopper under an id nobody knows: that is doubt
	}
	to, ok := a.State.Next(ans.Event)
	if !ok {
		return t.odd(ctx, sale, a, ans)
	}
	if d != nil {
		if ans.Event == pos.Silence {
			d.misses++
		} else {
			d.misses = 0
		}
		askable := a.Theirs != "" || t.can.ByReference
		missed := ans.Trouble != pos.TroubleAmountDiffers && ans.Trouble != pos.TroubleReferenceDiffers // those came, and say something
		if ans.Event == pos.Silence && a.State == pos.Awaiting && askable && missed && d.misses < 2 && ans.Reason != "restart" {
			return nil // one missed answer is not yet doubt
		}
		if ans.Event == pos.Absent && a.State == pos.Voiding && t.vanished(d) {
			ans.Event, to = pos.Vanished, pos.Voided
		}
	}
	if to == a.State && !teaches(ans, a) {
		t.warn(a.Reference, ans)
		return nil // the same silence once more: counted in memory, not another row
	}
	entries := []pos.Entry{t.entry(sale, a, ans, to)}
	t.mark(sale, &entries[0])
	if to.Final() && to.Rank() < 2 && to != pos.RuledPaid && sale.GivenUp && sale.Open() {
		entries = append(entries, pos.Entry{Kind: pos.SaleCancelled, Sale: sale.ID})
	}
	if err := t.commit(ctx, entries...); err != nil {
		t.unheard = append(t.unheard, lesson{reference: reference, answer: ans})
		return err
	}
	t.note("ref", reference, "sale", sale.ID, "event", ans.Event, "from", a.State, "state", to, "reason", ans.Reason)
	t.after(sale, a, ans, to)
	return nil
}

// about finds the debt, if there is one, and the sale of an attempt.
func (t *Till) about(ctx context.Context, reference string) (*debt, *pos.Sale, error) {
	d := t.owed[reference]
	if d != nil {
		return d, t.sales[d.sale], nil
	}
	s, err := t.o.Journal.SaleOf(ctx, reference) // late: final already, or ruled
	if err != nil {
		return nil, nil, err
	}
	if s.Attempt(reference) == nil {
		return nil, nil, pos.Refuse("till.learn", pos.NotFound, "no attempt %s", reference)
	}
	if known := t.sales[s.ID]; known != nil {
		return nil, known, nil
	}
	t.sales[s.ID] = &s // so that the commit folds into it; forget drops it again
	return nil, &s, nil
}

// teaches reports whether an answer that moves nothing is still worth a row: a new id, another word than the last,
// or a change in who must act. A silence is no word: it is worth a row only after an act of ours, or a line that
// comes and goes would write one a try, for days.
func teaches(ans pos.Answer, a pos.Attempt) bool {
	more := ans.Theirs != "" && ans.Theirs != a.Theirs || ans.Misfit != a.Misfit
	if ans.Event == pos.Silence {
		return more || acts(a.Last)
	}
	return more || ans.Event != a.Last
}

// acts reports whether an event is something that we do. The acquirer said nothing with it: that it refuses our set-up
// stands.
func acts(e pos.Event) bool { return e == pos.Leave || e == pos.GiveUp || e == pos.CancelLeave }

// entry writes an answer down so that a report can be folded from the entry alone.
func (t *Till) entry(s *pos.Sale, a pos.Attempt, ans pos.Answer, to pos.State) pos.Entry {
	b := pos.Body{To: to.String(), Theirs: ans.Theirs, Reason: ans.Reason, QR: ans.QR, Misfit: ans.Misfit || acts(ans.Event) && a.Misfit,
		Unconfirmed: ans.Unconfirmed, Wallet: ans.Wallet, Late: a.State.Final()}
	if b.Wallet == "" {
		b.Wallet = a.Wallet
	}
	if b.Theirs == a.Theirs {
		b.Theirs = ""
	}
	if to.Final() {
		b.Amount, b.Currency, b.Tip, b.Cashier = a.Amount.Minor, a.Amount.Currency, a.Tip, s.Cashier
	}
	if to == pos.Approved {
		paid := pos.Paid{At: time.Now().UTC().Truncate(time.Millisecond)}
		if ans.Paid != nil {
			paid = *ans.Paid
		}
		paid.Amount, paid.Currency, paid.Tip = a.Amount.Minor, a.Amount.Currency, a.Tip
		paid.Wallet = b.Wallet
		b.Paid = &paid
	}
	return pos.Entry{Kind: pos.KindOf(ans.Event), Sale: s.ID, Reference: a.Reference, Body: b}
}

// odd journals an answer that the table has no place for: a trouble, and nothing changes. The same
// success said twice is no oddity.
func (t *Till) odd(ctx context.Context, s *pos.Sale, a pos.Attempt, ans pos.Answer) error {
	if a.State == pos.Approved && (ans.Event == pos.Approve || ans.Event == pos.TooLate) {
		return nil
	}
	if a.State.Final() {
		switch ans.Event {
		case pos.Silence, pos.Absent, pos.Unfound, pos.Pend:
			return nil // a question that outlived its attempt came back without news
		}
	}
	e := pos.Entry{Kind: pos.AttemptOdd, Sale: s.ID, Reference: a.Reference,
		Body: pos.Body{Event: ans.Event.String(), Theirs: ans.Theirs, Reason: ans.Reason}}
	if err := t.commit(ctx, e); err != nil {
		t.unheard = append(t.unheard, lesson{reference: a.Reference, answer: ans})
		return err
	}
	t.log.WarnContext(ctx, "odd answer", "ref", a.Reference, "sale", s.ID, "event", ans.Event, "state", a.State)
	t.oddity(a.Reference, ans.Event.String(), a.State.Word(), time.Now())
	return nil
}

// vanished reports whether a cancelled attempt that the acquirer twice never heard of can be called
// ended: settle time apart, and the code and settle time over. Settle 0: never by ourselves.
func (t *Till) vanished(d *debt) bool {
	now := time.Now()
	if t.can.Settle == 0 || now.Sub(d.a.Started) < codeLife+t.can.Settle {
		return false
	}
	if d.absent.IsZero() {
		d.absent = now
		return false
	}
	return now.Sub(d.absent) >= t.can.Settle
}

// after does what follows from a journaled answer: troubles, debts, the display.
func (t *Till) after(s *pos.Sale, a pos.Attempt, ans pos.Answer, to pos.State) {
	now := time.Now()
	t.warn(a.Reference, ans)
	if ans.Misfit {
		t.misfit = true
		t.o.Trouble(pos.Trouble{Code: pos.TroubleAcquirerRefuses, Since: now})
	}
	t.surprise(a, to, now)
	t.orphan(s)
	if d := t.owed[a.Reference]; d != nil {
		if to != a.State {
			d.due, d.asked, d.absent = now, false, time.Time{}
			if to == pos.Awaiting {
				d.due = now.Add(t.wait(d))
			}
		}
		if to.Final() {
			delete(t.owed, a.Reference)
			t.o.Clear(pos.TroubleNeedsManager, a.Reference)
		}
	}
	t.reprompt(s)
	t.forget(s.ID)
}

// forget drops a sale from memory when nothing is owed on it and nobody is about to pay it.
func (t *Till) forget(id string) {
	if id == t.armed || id == t.inHand || t.owes(id) {
		return
	}
	delete(t.sales, id)
}
