package till

import (
	"context"
	"slices"
	"strings"
	"time"

	"posd/pos"
)

// Limits of what people may write into a sale, in bytes.
const (
	maxWord = 64
	maxNote = 256
)

// Sell opens a sale. The same idempotency key with the same request answers the sale as it was opened;
// with another request it is refused.
func (t *Till) Sell(ctx context.Context, n pos.NewSale) (pos.Sale, error) {
	return t.ask(ctx, "till.sell", func(ctx context.Context, answer reply) {
		s, err := t.sell(ctx, n)
		answer(s, err)
	})
}

func (t *Till) sell(ctx context.Context, n pos.NewSale) (pos.Sale, error) {
	const op = "till.sell"
	if n.Key != "" {
		first, known, err := t.o.Journal.Request(ctx, n.Key)
		switch {
		case err != nil:
			return pos.Sale{}, &pos.Error{Op: op, Problem: pos.StorageFailed, Err: err}
		case known && first.Body.KeyHash != n.KeyHash, known && first.Kind != pos.SaleOpened:
			return pos.Sale{}, pos.Refuse(op, pos.KeyMismatch, "")
		case known:
			return t.o.Journal.AsOf(ctx, first.Sale, first.Seq)
		}
	}
	if err := t.sound(n); err != nil {
		return pos.Sale{}, err
	}
	if err := t.roomy(op); err != nil {
		return pos.Sale{}, err
	}
	if len(t.owed) >= t.o.Limit {
		return pos.Sale{}, pos.Refuse(op, pos.TooManyUnfinished, "%d unfinished", len(t.owed))
	}
	charged := pos.Amount{Minor: n.Amount.Minor + n.Tip, Currency: n.Amount.Currency}
	double, err := t.double(ctx, charged)
	if err != nil {
		return pos.Sale{}, &pos.Error{Op: op, Problem: pos.StorageFailed, Err: err}
	}
	confirmed := n.Confirm != nil && strings.TrimSpace(n.Confirm.By) != "" && strings.TrimSpace(n.Confirm.Why) != ""
	if double && !confirmed {
		return pos.Sale{}, pos.Refuse(op, pos.PossibleDouble, "%s", charged)
	}
	id, err := t.id("s_")
	if err != nil {
		return pos.Sale{}, &pos.Error{Op: op, Problem: pos.Internal, Err: err}
	}
	e := pos.Entry{Kind: pos.SaleOpened, Sale: id, Body: pos.Body{Amount: n.Amount.Minor, Tip: n.Tip, Currency: n.Amount.Currency,
		Ticket: n.Ticket, Cashier: n.Cashier, Note: n.Note, Key: n.Key, KeyHash: n.KeyHash}}
	if confirmed {
		e.Body.By, e.Body.Why = n.Confirm.By, n.Confirm.Why
	}
	t.sales[id] = &pos.Sale{}
	if err := t.commit(ctx, e); err != nil {
		delete(t.sales, id)
		return pos.Sale{}, storage(op, err)
	}
	s := *t.sales[id]
	t.forget(id)
	return s, nil
}

// sound checks what a person typed.
func (t *Till) sound(n pos.NewSale) error {
	const op = "till.sell"
	sum, err := n.Amount.Add(pos.Amount{Minor: n.Tip, Currency: n.Amount.Currency})
	switch {
	case n.Amount.Minor <= 0 || n.Tip < 0:
		return &pos.Error{Op: op, Problem: pos.BadRequest, Detail: "amount"}
	case err != nil || sum.Minor > maxAmount:
		return &pos.Error{Op: op, Problem: pos.BadRequest, Detail: "amount", Err: pos.ErrOverflow}
	case n.Amount.Currency != t.o.Currency:
		return &pos.Error{Op: op, Problem: pos.BadRequest, Detail: "currency", Args: map[string]string{"currency": string(t.o.Currency)}}
	}
	for field, text := range map[string]string{"ticket": n.Ticket, "cashier": n.Cashier} {
		if len(text) > maxWord || strings.ContainsFunc(text, control) {
			return &pos.Error{Op: op, Problem: pos.BadRequest, Detail: field}
		}
	}
	if len(n.Note) > maxNote || strings.ContainsFunc(n.Note, control) {
		return &pos.Error{Op: op, Problem: pos.BadRequest, Detail: "note"}
	}
	if slices.ContainsFunc([]string{n.Ticket, n.Cashier, n.Note}, pos.HoldsCode) {
		return &pos.Error{Op: op, Problem: pos.BadRequest, Detail: "typed_code"}
	}
	return nil
}

// maxAmount is ten digits of minor units: more than any boutique sells, and safe to add up.
const maxAmount = 9_999_999_999

func control(r rune) bool { return r < ' ' || r == 0x7f }

// double reports whether the same sum is already in doubt, or was paid within a minute.
func (t *Till) double(ctx context.Context, charged pos.Amount) (bool, error) {
	for _, d := range t.owed {
		if d.a.Amount == charged && d.a.State != pos.Held {
			return true, nil
		}
	}
	return t.o.Journal.PaidSince(ctx, charged, time.Now().Add(-doubleWithin))
}

