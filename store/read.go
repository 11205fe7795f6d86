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
	journalColumns = `seq, at_ms, day, sale, reference, kind, body, chain`

	selectSale = `
SELECT id, seq AS place
  FROM sale
 WHERE id = ?`

	selectSaleOf = `
SELECT id, seq AS place
  FROM sale
 WHERE id = (SELECT sale FROM attempt WHERE reference = ?1 UNION SELECT sale FROM refund WHERE reference = ?1 OR id = ?1)`

	selectIdle = `
SELECT id, seq AS place
  FROM sale
 WHERE open = 1
   AND unfinished = 0
   AND id NOT IN (SELECT sale FROM refund WHERE ` + unfinishedRefund + `)`

	selectUnfinished = selectPressing + `
 UNION
SELECT id, seq
  FROM sale
 WHERE id IN (SELECT sale FROM refund WHERE ` + unfinishedRefund + `)`

	selectOpen = `
SELECT id, -seq AS place
  FROM sale
 WHERE open = 1
 ORDER BY seq DESC
 LIMIT ?`

	selectSales = `
SELECT id, -seq AS place
  FROM sale
 WHERE (?1 = '' OR day = ?1)
   AND (?2 = '' OR status = ?2)
   AND (?3 = '' OR ticket = ?3)
   AND (?4 = '' OR id IN (SELECT sale FROM attempt WHERE reference = ?4 UNION SELECT sale FROM refund WHERE reference = ?4))
   AND (?5 = '' OR seq < (SELECT seq FROM sale WHERE id = ?5))
 ORDER BY seq DESC
 LIMIT ?6`

	// selectHistory reads every entry of the sales that are asked for, sale by sale.
	selectHistory = `
SELECT j.seq, j.at_ms, j.day, j.sale, j.reference, j.kind, j.body, j.chain
  FROM (%s) AS s
 CROSS JOIN journal AS j ON j.sale = s.id AND j.sale <> ''
 ORDER BY s.place, j.seq`

	selectEntries = `
SELECT ` + journalColumns + `
  FROM journal
 WHERE seq > ?
 ORDER BY seq
 LIMIT ?`

	selectDayEntries = `
SELECT ` + journalColumns + `
  FROM journal
 WHERE day = ?
 ORDER BY seq`

	selectSurprises = `
SELECT seq, at_ms, day, sale, reference, kind, body, chain
  FROM journal
 WHERE seq > (SELECT coalesce(max(seq), 0) - 10000 FROM journal)
   AND at_ms >= ?
   AND (kind IN ('attempt.odd', 'refund.odd') OR json_extract(body, '$.late') = 1 OR
        json_extract(body, '$.reason') IN ('amount_differs', 'reference_differs'))
 ORDER BY seq`

	selectSaleEntries = `
SELECT ` + journalColumns + `
  FROM journal
 WHERE sale = ? AND sale <> '' AND seq <= ?
 ORDER BY seq`

	selectRequest = `
SELECT j.seq, j.at_ms, j.day, j.sale, j.reference, j.kind, j.body, j.chain
  FROM request r
  JOIN journal j ON j.seq = r.seq
 WHERE r.key = ?`

	selectPaidSince = `
SELECT EXISTS (SELECT 1 FROM attempt WHERE state = 'approved' AND since_ms >= ? AND minor = ? AND currency = ?)`

	selectMade = `
SELECT count(*) FROM journal WHERE day = ? AND kind IN ('attempt.started', 'refund.requested')`

	selectDays = `
SELECT day, opened_ms, closed_ms, z, "by", note, rows, head
  FROM day
 WHERE ?1 = '' OR day = ?1
 ORDER BY opened_seq DESC
 LIMIT ?2`

	selectHead = `
SELECT seq, at_ms, chain
  FROM journal
 ORDER BY seq DESC
 LIMIT 1`
)

// maxPage bounds what one question may bring.
const maxPage = 200

// query asks the readers and hands each row to scan. What it reads is committed. Every question is bounded, so
// none is cut short: the driver would start goroutines to watch for it.
func (s *Store) query(ctx context.Context, scan func(*sql.Rows) error, text string, args ...any) error {
	if err := ctx.Err(); err != nil {
		return &pos.Error{Op: "store.read", Problem: pos.StorageFailed, Err: err}
	}
	ctx = context.WithoutCancel(ctx)
	s.mu.RLock()
	defer s.mu.RUnlock()
	if s.read == nil {
		return &pos.Error{Op: "store.read", Problem: pos.StorageFailed, Err: sql.ErrConnDone}
	}
	rows, err := s.read.QueryContext(ctx, text, args...)
	if err != nil {
		return &pos.Error{Op: "store.read", Problem: pos.StorageFailed, Err: err}
	}
	defer rows.Close()
	for rows.Next() {
		if err := scan(rows); err != nil {
			return err
		}
	}
	if err := rows.Err(); err != nil {
		return &pos.Error{Op: "store.read", Problem: pos.StorageFailed, Err: err}
	}
	return nil
}

