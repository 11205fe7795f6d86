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

const selectAll = `
SELECT seq, at_ms, day, sale, reference, kind, body, chain
  FROM journal
 ORDER BY seq`

// Verify walks the chain of a register file, live or a copy, without changing it. A journal that was cut
// short is whole as far as it goes: compare rows and head with those printed on a Z.
func Verify(ctx context.Context, path string, key []byte) (Verdict, error) {
	if _, err := os.Stat(path); err != nil {
		return Verdict{}, fmt.Errorf("register file: %w", err)
	}
	db, err := sql.Open("sqlite3", dsn(path, "&mode=ro&_query_only=1"+immutable(path)))
	if err != nil {
		return Verdict{}, err
	}
	defer db.Close()
	rows, err := db.QueryContext(ctx, selectAll)
	if err != nil {
		return Verdict{}, fmt.Errorf("journal: %w", err)
	}
	defer rows.Close()
	v := Verdict{Whole: true}
	var before []byte
	broken := func(seq int64, why string) Verdict {
		v.Whole, v.Broken, v.Why = false, seq, why
		return v
	}
	for rows.Next() {
		r, chain, err := scanRow(rows)
		switch {
		case err != nil:
			return broken(v.Rows+1, "cannot be read: "+err.Error()), nil
		case r.seq != v.Rows+1:
			return broken(v.Rows+1, fmt.Sprintf("is missing: the next row is %d", r.seq)), nil
		case !hmac.Equal(chain, link(key, before, r)):
			return broken(r.seq, "was changed, or the row before it, or the key is another one"), nil
		}
		before = chain
		v.Rows, v.Head = r.seq, hex.EncodeToString(chain)
	}
	if err := rows.Err(); err != nil {
		return broken(v.Rows+1, "cannot be read: "+err.Error()), nil
	}
	return v, nil
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
