package till

import (
	"context"
	"time"

	"posd/pos"
)

// rememberFor is how far back a start looks for what people should know: as long as such a trouble is shown.
const rememberFor = time.Hour

// warn tells of what is odd about an answer, each time it is heard.
func (t *Till) warn(reference string, ans pos.Answer) {
	if ans.Trouble != "" && ans.Trouble != pos.TroubleAcquirerRefuses {
		t.o.Trouble(pos.Trouble{Code: ans.Trouble, About: reference, Passing: true, Since: time.Now()})
	}
}

// surprise tells of an answer that changed what had ended: late money, or proof against a ruling. a is what the
// attempt was.
func (t *Till) surprise(a pos.Attempt, to pos.State, at time.Time) {
	if a.State.Final() && to == pos.Approved {
		t.o.Trouble(pos.Trouble{Code: pos.TroublePaidLate, About: a.Reference, Passing: true, Since: at})
	}
	if a.State == pos.RuledPaid && (to == pos.Declined || to == pos.Voided) {
		t.o.Trouble(pos.Trouble{Code: pos.TroubleRuling, About: a.Reference, Passing: true, Since: at})
	}
}

// surpriseRefund is the same for a refund. r is what it was.
func (t *Till) surpriseRefund(r pos.Refund, to pos.RefundState, at time.Time) {
	late := r.State.Final() && to != r.State
	switch {
	case late && (to == pos.Refunded && r.State == pos.RuledRefused || to == pos.Refused && r.State == pos.RuledRefunded):
		t.o.Trouble(pos.Trouble{Code: pos.TroubleRuling, About: r.ID, Passing: true, Since: at})
	case late && to == pos.Refunded && r.State != pos.RuledRefunded:
		t.o.Trouble(pos.Trouble{Code: pos.TroubleRefundLate, About: r.ID, Passing: true, Since: at})
	}
}

// orphan tells of money that nobody wants, until a manager has sent it back.
func (t *Till) orphan(s *pos.Sale) {
	proposed := s.Proposed()
	if len(proposed) == 0 {
		delete(t.orphans, s.ID)
		t.o.Clear(pos.TroubleOrphan, s.ID)
		return
	}
	t.orphans[s.ID] = proposed
	sum := pos.Amount{Currency: s.Amount.Currency}
	for _, o := range proposed {
		sum.Minor += o.Left
	}
	t.o.Trouble(pos.Trouble{Code: pos.TroubleOrphan, About: s.ID, Since: proposed[0].Since, Args: map[string]string{"ticket": s.Ticket,
		"amount": sum.String(), "due": proposed[0].Due.In(t.o.Calendar.Zone).Format("2006-01-02 15:04")}})
}

// mark says in an entry which payment it makes an orphan, so that the day's report knows from the entry alone.
func (t *Till) mark(s *pos.Sale, e *pos.Entry) {
	at := *e
	at.At = time.Now()
	if e.Body.Orphan = s.Unwanted(at); e.Body.Orphan != "" {
		e.Body.Ticket = s.Ticket
	}
}

// crowd tells whether as many attempts are unfinished as may be: no new sale is taken then.
func (t *Till) crowd(now time.Time) {
	full := len(t.owed) >= t.o.Limit
	switch {
	case full && !t.full:
		t.o.Trouble(pos.Trouble{Code: pos.TroubleUnfinished, Since: now})
	case !full && t.full:
		t.o.Clear(pos.TroubleUnfinished, "")
	}
	t.full = full
}

// rememberOrphans takes from the file which money waits for a manager.
func (t *Till) rememberOrphans(sales []pos.Sale) {
	known := t.orphans
	t.orphans = map[string][]pos.Orphan{}
	for _, s := range sales {
		delete(known, s.ID)
		t.orphan(&s)
	}
	for id := range known {
		t.o.Clear(pos.TroubleOrphan, id)
	}
}

// remember tells again, after a start, what people should still know of the last hour: memory did not keep it, but
// the journal did. What cannot be read is not told again; the register starts all the same.
func (t *Till) remember(ctx context.Context) {
	entries, err := t.o.Journal.Surprises(ctx, time.Now().Add(-rememberFor))
	if err != nil {
		t.log.WarnContext(ctx, "remember", "err", err)
	}
	for _, e := range entries {
		before, err := t.o.Journal.AsOf(ctx, e.Sale, e.Seq-1)
		after := clone(before)
		if err == nil {
			err = after.Apply(e)
		}
		if err != nil {
			t.log.WarnContext(ctx, "remember", "seq", e.Seq, "err", err)
			continue
		}
		if a := before.Attempt(e.Reference); a != nil {
			if e.Kind == pos.AttemptOdd {
				t.oddity(e.Reference, e.Body.Event, a.State.Word(), e.At)
			}
			if code := pos.TroubleCode(e.Body.Reason); code == pos.TroubleAmountDiffers || code == pos.TroubleReferenceDiffers {
				t.o.Trouble(pos.Trouble{Code: code, About: e.Reference, Passing: true, Since: e.At})
			}
			t.surprise(*a, after.Attempt(e.Reference).State, e.At)
		}
		if r := before.Refund(e.Reference); r != nil {
			if e.Kind == pos.RefundOdd {
				t.oddity(r.ID, e.Body.Event, r.State.Word(), e.At)
			}
			t.surpriseRefund(*r, after.Refund(e.Reference).State, e.At)
		}
	}
}

// oddity tells of an answer that the table has no place for.
func (t *Till) oddity(about, event, state string, at time.Time) {
	t.o.Trouble(pos.Trouble{Code: pos.TroubleOddAnswer, About: about, Passing: true, Since: at, Args: map[string]string{"event": event, "state": state}})
}
