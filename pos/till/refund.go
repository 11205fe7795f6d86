package till

import (
	"context"
	"strings"
	"time"

	"posd/pos"
)

// Refund owes money back out of a paid sale. It answers once the refund is journaled; the money goes when
// the line allows. The same idempotency key with the same request answers the refund as it was asked.
func (t *Till) Refund(ctx context.Context, n pos.NewRefund) (pos.Refund, error) {
	var r pos.Refund
	_, err := t.ask(ctx, "till.refund", func(ctx context.Context, answer reply) {
		var err error
		r, err = t.refund(ctx, n)
		answer(pos.Sale{}, err)
	})
	return r, err
}

func (t *Till) refund(ctx context.Context, n pos.NewRefund) (pos.Refund, error) {
	const op = "till.refund"
	first, known, err := t.o.Journal.Request(ctx, n.Key)
	switch {
	case err != nil:
		return pos.Refund{}, storage(op, err)
	case known && (first.Kind != pos.RefundAsked || first.Body.KeyHash != n.KeyHash):
		return pos.Refund{}, pos.Refuse(op, pos.KeyMismatch, "")
	case known:
		s, err := t.o.Journal.AsOf(ctx, first.Sale, first.Seq)
		if err != nil {
			return pos.Refund{}, storage(op, err)
		}
		return *s.Refund(first.Reference), nil
	case n.Minor <= 0:
		return pos.Refund{}, &pos.Error{Op: op, Problem: pos.BadRequest, Detail: "amount"}
	}
	if err := said(op, n.Reason, n.By); err != nil {
		return pos.Refund{}, err
	}
	if err := t.roomy(op); err != nil {
		return pos.Refund{}, err
	}
	defer t.forget(n.Sale)
	s, err := t.sale(ctx, n.Sale)
	if err != nil {
		return pos.Refund{}, err
	}
	a, left := s.Refundable(n.Minor)
	switch {
	case left == 0 && !s.Settled():
		return pos.Refund{}, &pos.Error{Op: op, Problem: pos.RefundNotPossible, Detail: "unpaid"}
	case a == nil:
		return pos.Refund{}, &pos.Error{Op: op, Problem: pos.OverRefund, Args: map[string]string{"left": pos.Amount{Minor: left, Currency: s.Amount.Currency}.String()}}
	case a.Theirs == "" && !t.can.ByReference:
		return pos.Refund{}, &pos.Error{Op: op, Problem: pos.RefundNotPossible, Detail: "no_id"}
	}
	id, err := t.id("r_")
	if err != nil {
		return pos.Refund{}, &pos.Error{Op: op, Problem: pos.Internal, Err: err}
	}
	reference, err := t.reference(ctx)
	if err != nil {
		return pos.Refund{}, storage(op, err)
	}
	e := pos.Entry{Kind: pos.RefundAsked, Sale: s.ID, Reference: reference, Body: pos.Body{Refund: id, Attempt: a.Reference, Amount: n.Minor,
		Currency: s.Amount.Currency, Wallet: a.Wallet, Reason: n.Reason, By: n.By, Key: n.Key, KeyHash: n.KeyHash}}
	if err := t.commit(ctx, e); err != nil {
		return pos.Refund{}, storage(op, err)
	}
	r := *s.Refund(reference)
	t.owe(r, s.Ticket, t.last.Seq)
	t.orphan(s)
	t.log.InfoContext(ctx, "refund", "ref", reference, "sale", s.ID, "event", "requested", "state", r.State)
	return r, nil
}

// said checks a person's words: a reason and a name, both needed.
func said(op, why, by string) error {
	switch {
	case strings.TrimSpace(by) == "" || len(by) > maxWord || strings.ContainsFunc(by, control):
		return &pos.Error{Op: op, Problem: pos.BadRequest, Detail: "by"}
	case strings.TrimSpace(why) == "" || len(why) > maxNote || strings.ContainsFunc(why, control):
		return &pos.Error{Op: op, Problem: pos.BadRequest, Detail: "reason"}
	}
	return nil
}

