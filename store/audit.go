package store

import (
	"context"
	"database/sql"
	"database/sql/driver"
	"errors"
	"fmt"
	"strings"

	"github.com/mattn/go-sqlite3"

	"posd/pos"
)

// ErrDiffers says that the lists of a register are not what its journal adds up to. The journal is whole.
var ErrDiffers = errors.New("the register's lists differ from its journal")

// auditedSales is how many sales an audit folds again, the newest; of older ones the journal alone counts.
const auditedSales = 20_000

// Audit reads the whole file, the log with it, while the register goes on: its pages and indexes, every row of the
// chain, and whether the projections are what the journal adds up to.
func (s *Store) Audit(ctx context.Context) error {
	db, err := sql.Open("sqlite3", dsn(s.o.Path, "&mode=ro&_query_only=1"))
	if err != nil {
		return err
	}
	defer db.Close()
	db.SetMaxOpenConns(1)
	var word string
	if err := db.QueryRowContext(ctx, "PRAGMA integrity_check(1)").Scan(&word); err != nil {
		return s.damaged(err)
	}
	if word != "ok" {
		return s.damaged(errors.New(word))
	}
	v, err := Verify(ctx, s.o.Path, s.o.Key)
	if err == nil && !v.Whole {
		err = fmt.Errorf("row %d %s", v.Broken, v.Why)
	}
	if err != nil {
		return s.damaged(err)
	}
	var lite sqlite3.Error
	err = s.addsUp(ctx, db)
	if err == nil || errors.As(err, &lite) || ctx.Err() != nil {
		return s.damaged(err)
	}
	return fmt.Errorf("%w: %s: %w", ErrDiffers, s.o.Path, err)
}

const (
	selectOpened = `
SELECT id, seq AS place
  FROM sale
 WHERE seq < ?
 ORDER BY seq DESC
 LIMIT 200`

	selectDayMarks = `
SELECT ` + journalColumns + `
  FROM journal
 WHERE sale = '' AND kind IN ('day.opened', 'day.closed')
 ORDER BY seq`
)

// standing reads the row that a statement would write, by the first values of it.
var standing = map[statement]string{
	insertRequest: "SELECT key, seq FROM request WHERE key = ?",
	insertSale:    "SELECT id, seq, day, status, ticket, open, unfinished FROM sale WHERE id = ?",
	insertAttempt: "SELECT reference, sale, day, state, since_ms, minor, currency, theirs, code_hash FROM attempt WHERE reference = ?",
	insertRefund:  "SELECT reference, id, sale, day, state, since_ms, minor, currency, theirs, seq FROM refund WHERE reference = ?",
	insertDay:     "SELECT opened_seq, day, opened_ms FROM day WHERE opened_seq = ?",
	closeDay:      `SELECT closed_ms, z, "by", note, rows, head FROM day WHERE closed_ms = ? AND z = ?`,
}

// addsUp folds the journal again and holds each row that it would write against the one that stands there.
func (s *Store) addsUp(ctx context.Context, db *sql.DB) error {
	if _, _, err := foldsTo(ctx, db, selectDayMarks); err != nil {
		return err
	}
	sales, first := fmt.Sprintf(selectHistory, selectOpened), int64(1)<<62
	for done := 0; done < auditedSales; {
		n, from, err := foldsTo(ctx, db, sales, first)
		if err != nil || n == 0 {
			return err
		}
		done, first = done+n, from
	}
	return nil
}

// foldsTo folds what a statement selects of the journal, as of one instant. It says how many sales that were, and where
// the first was opened.
func foldsTo(ctx context.Context, db *sql.DB, text string, args ...any) (sales int, first int64, err error) {
	tx, err := db.BeginTx(ctx, &sql.TxOptions{ReadOnly: true})
	if err != nil {
		return 0, 0, err
	}
	defer func() {
		if end := tx.Rollback(); !errors.Is(end, sql.ErrTxDone) { // whoever stopped us has ended it
			err = errors.Join(err, end)
		}
	}()
	rows, err := tx.QueryContext(ctx, text, args...)
	if err != nil {
		return 0, 0, err
	}
	var entries []pos.Entry
	for rows.Next() {
		e, err := scanEntry(rows)
		if err != nil {
			return 0, 0, errors.Join(err, rows.Close())
		}
		entries = append(entries, e)
	}
	if err := errors.Join(rows.Err(), rows.Close()); err != nil || len(entries) == 0 {
		return 0, 0, err
	}
	p := &projecting{folds: &folds{}, sales: map[string]*folding{}}
	p.before = func(_ context.Context, e pos.Entry) (pos.Sale, error) {
		return pos.Sale{}, fmt.Errorf("row %d is of no sale that was opened", e.Seq)
	}
	t := &transaction{ctx: ctx, dry: func(s statement, args []driver.Value) error { return stands(ctx, tx, s, args) }}
	for _, e := range entries {
		if err := p.project(t, e); err != nil {
			return 0, 0, err
		}
	}
	return len(p.sales), entries[0].Seq, p.flush(t)
}

// stands compares the row that would be written with the one that is there.
func stands(ctx context.Context, tx *sql.Tx, s statement, want []driver.Value) error {
	text := standing[s]
	keys := make([]any, strings.Count(text, "?"))
	for i := range keys {
		keys[i] = want[i]
	}
	got, into := make([]any, strings.Count(text, ",")+1), []any{}
	for i := range got {
		into = append(into, &got[i])
	}
	if err := tx.QueryRowContext(ctx, text, keys...).Scan(into...); err != nil {
		return fmt.Errorf("%v is not listed: %w", keys, err)
	}
	for i := range got {
		if is, ought := fmt.Sprint(got[i]), plain(want[i]); is != ought && (s != insertSale || i < 6 || is != "1") { // an upgrade marks as unfinished what only may be
			return fmt.Errorf("%v is listed with %q, and its journal says %q", keys, is, ought)
		}
	}
	return nil
}

// plain is a value as SQLite gives it back.
func plain(v driver.Value) string {
	if truth, ok := v.(bool); ok {
		if truth {
			return "1"
		}
		return "0"
	}
	return fmt.Sprint(v)
}