// sales folds the sales that a statement selects, in the order of their places.
func (s *Store) sales(ctx context.Context, text string, args ...any) ([]pos.Sale, error) {
	var sales []pos.Sale
	err := s.query(ctx, func(rows *sql.Rows) error {
		e, err := scanEntry(rows)
		if err != nil {
			return err
		}
		if len(sales) == 0 || sales[len(sales)-1].ID != e.Sale {
			sales = append(sales, pos.Sale{})
		}
		return sales[len(sales)-1].Apply(e)
	}, fmt.Sprintf(selectHistory, text), args...)
	return sales, err
}

func (s *Store) one(ctx context.Context, what, text string, args ...any) (pos.Sale, error) {
	sales, err := s.sales(ctx, text, args...)
	switch {
	case err != nil:
		return pos.Sale{}, err
	case len(sales) == 0:
		return pos.Sale{}, pos.Refuse("store."+what, pos.NotFound, "%q", args[0])
	}
	return sales[0], nil
}

// Sale reads a sale; a pos.NotFound problem when there is none.
func (s *Store) Sale(ctx context.Context, id string) (pos.Sale, error) {
	return s.one(ctx, "sale", selectSale, id)
}

// Idle reads the open sales that nothing is unfinished on, oldest first.
func (s *Store) Idle(ctx context.Context) ([]pos.Sale, error) {
	return s.sales(ctx, selectIdle)
}

// SaleOf reads the sale of an attempt's or refund's reference, or of a refund's id.
func (s *Store) SaleOf(ctx context.Context, reference string) (pos.Sale, error) {
	return s.one(ctx, "sale_of", selectSaleOf, reference)
}

// Unfinished reads every sale that somebody still has to do something about, however many there are: an attempt or a
// refund is unfinished, or an orphan waits for a manager. Oldest first.
func (s *Store) Unfinished(ctx context.Context) ([]pos.Sale, error) {
	return s.sales(ctx, selectUnfinished)
}

// OpenSales reads the sales that are neither paid nor ended, newest first.
func (s *Store) OpenSales(ctx context.Context, limit int) ([]pos.Sale, error) {
	return s.sales(ctx, selectOpen, page(limit))
}

// Sales reads a page of sales, newest first; next is what to ask for after it, or empty.
func (s *Store) Sales(ctx context.Context, f pos.SaleFilter) (sales []pos.Sale, next string, err error) {
	limit := page(f.Limit)
	sales, err = s.sales(ctx, selectSales, f.Day, f.Status, f.Ticket, f.Reference, f.After, limit+1)
	if err == nil && len(sales) > limit {
		sales = sales[:limit]
		next = sales[limit-1].ID
	}
	return sales, next, err
}

func page(limit int) int {
	if limit <= 0 {
		return 50
	}
	return min(limit, maxPage)
}

func (s *Store) entries(ctx context.Context, text string, args ...any) ([]pos.Entry, error) {
	var entries []pos.Entry
	err := s.query(ctx, func(rows *sql.Rows) error {
		e, err := scanEntry(rows)
		entries = append(entries, e)
		return err
	}, text, args...)
	return entries, err
}

func scanEntry(rows *sql.Rows) (pos.Entry, error) {
	r, _, err := scanRow(rows)
	if err != nil {
		return pos.Entry{}, err
	}
	e := pos.Entry{Seq: r.seq, At: time.UnixMilli(r.atMS).UTC(), Day: pos.Date(r.day), Sale: r.sale, Reference: r.reference, Kind: pos.Kind(r.kind)}
	if err := json.Unmarshal(r.body, &e.Body); err != nil {
		return pos.Entry{}, fmt.Errorf("entry %d: %w", r.seq, err)
	}
	return e, nil
}

func scanRow(rows *sql.Rows) (r row, chain []byte, err error) {
	err = rows.Scan(&r.seq, &r.atMS, &r.day, &r.sale, &r.reference, &r.kind, &r.body, &chain)
	return r, chain, err
}

// Entries reads the journal in order, after a sequence number.
func (s *Store) Entries(ctx context.Context, after int64, limit int) ([]pos.Entry, error) {
	return s.entries(ctx, selectEntries, after, max(limit, 1))
}

// DayEntries reads all entries that count in a business day.
func (s *Store) DayEntries(ctx context.Context, day pos.Date) ([]pos.Entry, error) {
	return s.entries(ctx, selectDayEntries, day)
}

// Surprises reads the entries since an instant that changed what had ended, or fitted nothing; of the last ten
// thousand at most, so that a start does not read a whole file.
func (s *Store) Surprises(ctx context.Context, since time.Time) ([]pos.Entry, error) {
	return s.entries(ctx, selectSurprises, since.UnixMilli())
}