// Withdraw takes a refund back that has not left.
func (t *Till) Withdraw(ctx context.Context, id, by string) (pos.Refund, error) {
	return t.toRefund(ctx, "till.withdraw", id, func(s *pos.Sale, r pos.Refund) error {
		if strings.TrimSpace(by) == "" || len(by) > maxWord || strings.ContainsFunc(by, control) {
			return &pos.Error{Op: "till.withdraw", Problem: pos.BadRequest, Detail: "by"}
		}
		if r.State == pos.Withdrawn {
			return nil
		}
		to, ok := r.State.Next(pos.RefundWithdraw)
		if !ok {
			return &pos.Error{Op: "till.withdraw", Problem: pos.RefundNotPossible, Detail: "left"}
		}
		return t.decide(ctx, s, r, pos.RefundWithdraw, to, pos.Body{By: by})
	})
}

// RuleRefund takes a manager's word for a refund that nobody can be asked about. It stays open to proof.
func (t *Till) RuleRefund(ctx context.Context, id string, done bool, why, by string) (pos.Refund, error) {
	const op = "till.rule"
	return t.toRefund(ctx, op, id, func(s *pos.Sale, r pos.Refund) error {
		if said(op, why, by) != nil {
			return &pos.Error{Op: op, Problem: pos.BadRequest, Detail: "ruling"}
		}
		ev := pos.RuleUndone
		if done {
			ev = pos.RuleDone
		}
		to, ok := r.State.Next(ev)
		open := r.NeedsManager(t.can, time.Now()) || r.State.Final()
		if !ok || !open {
			return pos.Refuse(op, pos.RulingNotOpen, "%s", r.State)
		}
		if done && !r.State.Binds() && s.Remaining(r.Attempt) < r.Amount.Minor {
			return pos.Refuse(op, pos.RulingNotOpen, "more would have gone back than was paid")
		}
		return t.decide(ctx, s, r, ev, to, pos.Body{By: by, Why: why})
	})
}

// toRefund runs a command about one refund and answers what it has become.
func (t *Till) toRefund(ctx context.Context, op, id string, do func(*pos.Sale, pos.Refund) error) (pos.Refund, error) {
	var after pos.Refund
	_, err := t.ask(ctx, op, func(ctx context.Context, answer reply) {
		s, r, err := t.refundOf(ctx, id)
		if err == nil {
			defer t.forget(s.ID)
			if err = do(s, *r); err == nil {
				after = *s.Refund(r.Reference)
			}
		}
		answer(pos.Sale{}, err)
	})
	return after, err
}

// refundOf finds a refund by its id or reference, in memory or in the file.
func (t *Till) refundOf(ctx context.Context, id string) (*pos.Sale, *pos.Refund, error) {
	var sale string
	if g := t.giving(id); g != nil {
		sale = g.sale
	} else {
		found, err := t.o.Journal.SaleOf(ctx, id)
		if err != nil {
			return nil, nil, err
		}
		sale = found.ID
	}
	s, err := t.sale(ctx, sale)
	if err != nil {
		return nil, nil, err
	}
	for i := range s.Refunds {
		if r := &s.Refunds[i]; r.ID == id || r.Reference == id {
			return s, r, nil
		}
	}
	t.forget(s.ID)
	return nil, nil, pos.Refuse("till.refund", pos.NotFound, "%q", id)
}

// decide journals a person's word about a refund, and what follows from it.
func (t *Till) decide(ctx context.Context, s *pos.Sale, r pos.Refund, ev pos.RefundEvent, to pos.RefundState, b pos.Body) error {
	b.Amount, b.Currency, b.To, b.Late = r.Amount.Minor, r.Amount.Currency, to.String(), r.State.Final()
	if a := s.Attempt(r.Attempt); a != nil {
		b.Wallet = a.Wallet
	}
	if err := t.commit(ctx, pos.Entry{Kind: pos.KindOfRefund(ev), Sale: s.ID, Reference: r.Reference, Body: b}); err != nil {
		return storage("till.refund", err)
	}
	t.log.InfoContext(ctx, "refund", "ref", r.Reference, "sale", s.ID, "event", ev, "from", r.State, "state", to)
	t.afterRefund(s, r, to)
	return nil
}
