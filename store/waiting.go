package store

import (
	"context"
	"database/sql"
	"encoding/json"
	"fmt"
	"os"
	"slices"
	"time"

	"posd/pos"
)

// unfinishedRefund is the condition of the index of refunds that have not ended, word for word: SQLite does not take
// the index otherwise.
const unfinishedRefund = `(state = 'owed' OR state = 'sent' OR state = 'processing' OR state = 'doubtful')`

const (
	selectPressing = `
SELECT id, seq AS place
  FROM sale
 WHERE unfinished = 1`

	selectWaiting = `
SELECT count(*), coalesce(min(since_ms), 0)
  FROM (SELECT since_ms FROM attempt WHERE state = 'held' OR state = 'sent' OR state = 'awaiting' OR
                                             state = 'doubtful' OR state = 'cancelling' OR state = 'voiding'
        UNION ALL
        SELECT since_ms FROM refund WHERE ` + unfinishedRefund + `)`

	selectOwed = `
SELECT seq, reference, sale
  FROM refund
 WHERE ` + unfinishedRefund + `
   AND seq > ?
   AND state = 'owed'
 ORDER BY seq
 LIMIT ?`

	selectLeft = `
SELECT seq, reference, sale
  FROM refund
 WHERE ` + unfinishedRefund + `
   AND seq > ?
   AND state <> 'owed'
 ORDER BY seq
 LIMIT ?`

	// selectThese are sales by a list of their ids.
	selectThese = `
SELECT id, seq AS place
  FROM sale
 WHERE id IN (SELECT value FROM json_each(?))`

	selectBacklog = `
SELECT currency, sum(state = 'owed'), sum(state <> 'owed'), sum(minor)
  FROM refund
 WHERE ` + unfinishedRefund + `
 GROUP BY currency`

	// selectOwedNames takes the word of a refund's last event from the journal: it may have been sent and come back.
	selectOwedNames = `
SELECT r.id, r.sale, s.ticket, r.minor, r.currency, j.at_ms,
       coalesce((SELECT json_extract(e.body, '$.reason')
                   FROM journal AS e
                  WHERE e.sale = r.sale AND e.sale <> '' AND e.reference = r.reference AND e.kind NOT IN ('refund.requested', 'refund.odd')
                  ORDER BY e.seq DESC
                  LIMIT 1), '')
  FROM refund AS r
  JOIN sale AS s ON s.id = r.sale
  JOIN journal AS j ON j.seq = r.seq
 WHERE ` + unfinishedRefund + `
   AND r.seq > ?
   AND r.state = 'owed'
 ORDER BY r.seq`
)

// Pressing reads the sales that must be known before another one is taken: an attempt is unfinished, or an orphan
// waits for a manager. Oldest first.
func (s *Store) Pressing(ctx context.Context) ([]pos.Sale, error) {
	return s.sales(ctx, selectPressing)
}

// Refunds reads refunds that have not ended, in the order they were asked for, after a place in it: those that have
// not left, or those that may have. Something is about to happen to them: their sales are not read again for it. One that
// is listed with a sale that knows none of it comes without a sale: the lists differ from the journal.
func (s *Store) Refunds(ctx context.Context, left bool, after int64, limit int) ([]pos.Waiting, error) {
	text := selectOwed
	if left {
		text = selectLeft
	}
	var list []pos.Waiting
	var ids []string
	err := s.query(ctx, func(rows *sql.Rows) error {
		var w pos.Waiting
		if err := rows.Scan(&w.Seq, &w.Reference, &w.Sale.ID); err != nil {
			return err
		}
		list, ids = append(list, w), append(ids, w.Sale.ID)
		return nil
	}, text, after, page(limit))
	if err != nil || len(list) == 0 {
		return nil, err
	}
	these, err := json.Marshal(ids)
	if err != nil {
		return nil, err
	}
	head, err := s.Head(ctx)
	if err != nil {
		return nil, err
	}
	sales, err := s.sales(ctx, selectThese, string(these))
	if err != nil {
		return nil, err
	}
	s.expect(sales, head.Seq)
	byID := make(map[string]pos.Sale, len(sales))
	for _, x := range sales {
		byID[x.ID] = x
	}
	for i := range list {
		w := &list[i]
		if w.Sale = byID[w.Sale.ID]; w.Sale.Refund(w.Reference) == nil {
			s.o.Log.ErrorContext(ctx, "refund", "ref", w.Reference, "err", ErrDiffers)
			w.Sale = pos.Sale{}
		}
	}
	return list, nil
}

// expect keeps sales for the next append, unless the journal has grown since they were read.
func (s *Store) expect(sales []pos.Sale, seq int64) {
	s.mu.RLock()
	defer s.mu.RUnlock()
	s.turn.Lock()
	defer s.turn.Unlock()
	if s.write == nil || s.doubt != nil || s.head.Seq != seq {
		return
	}
	for _, x := range sales {
		x.Attempts, x.Refunds = slices.Clone(x.Attempts), slices.Clone(x.Refunds) // the caller's may change
		s.folds.put(x)
	}
}

// Backlog counts the refunds that have not ended.
func (s *Store) Backlog(ctx context.Context) (pos.Backlog, error) {
	b := pos.Backlog{Sums: map[pos.Currency]int64{}}
	err := s.query(ctx, func(rows *sql.Rows) error {
		var currency pos.Currency
		var owed, left int
		var sum int64
		if err := rows.Scan(&currency, &owed, &left, &sum); err != nil {
			return err
		}
		b.Owed, b.Left, b.Sums[currency] = b.Owed+owed, b.Left+left, sum
		return nil
	}, selectBacklog)
	return b, err
}

// Owed names every refund that has not left, in the order they were asked for, after a place in it. It folds none.
func (s *Store) Owed(ctx context.Context, after int64) ([]pos.Carried, error) {
	var list []pos.Carried
	err := s.query(ctx, func(rows *sql.Rows) error {
		c := pos.Carried{Refund: true, State: pos.RefundOwed.Word(), Who: pos.RefundOwed.Whose()}
		var asked int64
		if err := rows.Scan(&c.ID, &c.Sale, &c.Ticket, &c.Amount, &c.Currency, &asked, &c.Why); err != nil {
			return err
		}
		c.Since = time.UnixMilli(asked).UTC()
		list = append(list, c)
		return nil
	}, selectOwedNames, after)
	return list, err
}

// Waiting counts the payments and refunds of a register file, live or a copy, that have not ended, and says since
// when the oldest waits. It changes nothing.
func Waiting(ctx context.Context, path string) (n int, oldest time.Time, err error) {
	if _, err := os.Stat(path); err != nil {
		return 0, time.Time{}, fmt.Errorf("register file: %w", err)
	}
	db, err := sql.Open("sqlite3", dsn(path, "&mode=ro&_query_only=1"+immutable(path)))
	if err != nil {
		return 0, time.Time{}, err
	}
	defer db.Close()
	var ms int64
	if err := db.QueryRowContext(ctx, selectWaiting).Scan(&n, &ms); err != nil {
		return 0, time.Time{}, fmt.Errorf("waiting: %w", err)
	}
	if ms > 0 {
		oldest = time.UnixMilli(ms).UTC()
	}
	return n, oldest, nil
}
