package store

import (
	"context"
	"database/sql"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"posd/pos"
)

const (
	insertEntry = `
INSERT INTO journal (seq, at_ms, day, sale, reference, kind, body, chain)
VALUES (?, ?, ?, ?, ?, ?, ?, ?)`

	insertRequest = `
INSERT INTO request (key, seq)
VALUES (?, ?)`

	selectFold = `
SELECT fold, seq
  FROM sale
 WHERE id = ?`

	upsertSale = `
INSERT INTO sale (id, seq, day, status, ticket, open, unfinished, fold)
VALUES (?, ?, ?, ?, ?, ?, ?, ?)
    ON CONFLICT (id) DO UPDATE
   SET status = excluded.status, open = excluded.open, unfinished = excluded.unfinished, fold = excluded.fold`

	insertAttempt = `
INSERT INTO attempt (reference, sale, day, state, since_ms, minor, currency, theirs, code_hash)
VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)`

	updateAttempt = `
UPDATE attempt
   SET state = ?, since_ms = ?, theirs = ?
 WHERE reference = ?`

	insertRefund = `
INSERT INTO refund (reference, id, sale, day, state, since_ms, minor, currency, theirs)
VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)`

	updateRefund = `
UPDATE refund
   SET state = ?, since_ms = ?, theirs = ?
 WHERE reference = ?`

	insertDay = `
INSERT INTO day (opened_seq, day, opened_ms, closed_ms, z, "by", note, rows, head)
VALUES (?, ?, ?, 0, 0, '', '', 0, '')`

	closeDay = `
UPDATE day
   SET closed_ms = ?, z = ?, "by" = ?, note = ?, rows = ?, head = ?
 WHERE z = 0`
)

// statements are prepared once: parsing SQL costs more than the write.
type statements struct {
	entry, request, fold, sale, newAttempt, attempt, newRefund, refund, openDay, closeDay *sql.Stmt
}

func (p *statements) prepare(ctx context.Context, db *sql.DB) error {
	for stmt, text := range map[**sql.Stmt]string{&p.entry: insertEntry, &p.request: insertRequest, &p.fold: selectFold, &p.sale: upsertSale,
		&p.newAttempt: insertAttempt, &p.attempt: updateAttempt, &p.newRefund: insertRefund, &p.refund: updateRefund, &p.openDay: insertDay, &p.closeDay: closeDay} {
		var err error
		if *stmt, err = db.PrepareContext(ctx, text); err != nil {
			return fmt.Errorf("prepare: %w", err)
		}
	}
	return nil
}

func (p *statements) close() error {
	var err error
	for _, stmt := range []*sql.Stmt{p.entry, p.request, p.fold, p.sale, p.newAttempt, p.attempt, p.newRefund, p.refund, p.openDay, p.closeDay} {
		if stmt != nil {
			err = errors.Join(err, stmt.Close())
		}
	}
	*p = statements{}
	return err
}

// Append writes all entries and what they change in the projections in one durable step, or nothing.
// It gives each entry its sequence number. An error from the commit itself is ErrDoubt: it may have
// happened, and every later Append fails until Reopen.
func (s *Store) Append(_ context.Context, entries ...pos.Entry) ([]pos.Entry, error) {
	// No cancelable context inside: the driver would start a goroutine a statement to watch it.
	ctx := context.Background()
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.doubt != nil {
		return nil, s.doubt
	}
	if s.write == nil {
		return nil, fmt.Errorf("append: %w", sql.ErrConnDone)
	}
	tx, err := s.write.BeginTx(ctx, nil)
	if err != nil {
		return nil, s.fail("begin", err)
	}
	w := &writing{s: s, tx: tx, head: s.head, chain: s.chain, sales: map[string]*folding{}}
	written, err := w.entries(ctx, entries)
	if err != nil {
		return nil, s.fail("append", errors.Join(err, tx.Rollback()))
	}
	if err := tx.Commit(); err != nil {
		return nil, s.fail("commit", err)
	}
	s.head, s.chain = w.head, w.chain
	for _, e := range written {
		if e.Kind != pos.DayClosed {
			continue
		}
		if err := s.writeMark(e.Body.Z); err != nil { // the day is closed all the same
			s.o.Log.Warn("mark", "err", err)
		}
	}
	if s.o.Committed != nil {
		s.o.Committed(s.head.Seq)
	}
	return written, nil
}

// fail closes the store for writing: the file, not we, knows what is in it now.
func (s *Store) fail(what string, err error) error {
	s.doubt = fmt.Errorf("%s: %w: %w", what, ErrDoubt, err)
	return s.doubt
}

// writing is one transaction in the making.
type writing struct {
	s     *Store
	tx    *sql.Tx
	head  pos.Head
	chain []byte
	sales map[string]*folding
}

type folding struct {
	sale pos.Sale
	seq  int64             // of its opening
	hash map[string]string // code hashes of attempts that begin here, by reference
	born map[string]bool   // attempts and refunds that begin here: a reference is inserted once for ever
	day  map[string]pos.Date
}

