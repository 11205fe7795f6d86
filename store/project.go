package store

import (
	"bytes"
	"context"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"time"

	"posd/pos"
)

// projecting is one transaction in the making: entries, and the projections that they change.
type projecting struct {
	links  *chaining
	head   pos.Head
	chain  []byte
	folds  *folds
	before func(context.Context, pos.Entry) (pos.Sale, error) // the sale as the entries before this one make it
	sales  map[string]*folding
}

// folding is a sale that changes. was is how it stands in the file.
type folding struct {
	sale, was pos.Sale
	seq       int64             // of its opening, if it opens here
	hash      map[string]string // code hashes of attempts that begin here, by reference
	born      map[string]int64  // where attempts and refunds begin that begin here: a reference is inserted once for ever
	day       map[string]pos.Date
}

// entries adds the entries to the chain and to the journal, and projects them.
func (p *projecting) entries(t *transaction, entries []pos.Entry) ([]pos.Entry, error) {
	written := make([]pos.Entry, len(entries))
	for i, e := range entries {
		e.Seq, e.At = p.head.Seq+1, e.At.UTC().Truncate(time.Millisecond)
		body, err := json.Marshal(e.Body)
		if err != nil {
			return nil, fmt.Errorf("body: %w", err)
		}
		r := row{e.Seq, e.At.UnixMilli(), string(e.Day), e.Sale, e.Reference, string(e.Kind), body}
		p.chain = bytes.Clone(p.links.link(p.chain, r.seq, r.atMS, r.day, r.sale, r.reference, r.kind, string(r.body)))
		p.head = pos.Head{Seq: e.Seq, Chain: hex.EncodeToString(p.chain), At: e.At}
		if _, err := t.run(insertEntry, r.seq, r.atMS, r.day, r.sale, r.reference, r.kind, string(body), p.chain); err != nil {
			return nil, fmt.Errorf("entry %d: %w", e.Seq, err)
		}
		if err := p.project(t, e); err != nil {
			return nil, err
		}
		written[i] = e
	}
	return written, p.flush(t)
}

// project folds one entry into what this transaction will write.
func (p *projecting) project(t *transaction, e pos.Entry) error {
	if e.Body.Key != "" {
		if _, err := t.run(insertRequest, e.Body.Key, e.Seq); err != nil {
			return fmt.Errorf("idempotency key of entry %d: %w", e.Seq, err)
		}
	}
	switch e.Kind {
	case pos.GenerationStarted:
		return nil
	case pos.DayOpened:
		_, err := t.run(insertDay, e.Seq, string(e.Day), e.At.UnixMilli())
		return err
	case pos.DayClosed:
		b := e.Body
		n, err := t.run(closeDay, e.At.UnixMilli(), int64(b.Z), b.By, b.Note, b.Rows, b.Head)
		if err == nil && n != 1 {
			err = fmt.Errorf("entry %d closes %s, but no day is open", e.Seq, e.Day)
		}
		return err
	}
	f := p.sales[e.Sale]
	if f == nil {
		var err error
		if f, err = p.begin(t, e); err != nil {
			return fmt.Errorf("sale %s: %w", e.Sale, err)
		}
		p.sales[e.Sale] = f
	}
	if e.Kind == pos.AttemptHeld {
		f.hash[e.Reference] = e.Body.CodeHash
	}
	if e.Kind == pos.AttemptHeld || e.Kind == pos.RefundAsked {
		f.born[e.Reference] = e.Seq
	}
	if _, touched := f.day[e.Reference]; !touched {
		f.day[e.Reference] = e.Day // of its start, however many days this transaction spans
	}
	return f.sale.Apply(e)
}

// begin takes the sale of an entry in hand: as it was left in memory, as the entries before this one make it, or new.
func (p *projecting) begin(t *transaction, e pos.Entry) (*folding, error) {
	f := &folding{seq: e.Seq, hash: map[string]string{}, born: map[string]int64{}, day: map[string]pos.Date{}}
	if kept, ok := p.folds.get(e.Sale); ok {
		f.was = kept
	} else if e.Kind != pos.SaleOpened {
		var err error
		if f.was, err = p.before(t.ctx, e); err != nil {
			return nil, err
		}
	}
	f.sale = f.was
	f.sale.Attempts, f.sale.Refunds = slices.Clone(f.was.Attempts), slices.Clone(f.was.Refunds)
	return f, nil
}

