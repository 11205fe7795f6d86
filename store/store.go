// Package store keeps the register file: one SQLite database with the journal of facts and the
// projections that are folded from it.
//
// It decides nothing: what an entry means is pos.Sale.Apply's to say. It never sees a payment code.
package store

import (
	"cmp"
	"context"
	"database/sql"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"net/url"
	"os"
	"sync"

	_ "github.com/mattn/go-sqlite3" // the driver; no other package opens the file

	"posd/pos"
)

// Options say which file, and with which key.
type Options struct {
	Path      string // the register file
	Key       []byte // 32 bytes: keys the chain and the fingerprints
	Log       *slog.Logger
	Committed func(seq int64) // called after each commit; may be nil; must not block
	Driver    string          // of database/sql; empty is SQLite's own. Tests put a machine around it whose power goes
	Reserve   int64           // bytes kept free beside the file for a full disk; 0 none
}

// Sentinels.
var (
	ErrLocked      = errors.New("the register file is in use by another process")
	ErrNewerSchema = errors.New("the register file was written by a newer version of posd")
	ErrNetwork     = errors.New("the register file lies on a network file system")
	ErrDoubt       = errors.New("a commit failed and may have happened: the file must be reopened")
)

// Store is an open register file. One process, one Store, one writer. All methods may be called from
// several goroutines.
type Store struct {
	o        Options
	lock     *os.File
	reserve  reserve
	adopting bool // a restored file is being taken into service

	mu   sync.RWMutex // held for reading by every call, for writing by whatever opens and closes the file
	read *sql.DB      // a few connections that cannot write

	turn  sync.Mutex // held by who writes; readers never wait for it
	write *writer    // exactly one connection: SQLite has one writer, so do we
	links *chaining
	head  pos.Head
	chain []byte
	folds folds
	doubt error
}

// Open opens or makes the file, brings it to this version and checks that it is as durable as promised.
func Open(ctx context.Context, o Options) (*Store, error) {
	if len(o.Key) != 32 {
		return nil, fmt.Errorf("register key: %d bytes, want 32", len(o.Key))
	}
	s := &Store{o: o, reserve: reserve{path: o.Path + ".reserve", size: o.Reserve, log: o.Log}}
	if err := local(o.Path, filesystem); err != nil {
		return nil, err
	}
	lock, err := lockFile(o.Path + ".lock")
	if err != nil {
		return nil, err
	}
	s.lock = lock
	if err := s.openSpending(ctx); err != nil {
		return nil, errors.Join(err, lock.Close())
	}
	s.reserve.keep()
	return s, nil
}

// Close closes the file. What was committed is on disk already.
func (s *Store) Close() error {
	s.mu.Lock()
	defer s.mu.Unlock()
	var err error
	if s.lock != nil && s.write != nil && s.doubt == nil {
		if err = s.writeMark(0); s.reserve.spend(err) {
			err = s.writeMark(0)
		}
	}
	err = errors.Join(err, s.close())
	if s.lock != nil {
		err = errors.Join(err, s.lock.Close())
		s.lock = nil
	}
	return err
}

// Reopen closes and opens the file again and reads where it stands: after a failed commit only the file
// knows whether it happened.
func (s *Store) Reopen(ctx context.Context) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.lock == nil {
		return fmt.Errorf("reopen: %w", sql.ErrConnDone) // closed for good: the file may be another's by now
	}
	s.reserve.spend(s.doubt)
	_ = s.close() // the reason why we reopen is the error that counts
	return s.openSpending(ctx)
}

func (s *Store) close() error {
	if s.write == nil {
		return nil
	}
	err := s.write.close()
	if s.read != nil {
		err = errors.Join(s.read.Close(), err)
	}
	s.write, s.read = nil, nil
	s.folds.clear()
	return err
}

func (s *Store) open(ctx context.Context) (err error) {
	if err := s.inspect(ctx); err != nil {
		return err
	}
	f, err := os.OpenFile(s.o.Path, os.O_RDWR|os.O_CREATE, 0o600) // before SQLite makes it with a wider mode
	if err != nil {
		return fmt.Errorf("register file: %w", err)
	}
	if err := errors.Join(f.Chmod(0o600), f.Close()); err != nil {
		return fmt.Errorf("register file: %w", err)
	}
	for _, side := range []string{"-wal", "-shm"} { // new ones take the file's mode, restored ones keep theirs
		if err := os.Chmod(s.o.Path+side, 0o600); err != nil && !errors.Is(err, fs.ErrNotExist) {
			return fmt.Errorf("register file: %w", err)
		}
	}
	if err := renew(s.o.Path + "-wal"); err != nil {
		return err
	}
	db, err := sql.Open(cmp.Or(s.o.Driver, "sqlite3"), dsn(s.o.Path, "&_synchronous=FULL&_txlock=immediate&_recursive_triggers=1"))
	if err != nil {
		return err
	}
	db.SetMaxOpenConns(1)
	if err := s.migrate(ctx, db); err != nil {
		return errors.Join(err, db.Close())
	}
	if s.write, err = pin(ctx, db); err != nil {
		return s.damaged(err) // the schema's version is ours, and its words are not
	}
	if _, err := s.write.ExecContext(ctx, "PRAGMA wal_checkpoint(TRUNCATE)"); err != nil { // what a crash left in it is not told from damage later
		s.o.Log.Warn("write-ahead log", "err", err)
	}
	defer func() {
		if err != nil {
			_ = s.close()
		}
	}()
	if s.read, err = sql.Open(cmp.Or(s.o.Driver, "sqlite3"), dsn(s.o.Path, "&_query_only=1&_stmt_cache_size=32")); err != nil {
		return err
	}
	s.read.SetMaxOpenConns(4)
	if err := s.durable(ctx); err != nil {
		return err
	}
	if err := s.readHead(ctx); err != nil {
		return err
	}
	if !s.adopting {
		if err := s.writeMark(0); err != nil {
			return err
		}
	}
	s.links, s.doubt = newChaining(s.o.Key), nil
	return nil
}

func dsn(path, more string) string {
	return "file:" + (&url.URL{Path: path}).EscapedPath() + "?_busy_timeout=5000&_foreign_keys=1" + more
}

// durable reads the promises back: the driver has its own defaults, and they lose sales in a power cut.
func (s *Store) durable(ctx context.Context) error {
	for pragma, want := range map[string]string{"journal_mode": "wal", "synchronous": "2", "foreign_keys": "1", "recursive_triggers": "1"} {
		var got string
		if err := s.write.QueryRowContext(ctx, "PRAGMA "+pragma).Scan(&got); err != nil {
			return fmt.Errorf("pragma %s: %w", pragma, err)
		}
		if got != want {
			return fmt.Errorf("pragma %s is %q, want %q: the file is not durable", pragma, got, want)
		}
	}
	return nil
}
