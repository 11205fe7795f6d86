package store

import (
	"context"
	"crypto/rand"
	"errors"
	"io"
	"log/slog"
	"os"
	"path/filepath"
	"sync"

	"github.com/mattn/go-sqlite3"
	"golang.org/x/sys/unix"
)

// Reserve is a good size for Options.Reserve: room for the whole write-ahead log and for some hundred commits
// behind it, which is more than twenty unfinished payments and a day's close can write.
const Reserve = 8 << 20

// reserve is a file beside the register file that only takes up room. It is emptied when the disk is full, so that
// what is under way can still be written to its end; until it is there again nothing new is begun.
type reserve struct {
	path string
	size int64 // 0: none is kept
	log  *slog.Logger

	mu    sync.Mutex
	spent bool
}

// Spare reports whether there is room to begin something new: whether the reserve is there. One that was spent
// is made again as soon as the disk has room for twice its size.
func (s *Store) Spare() bool { return s.reserve.fill() }

// openSpending opens the file, and if a full disk is in the way gives the reserve up for it.
func (s *Store) openSpending(ctx context.Context) error {
	err := s.open(ctx)
	if err != nil && s.reserve.spend(err) {
		err = s.open(ctx)
	}
	return s.corrupt(err)
}

// keep makes the reserve at the start, or finds that there is no room for one.
func (r *reserve) keep() {
	r.mu.Lock()
	r.spent = r.size > 0
	r.mu.Unlock()
	r.fill()
}

// spend empties the reserve if err says that the disk is full. It reports whether that made room.
func (r *reserve) spend(err error) bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	if !full(err) || r.size == 0 {
		return false
	}
	r.spent = true
	info, err := os.Stat(r.path)
	if err != nil || info.Size() == 0 {
		return false
	}
	err = os.Truncate(r.path, 0)
	r.log.Warn("disk full: the reserve is spent", "bytes", info.Size(), "err", err)
	return err == nil
}

func (r *reserve) fill() bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	if !r.spent {
		return true
	}
	if info, err := os.Stat(r.path); err == nil && info.Size() == r.size {
		r.spent = false
		return true
	}
	var disk unix.Statfs_t
	if err := unix.Statfs(filepath.Dir(r.path), &disk); err != nil || disk.Bavail < 2*uint64(r.size)/uint64(disk.Bsize) {
		return false
	}
	if err := r.write(); err != nil {
		r.log.Warn("reserve", "err", errors.Join(err, os.Truncate(r.path, 0)))
		return false
	}
	r.log.Info("the reserve is there", "bytes", r.size)
	r.spent = false
	return true
}

// write fills the file with noise: a file system that compresses would keep zeros for nothing.
func (r *reserve) write() error {
	f, err := os.OpenFile(r.path, os.O_WRONLY|os.O_CREATE|os.O_TRUNC, 0o600)
	if err != nil {
		return err
	}
	_, err = io.CopyN(f, rand.Reader, r.size)
	return errors.Join(err, f.Sync(), f.Close())
}

// full reports whether an error says that the disk, or what we may use of it, is full.
func full(err error) bool {
	var lite sqlite3.Error
	if errors.As(err, &lite) && (lite.Code == sqlite3.ErrFull || lite.SystemErrno == unix.ENOSPC || lite.SystemErrno == unix.EDQUOT) {
		return true
	}
	return errors.Is(err, unix.ENOSPC) || errors.Is(err, unix.EDQUOT)
}
