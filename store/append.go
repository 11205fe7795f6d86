package store

import (
	"context"
	"database/sql"
	"fmt"

	"posd/pos"
)

// Append writes all entries and what they change in the projections in one durable step, or nothing.
// It gives each entry its sequence number. An error from the commit itself is ErrDoubt: it may have
// happened, and every later Append fails until Reopen.
func (s *Store) Append(_ context.Context, entries ...pos.Entry) ([]pos.Entry, error) {
	// Nobody's patience ends a write in the middle.
	written, head, err := s.append(context.Background(), entries)
	if err == nil && s.o.Committed != nil {
		s.o.Committed(head)
	}
	return written, err
}

func (s *Store) append(ctx context.Context, entries []pos.Entry) (written []pos.Entry, head int64, err error) {
	s.mu.RLock()
	defer s.mu.RUnlock()
	s.turn.Lock()
	defer s.turn.Unlock()
	if s.doubt != nil {
		return nil, 0, s.doubt
	}
	if s.write == nil {
		return nil, 0, fmt.Errorf("append: %w", sql.ErrConnDone)
	}
	p := &projecting{links: s.links, head: s.head, chain: s.chain, folds: &s.folds, before: s.before, sales: map[string]*folding{}}
	err = s.write.transaction(ctx, func(t *transaction) error {
		written, err = p.entries(t, entries)
		return err
	})
	if err != nil {
		s.folds.clear()
		s.doubt = fmt.Errorf("%w: %w", err, ErrDoubt) // the file, not we, knows what is in it now
		return nil, 0, s.doubt
	}
	s.head, s.chain = p.head, p.chain
	p.keep()
	for _, e := range written {
		if e.Kind != pos.DayClosed {
			continue
		}
		if err := s.writeMark(e.Body.Z); err != nil { // the day is closed all the same
			s.o.Log.Warn("mark", "err", err)
		}
	}
	return written, s.head.Seq, nil
}

// before folds the sale of an entry from the entries in front of it, and tells where it was opened.
func (s *Store) before(ctx context.Context, e pos.Entry) (x pos.Sale, opened int64, err error) {
	rows, err := s.read.QueryContext(ctx, selectSaleEntries, e.Sale, e.Seq-1)
	if err != nil {
		return pos.Sale{}, 0, err
	}
	defer rows.Close()
	for rows.Next() {
		was, err := scanEntry(rows)
		if err == nil {
			err = x.Apply(was)
		}
		if err != nil {
			return pos.Sale{}, 0, err
		}
		if was.Kind == pos.SaleOpened {
			opened = was.Seq
		}
	}
	return x, opened, rows.Err()
}