func (w *writing) entries(ctx context.Context, entries []pos.Entry) ([]pos.Entry, error) {
	written := make([]pos.Entry, len(entries))
	for i, e := range entries {
		e.Seq, e.At = w.head.Seq+1, e.At.UTC().Truncate(time.Millisecond)
		body, err := json.Marshal(e.Body)
		if err != nil {
			return nil, fmt.Errorf("body: %w", err)
		}
		r := row{e.Seq, e.At.UnixMilli(), string(e.Day), e.Sale, e.Reference, string(e.Kind), body}
		w.chain = link(w.s.o.Key, w.chain, r)
		w.head = pos.Head{Seq: e.Seq, Chain: hex.EncodeToString(w.chain), At: e.At}
		if _, err := w.tx.StmtContext(ctx, w.s.stmts.entry).ExecContext(ctx, r.seq, r.atMS, r.day, r.sale, r.reference, r.kind, string(body), w.chain); err != nil {
			return nil, fmt.Errorf("entry %d: %w", e.Seq, err)
		}
		if err := w.project(ctx, e); err != nil {
			return nil, err
		}
		written[i] = e
	}
	return written, w.flush(ctx)
}

// project folds one entry into what this transaction will write.
func (w *writing) project(ctx context.Context, e pos.Entry) error {
	if e.Body.Key != "" {
		if _, err := w.tx.StmtContext(ctx, w.s.stmts.request).ExecContext(ctx, e.Body.Key, e.Seq); err != nil {
			return fmt.Errorf("idempotency key of entry %d: %w", e.Seq, err)
		}
	}
	switch e.Kind {
	case pos.GenerationStarted:
		return nil
	case pos.DayOpened:
		_, err := w.tx.StmtContext(ctx, w.s.stmts.openDay).ExecContext(ctx, e.Seq, e.Day, e.At.UnixMilli())
		return err
	case pos.DayClosed:
		b := e.Body
		done, err := w.tx.StmtContext(ctx, w.s.stmts.closeDay).ExecContext(ctx, e.At.UnixMilli(), b.Z, b.By, b.Note, b.Rows, b.Head)
		if err != nil {
			return err
		}
		if n, err := done.RowsAffected(); err != nil || n != 1 {
			return errors.Join(err, fmt.Errorf("entry %d closes %s, but no day is open", e.Seq, e.Day))
		}
		return nil
	}
	f := w.sales[e.Sale]
	if f == nil {
		f = &folding{seq: e.Seq, hash: map[string]string{}, born: map[string]bool{}, day: map[string]pos.Date{}}
		var fold []byte
		switch err := w.tx.StmtContext(ctx, w.s.stmts.fold).QueryRowContext(ctx, e.Sale).Scan(&fold, &f.seq); {
		case errors.Is(err, sql.ErrNoRows):
		case err != nil:
			return fmt.Errorf("sale %s: %w", e.Sale, err)
		default:
			if err := json.Unmarshal(fold, &f.sale); err != nil {
				return fmt.Errorf("sale %s: %w", e.Sale, err)
			}
		}
		w.sales[e.Sale] = f
	}
	if e.Kind == pos.AttemptHeld {
		f.hash[e.Reference] = e.Body.CodeHash
	}
	if e.Kind == pos.AttemptHeld || e.Kind == pos.RefundAsked {
		f.born[e.Reference] = true
	}
	if _, touched := f.day[e.Reference]; !touched {
		f.day[e.Reference] = e.Day // of its start, however many days this transaction spans
	}
	return f.sale.Apply(e)
}

// flush writes the sales that changed, and of those the attempts and refunds that did.
func (w *writing) flush(ctx context.Context) error {
	for _, f := range w.sales {
		fold, err := json.Marshal(f.sale)
		if err != nil {
			return err
		}
		x := f.sale
		if _, err := w.tx.StmtContext(ctx, w.s.stmts.sale).ExecContext(ctx, x.ID, f.seq, x.Day, x.Status(), x.Ticket, x.Open(), unfinished(&x), string(fold)); err != nil {
			return fmt.Errorf("project sale %s: %w", x.ID, err)
		}
		for _, a := range x.Attempts {
			day, touched := f.day[a.Reference]
			if !touched {
				continue
			}
			if f.born[a.Reference] {
				_, err = w.tx.StmtContext(ctx, w.s.stmts.newAttempt).ExecContext(ctx, a.Reference, x.ID, day, a.State.String(), a.Since.UnixMilli(),
					a.Amount.Minor, a.Amount.Currency, a.Theirs, f.hash[a.Reference])
			} else {
				_, err = w.tx.StmtContext(ctx, w.s.stmts.attempt).ExecContext(ctx, a.State.String(), a.Since.UnixMilli(), a.Theirs, a.Reference)
			}
			if err != nil {
				return fmt.Errorf("project attempt %s: %w", a.Reference, err)
			}
		}
		for _, r := range x.Refunds {
			day, touched := f.day[r.Reference]
			if !touched {
				continue
			}
			if f.born[r.Reference] {
				_, err = w.tx.StmtContext(ctx, w.s.stmts.newRefund).ExecContext(ctx, r.Reference, r.ID, x.ID, day, r.State.String(), r.Since.UnixMilli(),
					r.Amount.Minor, r.Amount.Currency, r.Theirs)
			} else {
				_, err = w.tx.StmtContext(ctx, w.s.stmts.refund).ExecContext(ctx, r.State.String(), r.Since.UnixMilli(), r.Theirs, r.Reference)
			}
			if err != nil {
				return fmt.Errorf("project refund %s: %w", r.Reference, err)
			}
		}
	}
	return nil
}

func unfinished(s *pos.Sale) bool {
	for _, r := range s.Refunds {
		if !r.State.Final() {
			return true
		}
	}
	return s.InFlight()
}
