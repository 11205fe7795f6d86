package store

import (
	"context"

	"posd/pos"
)

// Append writes all entries and what they change in the projections in one durable step, or nothing.
// It gives each entry its sequence number. An error from the commit itself is ErrDoubt: it may have
// happened, and every later Append fails until Reopen.
func (s *Store) Append(_ context.Context, entries ...pos.Entry) ([]pos.Entry, error) {
	written, head, err := s.append(entries)
	if err == nil && s.o.Committed != nil {
		s.o.Committed(head)
	}
	return written, err
}

func (s *Store) append(entries []pos.Entry) (written []pos.Entry, head int64, err error) {
	s.mu.RLock()
	defer s.mu.RUnlock()
	s.turn.Lock()
	defer s.turn.Unlock()
	p := &projecting{links: s.links, head: s.head, chain: s.chain, folds: &s.folds, before: s.before, sales: map[string]*folding{}}
	err = s.commit(func(t *transaction) error {
		written, err = p.entries(t, entries)
		return err
	})
	if err != nil {
		return nil, 0, err
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

// before folds the sale of an entry from the entries in front of it.
func (s *Store) before(ctx context.Context, e pos.Entry) (x pos.Sale, err error) {
	rows, err := s.read.QueryContext(ctx, selectSaleEntries, e.Sale, e.Seq-1)
	if err != nil {
		return pos.Sale{}, err
	}
	defer rows.Close()
	for rows.Next() {
		was, err := scanEntry(rows)
		if err == nil {
			err = x.Apply(was)
		}
		if err != nil {
			return pos.Sale{}, err
		}
	}
	return x, rows.Err()
}
