package store

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"
)

// Copy is a backup that was checked.
type Copy struct {
	Path  string
	Rows  int64
	Head  string // hex of the chain at the last row
	Bytes int64
	At    time.Time // UTC
}

// copyName is how backups are called, and copyMark what stands in the head of one: a file that carries it
// is never served without a manager's word, because sales may have been made since.
const (
	copyPrefix = "register-"
	copySuffix = ".db"
	copyTime   = "20060102-150405"
	copyMark   = 1
)

// Backup writes a copy of the register file as of one instant into dir, while the register goes on, and
// proves it before it gets its name: SQLite's own check, and every row of the chain. What fails leaves
// nothing behind.
func (s *Store) Backup(ctx context.Context, dir string) (Copy, error) {
	s.mu.RLock()
	key, source := s.o.Key, s.o.Path
	s.mu.RUnlock()
	return BackupFile(ctx, source, key, dir)
}

// BackupFile is Backup for a file that another process may be writing to.
func BackupFile(ctx context.Context, source string, key []byte, dir string) (c Copy, err error) {
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return Copy{}, fmt.Errorf("backup: %w", err)
	}
	c.At = time.Now().UTC().Truncate(time.Second)
	c.Path = filepath.Join(dir, copyPrefix+c.At.Format(copyTime)+copySuffix)
	if err := provenInto(ctx, source, key, &c); err != nil {
		return Copy{}, fmt.Errorf("backup: %w", err)
	}
	return c, nil
}

// provenInto copies source to where c says, under its name only when the copy was proven.
func provenInto(ctx context.Context, source string, key []byte, c *Copy) (err error) {
	half := c.Path + ".half"
	defer func() {
		if err != nil {
			err = errors.Join(err, gone(half), gone(half+"-journal"))
		}
	}()
	if err := gone(half); err != nil {
		return err
	}
	if err := copyInto(ctx, source, half); err != nil {
		return err
	}
	if err := provenCopy(ctx, half, key, c); err != nil {
		return err
	}
	if err := synced(half); err != nil {
		return err
	}
	if err := os.Rename(half, c.Path); err != nil {
		return err
	}
	return synced(filepath.Dir(c.Path))
}

// copyInto reads one snapshot: in WAL mode a reader holds up no writer.
func copyInto(ctx context.Context, source, half string) error {
	f, err := os.OpenFile(half, os.O_RDWR|os.O_CREATE|os.O_EXCL, 0o600) // VACUUM INTO takes an empty file, and keeps its mode
	if err != nil {
		return err
	}
	if err := f.Close(); err != nil {
		return err
	}
	db, err := sql.Open("sqlite3", dsn(source, "&mode=ro"+immutable(source)))
	if err != nil {
		return err
	}
	defer db.Close()
	_, err = db.ExecContext(ctx, "VACUUM INTO ?", half)
	return err
}

// provenCopy marks the copy as one, and checks it.
func provenCopy(ctx context.Context, half string, key []byte, c *Copy) error {
	db, err := sql.Open("sqlite3", dsn(half, "&_journal_mode=DELETE&_synchronous=FULL"))
	if err != nil {
		return err
	}
	defer db.Close()
	if _, err := db.ExecContext(ctx, fmt.Sprintf("PRAGMA user_version = %d", copyMark)); err != nil {
		return err
	}
	var word string
	if err := db.QueryRowContext(ctx, "PRAGMA integrity_check").Scan(&word); err != nil {
		return err
	}
	if word != "ok" {
		return fmt.Errorf("the copy is damaged: %s", word)
	}
	if err := db.Close(); err != nil {
		return err
	}
	v, err := Verify(ctx, half, key)
	if err != nil {
		return err
	}
	if !v.Whole {
		return fmt.Errorf("the chain of the copy is broken at row %d: %s", v.Broken, v.Why)
	}
	info, err := os.Stat(half)
	if err != nil {
		return err
	}
	c.Rows, c.Head, c.Bytes = v.Rows, v.Head, info.Size()
	return nil
}

func synced(path string) error {
	f, err := os.Open(path)
	if err != nil {
		return err
	}
	return errors.Join(f.Sync(), f.Close())
}

func gone(path string) error {
	if err := os.Remove(path); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	return nil
}

// Copies lists the backups in dir, the newest first. Files of other names are nobody's business.
func Copies(dir string) ([]Copy, error) {
	entries, err := os.ReadDir(dir)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	var copies []Copy
	for _, e := range entries {
		name, ok := strings.CutPrefix(e.Name(), copyPrefix)
		name, ended := strings.CutSuffix(name, copySuffix)
		at, err := time.Parse(copyTime, name)
		if !ok || !ended || err != nil || !e.Type().IsRegular() {
			continue
		}
		copies = append(copies, Copy{Path: filepath.Join(dir, e.Name()), At: at})
	}
	slices.SortStableFunc(copies, func(a, b Copy) int { return b.At.Compare(a.At) })
	return copies, nil
}

// Prune keeps the newest backups in dir and removes the others. Call it only after a good one.
func Prune(dir string, keep int) error {
	copies, err := Copies(dir)
	if err != nil {
		return err
	}
	for _, c := range copies[min(max(keep, 1), len(copies)):] {
		err = errors.Join(err, os.Remove(c.Path))
	}
	return err
}