// Cancel asks that a sale be not paid. What has left is cancelled at the acquirer, and the sale ends
// when that is certain; money that arrives first wins.
func (t *Till) Cancel(ctx context.Context, sale, by string) (pos.Sale, error) {
	return t.ask(ctx, "till.cancel", func(ctx context.Context, answer reply) {
		defer t.forget(sale)
		s, err := t.sale(ctx, sale)
		if err == nil {
			err = t.giveUp(ctx, s, by)
		}
		if err != nil {
			answer(pos.Sale{}, err)
			return
		}
		answer(*s, nil)
	})
}

func (t *Till) giveUp(ctx context.Context, s *pos.Sale, by string) error {
	const op = "till.cancel"
	if s.End == pos.EndCancelled {
		return nil
	}
	if !s.Open() {
		return pos.Refuse(op, pos.SaleClosed, "%s", s.Status())
	}
	if len(by) > maxWord || strings.ContainsFunc(by, control) {
		return &pos.Error{Op: op, Problem: pos.BadRequest, Detail: "by"}
	}
	var d *debt
	for _, o := range t.owed {
		if o.sale == s.ID {
			d = o
		}
	}
	if d == nil {
		if err := t.commit(ctx, pos.Entry{Kind: pos.SaleCancelled, Sale: s.ID, Body: pos.Body{By: by}}); err != nil {
			return storage(op, err)
		}
		t.disarmFor(s)
		t.reprompt(s)
		return nil
	}
	t.cover(s)
	giveUp := pos.Entry{Kind: pos.KindOf(pos.GiveUp), Sale: s.ID, Reference: d.a.Reference, Body: pos.Body{Reason: "gave_up", By: by}}
	if d.a.State == pos.Held { // nothing left, and nothing will
		giveUp.Body.To, giveUp.Body.Wallet = pos.Unsent.String(), d.a.Wallet
		ended := pos.Entry{Kind: pos.SaleCancelled, Sale: s.ID, Body: pos.Body{By: by}}
		if err := t.commit(ctx, t.started(d, giveUp, ended)...); err != nil {
			return storage(op, err)
		}
		if d.stop != nil {
			d.stop()
		}
		delete(t.owed, d.a.Reference)
		d.answer(*s, nil)
		t.disarmFor(s)
		t.reprompt(s)
		return nil
	}
	var entries []pos.Entry
	if !s.GivenUp {
		entries = append(entries, pos.Entry{Kind: pos.SaleGivenUp, Sale: s.ID, Body: pos.Body{By: by}})
	}
	if d.a.State != pos.Cancelling && d.a.State != pos.Voiding {
		giveUp.Body.To = pos.Cancelling.String()
		entries = append(entries, giveUp)
		d.due, d.asked, d.tries = time.Now(), false, 0
	}
	if len(entries) == 0 {
		return nil
	}
	if err := t.commit(ctx, entries...); err != nil {
		return storage(op, err)
	}
	t.disarmFor(s)
	t.log.InfoContext(ctx, "attempt", "ref", d.a.Reference, "sale", s.ID, "event", pos.GiveUp, "state", d.a.State)
	t.reprompt(s)
	return nil
}

// Settle records that the sale was paid some other way. An attempt that is still in doubt goes on
// being chased: money that arrives on it is an orphan.
func (t *Till) Settle(ctx context.Context, sale, tender, by string) (pos.Sale, error) {
	return t.ask(ctx, "till.settle", func(ctx context.Context, answer reply) {
		defer t.forget(sale)
		s, err := t.sale(ctx, sale)
		if err == nil {
			err = t.settle(ctx, s, tender, by)
		}
		if err != nil {
			answer(pos.Sale{}, err)
			return
		}
		answer(*s, nil)
	})
}

func (t *Till) settle(ctx context.Context, s *pos.Sale, tender, by string) error {
	const op = "till.settle"
	if s.End == pos.EndSettled && s.Tender == tender {
		return nil
	}
	if !s.Open() {
		return pos.Refuse(op, pos.SaleClosed, "%s", s.Status())
	}
	if strings.TrimSpace(tender) == "" || len(tender) > maxWord || strings.ContainsFunc(tender+by, control) || len(by) > maxWord {
		return &pos.Error{Op: op, Problem: pos.BadRequest, Detail: "tender"}
	}
	for _, d := range t.owed {
		if d.sale == s.ID && d.a.State == pos.Held {
			return &pos.Error{Op: op, Problem: pos.InFlight}
		}
	}
	if err := t.commit(ctx, pos.Entry{Kind: pos.SaleSettled, Sale: s.ID, Body: pos.Body{Tender: tender, By: by}}); err != nil {
		return storage(op, err)
	}
	t.disarmFor(s)
	t.reprompt(s)
	return nil
}

// sale finds a sale in memory or in the file.
func (t *Till) sale(ctx context.Context, id string) (*pos.Sale, error) {
	if s := t.sales[id]; s != nil {
		return s, nil
	}
	s, err := t.o.Journal.Sale(ctx, id)
	if err != nil {
		return nil, err
	}
	t.sales[id] = &s
	return &s, nil
}

// storage keeps an error that already says what it is, and calls every other one a failed commit.
func storage(op string, err error) error {
	if err == nil || pos.ProblemOf(err) != pos.Internal {
		return err
	}
	return &pos.Error{Op: op, Problem: pos.StorageFailed, Err: err}
}
