package store

import (
	"context"
	"crypto/sha256"
	"database/sql"
	"fmt"
	"time"

	"posd/pos"
)

// Begin remembers that a slip is about to be printed, and reports whether it was begun before. It fails as Append does.
func (s *Store) Begin(_ context.Context, slip pos.Slip, at time.Time) (again bool, err error) {
	s.mu.RLock()
	defer s.mu.RUnlock()
	s.turn.Lock()
	defer s.turn.Unlock()
	sum := sha256.Sum256(slip.Said())
	err = s.commit(func(t *transaction) error {
		added, err := t.run(insertSlip, string(slip.Kind), slip.About, sum[:], at.UnixMilli())
		again = added == 0
		return err
	})
	return again, err
}

// commit runs a step, and doubts the file when that fails. The caller has the turn.
func (s *Store) commit(do func(*transaction) error) error {
	if s.doubt != nil {
		return s.doubt
	}
	if s.write == nil {
		return fmt.Errorf("commit: %w", sql.ErrConnDone)
	}
	// Nobody's patience ends a write in the middle.
	if err := s.write.transaction(context.Background(), do); err != nil {
		s.folds.clear()
		s.doubt = fmt.Errorf("%w: %w", err, ErrDoubt) // the file, not we, knows what is in it now
		return s.doubt
	}
	return nil
}