// AsOf folds the sale up to and with entry seq: what it was when that entry was written.
func (s *Store) AsOf(ctx context.Context, sale string, seq int64) (pos.Sale, error) {
	entries, err := s.entries(ctx, selectSaleEntries, sale, seq)
	if err != nil {
		return pos.Sale{}, err
	}
	var x pos.Sale
	for _, e := range entries {
		if err := x.Apply(e); err != nil {
			return pos.Sale{}, err
		}
	}
	if x.ID == "" {
		return pos.Sale{}, pos.Refuse("store.as_of", pos.NotFound, "%q", sale)
	}
	return x, nil
}

// Request finds the entry that first carried an idempotency key.
func (s *Store) Request(ctx context.Context, key string) (pos.Entry, bool, error) {
	entries, err := s.entries(ctx, selectRequest, key)
	if err != nil || len(entries) == 0 {
		return pos.Entry{}, false, err
	}
	return entries[0], true, nil
}

// CodeUsed reports whether a code with this keyed hash was ever part of an attempt that may have left.
//
// A shopper waits: it is asked of the connection that writes, which need not read again what it wrote itself.
func (s *Store) CodeUsed(_ context.Context, codeHash string) (used bool, err error) {
	s.mu.RLock()
	defer s.mu.RUnlock()
	s.turn.Lock()
	defer s.turn.Unlock()
	if err = s.doubt; err == nil {
		err = sql.ErrConnDone
		if s.write != nil {
			used, err = s.write.holds(context.Background(), codeUsed, codeHash)
		}
	}
	if err != nil {
		return false, &pos.Error{Op: "store.read", Problem: pos.StorageFailed, Err: err}
	}
	return used, nil
}

// PaidSince reports whether exactly this sum was approved at or after an instant.
func (s *Store) PaidSince(ctx context.Context, charged pos.Amount, since time.Time) (bool, error) {
	return scalar[bool](ctx, s, selectPaidSince, since.UnixMilli(), charged.Minor, charged.Currency)
}

// Attempts counts the references that were made on a day.
func (s *Store) Attempts(ctx context.Context, day pos.Date) (int, error) {
	return scalar[int](ctx, s, selectMade, day)
}

func scalar[T any](ctx context.Context, s *Store, text string, args ...any) (v T, err error) {
	err = s.query(ctx, func(rows *sql.Rows) error { return rows.Scan(&v) }, text, args...)
	return v, err
}

// Days reads the days, newest first.
func (s *Store) Days(ctx context.Context, limit int) ([]pos.Day, error) {
	return s.days(ctx, "", page(limit))
}

// Day reads the last day with that date; a pos.NotFound problem when there is none.
func (s *Store) Day(ctx context.Context, day pos.Date) (pos.Day, error) {
	days, err := s.days(ctx, day, 1)
	switch {
	case err != nil:
		return pos.Day{}, err
	case len(days) == 0:
		return pos.Day{}, pos.Refuse("store.day", pos.NotFound, "%q", day)
	}
	return days[0], nil
}

// OpenDay reads the day that is open; ok is false when none is.
func (s *Store) OpenDay(ctx context.Context) (day pos.Day, ok bool, err error) {
	days, err := s.days(ctx, "", 1)
	if err != nil || len(days) == 0 || days[0].Z > 0 {
		return pos.Day{}, false, err
	}
	return days[0], true, nil
}

func (s *Store) days(ctx context.Context, day pos.Date, limit int) ([]pos.Day, error) {
	var days []pos.Day
	err := s.query(ctx, func(rows *sql.Rows) error {
		var d pos.Day
		var opened, closed int64
		if err := rows.Scan(&d.Day, &opened, &closed, &d.Z, &d.By, &d.Note, &d.Rows, &d.Head); err != nil {
			return err
		}
		d.Opened = time.UnixMilli(opened).UTC()
		if closed > 0 {
			d.Closed = time.UnixMilli(closed).UTC()
		}
		days = append(days, d)
		return nil
	}, selectDays, day, limit)
	return days, err
}

// Head is where the journal ends.
func (s *Store) Head(context.Context) (pos.Head, error) {
	s.mu.RLock()
	defer s.mu.RUnlock()
	s.turn.Lock()
	defer s.turn.Unlock()
	return s.head, nil
}

func (s *Store) readHead(ctx context.Context) error {
	var atMS int64
	s.head, s.chain = pos.Head{}, nil
	switch err := s.write.QueryRowContext(ctx, selectHead).Scan(&s.head.Seq, &atMS, &s.chain); {
	case errors.Is(err, sql.ErrNoRows):
		return nil
	case err != nil:
		return fmt.Errorf("journal head: %w", err)
	}
	s.head.At, s.head.Chain = time.UnixMilli(atMS).UTC(), hex.EncodeToString(s.chain)
	return nil
}