// flush writes the sales that changed, and of those the attempts and refunds that did.
func (p *projecting) flush(t *transaction) error {
	for _, f := range p.sales {
		if err := f.flushSale(t); err != nil {
			return fmt.Errorf("project sale %s: %w", f.sale.ID, err)
		}
		for i := range f.sale.Attempts {
			if err := f.flushAttempt(t, i); err != nil {
				return fmt.Errorf("project attempt %s: %w", f.sale.Attempts[i].Reference, err)
			}
		}
		for i := range f.sale.Refunds {
			if err := f.flushRefund(t, i); err != nil {
				return fmt.Errorf("project refund %s: %w", f.sale.Refunds[i].Reference, err)
			}
		}
	}
	return nil
}

func (f *folding) flushSale(t *transaction) (err error) {
	x, was := &f.sale, &f.was
	status, open, pressing := x.Status(), x.Open(), x.Pressing()
	switch {
	case was.ID == "":
		_, err = t.run(insertSale, x.ID, f.seq, string(x.Day), status, x.Ticket, open, pressing)
	case open != was.Open():
		err = one(t.run(updateSaleOpen, status, pressing, open, x.ID))
	case pressing != was.Pressing():
		err = one(t.run(updateSaleUnfinished, status, pressing, x.ID))
	case status != was.Status():
		err = one(t.run(updateSaleStatus, status, x.ID))
	}
	return err
}

func (f *folding) flushAttempt(t *transaction, i int) (err error) {
	a := &f.sale.Attempts[i]
	day, touched := f.day[a.Reference]
	switch {
	case !touched:
	case f.born[a.Reference] > 0:
		_, err = t.run(insertAttempt, a.Reference, f.sale.ID, string(day), a.State.String(), a.Since.UnixMilli(),
			a.Amount.Minor, string(a.Amount.Currency), a.Theirs, f.hash[a.Reference])
	default:
		if was := &f.was.Attempts[i]; a.State != was.State || !a.Since.Equal(was.Since) || a.Theirs != was.Theirs {
			err = one(t.run(updateAttempt, a.State.String(), a.Since.UnixMilli(), a.Theirs, a.Reference))
		}
	}
	return err
}

func (f *folding) flushRefund(t *transaction, i int) (err error) {
	r := &f.sale.Refunds[i]
	day, touched := f.day[r.Reference]
	asked, born := f.born[r.Reference]
	switch {
	case !touched:
	case born:
		_, err = t.run(insertRefund, r.Reference, r.ID, f.sale.ID, string(day), r.State.String(), r.Since.UnixMilli(),
			r.Amount.Minor, string(r.Amount.Currency), r.Theirs, asked)
	default:
		if was := &f.was.Refunds[i]; r.State != was.State || !r.Since.Equal(was.Since) || r.Theirs != was.Theirs {
			err = one(t.run(updateRefund, r.State.String(), r.Since.UnixMilli(), r.Theirs, r.Reference))
		}
	}
	return err
}

// one insists that an update found its row: a projection that lacks it is damaged, and the journal must not go
// on beside it.
func one(changed int64, err error) error {
	if err == nil && changed != 1 {
		err = errors.New("its row is not there")
	}
	return err
}

// keep remembers the sales of a committed transaction.
func (p *projecting) keep() {
	for _, f := range p.sales {
		p.folds.put(f.sale)
	}
}

// mostFolds bounds what is kept in memory: the sale in hand, those that are being chased, and those of the refunds
// that go next.
const mostFolds = 128

// folds are sales as the last commit left them, so that the next entry of a sale in hand need not read it back.
type folds struct{ list map[string]pos.Sale }

func (k *folds) get(sale string) (pos.Sale, bool) {
	x, ok := k.list[sale]
	return x, ok
}

// put keeps a sale while something may still happen to it soon.
func (k *folds) put(x pos.Sale) {
	if !x.Open() && !x.Owing() {
		delete(k.list, x.ID)
		return
	}
	if _, known := k.list[x.ID]; !known && len(k.list) >= mostFolds {
		for id := range k.list { // any: a sale that is not kept is read
			delete(k.list, id)
			break
		}
	}
	if k.list == nil {
		k.list = map[string]pos.Sale{}
	}
	k.list[x.ID] = x
}

func (k *folds) clear() { k.list = nil }
