package store

import (
	"cmp"
	"context"
	"database/sql"
	"encoding/binary"
	"encoding/hex"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"syscall"

	"github.com/mattn/go-sqlite3"

	"posd/pos"
)

// ErrDamaged says that the register file, or what lies beside it, is not what this machine wrote.
var ErrDamaged = errors.New("the register file is damaged")

// lastRows is how many rows at the end of the journal a start holds against the chain, and all since the mark if they
// are not more than mostLast. The audit reads the others.
const lastRows, mostLast = 64, 10_000

// inspect looks at the file before anything is opened for writing: whoever opens a damaged file, or one with another's
// log, carries the log into it, and what might have been saved is gone.
func (s *Store) inspect(ctx context.Context) error {
	m, known, err := s.readMark()
	if err != nil && !s.adopting { // whoever adopts a file gives it another mark
		return s.damaged(err)
	}
	info, err := os.Stat(s.o.Path)
	if errors.Is(err, fs.ErrNotExist) || err == nil && info.Size() == 0 {
		logged, statErr := os.Stat(s.o.Path + "-wal")
		switch {
		case known && m.Seq > 0 && !s.adopting:
			return fmt.Errorf("%w: %s is empty or not there, and this machine has written row %d", ErrRestored, s.o.Path, m.Seq)
		case statErr == nil && logged.Size() > 0:
			return s.damaged(errors.New("it is empty or not there, and its log is not"))
		}
		return nil
	}
	if err != nil {
		return fmt.Errorf("register file: %w", err)
	}
	if err := errors.Join(soundLog(s.o.Path+"-wal"), s.rollBack(ctx), wholePages(s.o.Path)); err != nil {
		return s.damaged(err)
	}
	db, err := sql.Open("sqlite3", dsn(s.o.Path, "&mode=ro&_query_only=1"+immutable(s.o.Path)))
	if err != nil {
		return err
	}
	defer db.Close()
	db.SetMaxOpenConns(1)
	var version int64
	switch err := db.QueryRowContext(ctx, selectBegun).Scan(&version); {
	case err != nil:
		return s.damaged(err)
	case version == 0 && m.Seq == 0:
		return nil // a first start that was cut
	}
	if err := db.QueryRowContext(ctx, selectVersion).Scan(&version); err != nil {
		return s.damaged(err)
	}
	if ours := newest(); version > ours {
		return fmt.Errorf("%w (the schema of %s is %d, ours %d): install that version again", ErrNewerSchema, s.o.Path, version, ours)
	}
	head, err := s.lastSound(ctx, db, m)
	if err != nil || s.adopting {
		return err
	}
	return s.original(ctx, db, head, version)
}

// wholePages finds a file that ends in the middle of a page. SQLite takes what is missing for zeros. With a log beside it
// the power may have gone while the file grew, and the log brings the rest.
func wholePages(path string) error {
	if logged, err := os.Stat(path + "-wal"); err == nil && logged.Size() > logHead {
		return nil
	}
	f, err := os.Open(path)
	if err != nil {
		return err
	}
	defer f.Close()
	info, err := f.Stat()
	if err != nil {
		return err
	}
	var head [18]byte // the size of a page is its last two bytes; 1 stands for 65536 (file format, section 1.3)
	if _, err := f.ReadAt(head[:], 0); err != nil {
		return nil // shorter than any database: SQLite says so
	}
	size := int64(binary.BigEndian.Uint16(head[16:]))
	if size == 1 {
		size = 1 << 16
	}
	if size > 0 && info.Size()%size != 0 {
		return errors.New("it ends in the middle of a page")
	}
	return nil
}

// rollBack lets SQLite undo what a first start that was cut, or an adoption, left half done: from then on there is a log,
// and no rollback journal.
func (s *Store) rollBack(ctx context.Context) error {
	if _, err := os.Stat(s.o.Path + "-journal"); errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	db, err := sql.Open(cmp.Or(s.o.Driver, "sqlite3"), dsn(s.o.Path, ""))
	if err != nil {
		return err
	}
	var n int
	return errors.Join(db.QueryRowContext(ctx, selectBegun).Scan(&n), db.Close())
}

const (
	selectBegun = `
SELECT count(*)
  FROM sqlite_schema
 WHERE name = 'journal'`

	selectFrom = `
SELECT seq, at_ms, day, sale, reference, kind, body, chain
  FROM journal
 WHERE seq >= ?
 ORDER BY seq`
)

// lastSound holds the end of the journal against the chain.
func (s *Store) lastSound(ctx context.Context, db *sql.DB, m mark) (head pos.Head, err error) {
	var atMS int64
	var chain []byte
	switch err := db.QueryRowContext(ctx, selectHead).Scan(&head.Seq, &atMS, &chain); {
	case errors.Is(err, sql.ErrNoRows):
		return head, nil
	case err != nil:
		return head, s.damaged(err)
	}
	head.Chain = hex.EncodeToString(chain)
	first := max(1, min(max(m.Seq, head.Seq-mostLast), head.Seq-lastRows))
	var before []byte
	if first > 1 {
		if err := db.QueryRowContext(ctx, "SELECT chain FROM journal WHERE seq = ?", first-1).Scan(&before); err != nil {
			return head, s.damaged(fmt.Errorf("row %d: %w", first-1, err))
		}
	}
	rows, err := db.QueryContext(ctx, selectFrom, first)
	if err != nil {
		return head, s.damaged(err)
	}
	defer rows.Close()
	links := newChaining(s.o.Key)
	for number := first; rows.Next(); number++ {
		link, why := links.follows(before, number, rows)
		if why != "" {
			return head, s.damaged(fmt.Errorf("row %d %s", number, why))
		}
		before = append(before[:0], link...)
	}
	if err := rows.Err(); err != nil {
		return head, s.damaged(err)
	}
	return head, nil
}

// damaged says which file is meant; what is only away, full or not ours to read is no damage.
func (s *Store) damaged(err error) error {
	switch {
	case err == nil || errors.Is(err, ErrDamaged) || errors.Is(err, context.Canceled):
		return err
	case away(err):
		return fmt.Errorf("register file %s: %w", s.o.Path, err)
	}
	return fmt.Errorf("%w: %s: %w", ErrDamaged, s.o.Path, err)
}

// away reports whether an error says nothing of what stands in the file.
func away(err error) bool {
	var system syscall.Errno
	var lite sqlite3.Error
	if !errors.As(err, &lite) {
		return errors.As(err, &system)
	}
	switch lite.Code {
	case sqlite3.ErrBusy, sqlite3.ErrLocked, sqlite3.ErrPerm, sqlite3.ErrReadonly, sqlite3.ErrIoErr, sqlite3.ErrFull, sqlite3.ErrCantOpen, sqlite3.ErrNomem,
		sqlite3.ErrInterrupt, sqlite3.ErrAbort, sqlite3.ErrSchema, sqlite3.ErrProtocol: // the last three: another connection was in the way
		return true
	}
	return false
}

// corrupt is damaged for what SQLite itself calls so.
func (s *Store) corrupt(err error) error {
	var lite sqlite3.Error
	if errors.As(err, &lite) && (lite.Code == sqlite3.ErrCorrupt || lite.Code == sqlite3.ErrNotADB) {
		return s.damaged(err)
	}
	return err
}
