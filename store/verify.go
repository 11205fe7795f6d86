package store

import (
	"context"
	"crypto/hmac"
	"database/sql"
	"encoding/hex"
	"errors"
	"fmt"
	"io/fs"
	"os"

	"posd/pos"
)

// Verdict is what a journal's chain says about it.
type Verdict struct {
	Rows   int64  // rows that are whole, from the first on
	Head   string // hex of the chain at the last of them; compare it with the one on the last Z
	Whole  bool
	Broken int64  // the first row that does not fit
	Why    string // what is wrong with it
}

func (v *Verdict) breaks(why string) { v.Whole, v.Broken, v.Why = false, v.Rows+1, why }

const selectAll = `
SELECT seq, at_ms, day, sale, reference, kind, body, chain
  FROM journal
 ORDER BY seq`

// Verify walks the chain of a register file, live or a copy, without changing it, and holds it against what
// is known from outside: the anchors, and the mark that lies beside a register's own file.
func Verify(ctx context.Context, path string, key []byte, anchors ...Anchor) (Verdict, error) {
	if _, err := os.Stat(path); err != nil {
		return Verdict{}, fmt.Errorf("register file: %w", err)
	}
	outside, err := hear(path, anchors)
	if err != nil {
		return Verdict{}, err
	}
	db, err := sql.Open("sqlite3", dsn(path, "&mode=ro&_query_only=1"+immutable(path)))
	if err != nil {
		return Verdict{}, err
	}
	defer db.Close()
	rows, err := db.QueryContext(context.WithoutCancel(ctx), selectAll) // the driver would watch ctx with a goroutine a row
	if err != nil {
		return Verdict{}, fmt.Errorf("journal: %w", err)
	}
	defer rows.Close()
	v, links := Verdict{Whole: true}, newChaining(key)
	var head []byte
	for v.Whole && rows.Next() {
		if v.Rows%1000 == 0 && ctx.Err() != nil {
			return Verdict{}, ctx.Err()
		}
		chain, why := links.follows(head, v.Rows+1, rows)
		if why == "" {
			why = outside.at(v.Rows+1, chain)
		}
		if why != "" {
			v.breaks(why)
			break
		}
		head = append(head[:0], chain...)
		v.Rows++
	}
	v.Head = hex.EncodeToString(head)
	if err := rows.Err(); away(err) {
		return Verdict{}, fmt.Errorf("journal, after row %d: %w", v.Rows, err)
	} else if err != nil && v.Whole {
		v.breaks("cannot be read: " + err.Error())
	}
	if why := outside.after(); why != "" && v.Whole {
		v.breaks(why)
	}
	return v, nil
}

// follows reads a row, and says why it is not the one of that number after that link. A value of another type
// is another value, also where its bytes are the same: SQLite would no longer find it.
func (c *chaining) follows(before []byte, number int64, rows *sql.Rows) (chain []byte, why string) {
	var seq, atMS, day, sale, reference, kind, body, sum any // the driver's own values, not copied once more
	if err := rows.Scan(&seq, &atMS, &day, &sale, &reference, &kind, &body, &sum); err != nil {
		return nil, "cannot be read: " + err.Error()
	}
	if seq != number {
		return nil, fmt.Sprintf("is missing: the next row is %v", seq)
	}
	at, ok := atMS.(int64)
	chain, isBytes := sum.([]byte)
	ok = ok && isBytes
	var fields [5]string
	for i, field := range [...]any{day, sale, reference, kind, body} {
		text, isText := field.(string)
		fields[i], ok = text, ok && isText
	}
	if !ok || !hmac.Equal(chain, c.link(before, number, at, fields[:]...)) {
		return nil, "was changed, or the row before it, or the key is another one"
	}
	return chain, ""
}

// immutable lets a copy on read-only media open, and leaves no side files beside one that was closed:
// without a write-ahead log there is nothing else to read.
func immutable(path string) string {
	if _, err := os.Stat(path + "-wal"); errors.Is(err, fs.ErrNotExist) {
		return "&immutable=1"
	}
	return ""
}

// projections are the tables that are folded from the journal, dependents first.
var projections = []string{"request", "refund", "attempt", "sale", "day"}

// Rebuild drops every projection and folds the journal into them again, in one step.
func (s *Store) Rebuild(ctx context.Context) error {
	const batch = 1000
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.doubt != nil {
		return s.doubt
	}
	if s.write == nil {
		return fmt.Errorf("rebuild: %w", sql.ErrConnDone)
	}
	s.folds.clear()
	defer s.folds.clear()
	return s.write.transaction(ctx, func(t *transaction) error {
		for _, table := range projections {
			if err := t.exec("DELETE FROM " + table); err != nil {
				return fmt.Errorf("rebuild: %w", err)
			}
		}
		for after := int64(0); ; {
			entries, err := readEntries(ctx, s.read, after, batch) // nothing else writes meanwhile
			if err != nil || len(entries) == 0 {
				return err
			}
			p := &projecting{folds: &folds{}, before: s.before, sales: map[string]*folding{}}
			for _, e := range entries {
				if err := p.project(t, e); err != nil {
					return fmt.Errorf("rebuild: %w", err)
				}
			}
			if err := p.flush(t); err != nil {
				return fmt.Errorf("rebuild: %w", err)
			}
			after = entries[len(entries)-1].Seq
		}
	})
}

func readEntries(ctx context.Context, db *sql.DB, after int64, limit int) ([]pos.Entry, error) {
	rows, err := db.QueryContext(ctx, selectEntries, after, limit)
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	var entries []pos.Entry
	for rows.Next() {
		e, err := scanEntry(rows)
		if err != nil {
			return nil, err
		}
		entries = append(entries, e)
	}
	return entries, rows.Err()
}
