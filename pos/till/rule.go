package till

import (
	"context"
	"strings"
	"time"

	"posd/pos"
)

// Rule takes a manager's word for an attempt that nobody can be asked about. It stays open to proof:
// what the acquirer says later still counts.
func (t *Till) Rule(ctx context.Context, reference string, paid bool, why, by string) (pos.Sale, error) {
	return t.ask(ctx, "till.rule", func(ctx context.Context, answer reply) {
		s, err := t.rule(ctx, reference, paid, why, by)
		answer(s, err)
	})
}

func (t *Till) rule(ctx context.Context, reference string, paid bool, why, by string) (pos.Sale, error) {
	const op = "till.rule"
	if strings.TrimSpace(why) == "" || strings.TrimSpace(by) == "" || len(why) > maxNote || len(by) > maxWord ||
		strings.ContainsFunc(why+by, control) {
		return pos.Sale{}, &pos.Error{Op: op, Problem: pos.BadRequest, Detail: "ruling"}
	}
	d, s, err := t.about(ctx, reference)
	if err != nil {
		return pos.Sale{}, err
	}
	defer t.forget(s.ID)
	a := *s.Attempt(reference)
	ev := pos.RuleUnpaid
	if paid {
		ev = pos.RulePaid
	}
	to, ok := a.State.Next(ev)
	open := a.NeedsManager(t.can, time.Now()) || a.State.Final()
	if !ok || !open || (d != nil && d.pending != nil) {
		return pos.Sale{}, pos.Refuse(op, pos.RulingNotOpen, "%s", a.State)
	}
	e := pos.Entry{Kind: pos.KindOf(ev), Sale: s.ID, Reference: reference, Body: pos.Body{To: to.String(), By: by, Why: why,
		Amount: a.Amount.Minor, Currency: a.Amount.Currency, Tip: a.Tip, Wallet: a.Wallet, Cashier: s.Cashier, Late: a.State.Final()}}
	t.mark(s, &e)
	entries := []pos.Entry{e}
	if to == pos.RuledUnpaid && s.GivenUp && s.Open() {
		entries = append(entries, pos.Entry{Kind: pos.SaleCancelled, Sale: s.ID, Body: pos.Body{By: by}})
	}
	if err := t.commit(ctx, entries...); err != nil {
		return pos.Sale{}, storage(op, err)
	}
	t.log.InfoContext(ctx, "attempt", "ref", reference, "sale", s.ID, "event", ev, "from", a.State, "state", to)
	t.after(s, a, pos.Answer{Event: ev}, to)
	return *s, nil
}
