package store

import (
	"context"
	"errors"
	"io/fs"
	"os"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"github.com/mattn/go-sqlite3"
	"golang.org/x/sys/unix"

	"posd/pos"
)

// An audit that runs while sales are written, days close, the log is written back and the file is opened again cries about
// nothing, however often it looks.
func TestAuditBesideSales(t *testing.T) {
	s := open(t, register(t))
	ctx, stop := context.WithCancel(t.Context())
	var looked atomic.Int64
	var audits sync.WaitGroup
	audits.Go(func() {
		for ctx.Err() == nil {
			if err := s.Audit(ctx); errors.Is(err, ErrDamaged) || errors.Is(err, ErrDiffers) {
				t.Error(err)
				return
			}
			looked.Add(1)
		}
	})
	for i, e := range week(11, 400) {
		s.must(t, e)
		if i%100 == 99 {
			if err := s.Reopen(t.Context()); err != nil {
				t.Fatal(err)
			}
		}
	}
	stop()
	audits.Wait()
	t.Logf("looked %d times", looked.Load())
}

// What only keeps a file from being read says nothing of what stands in it.
func TestAwayIsNoDamage(t *testing.T) {
	s := &Store{}
	for _, err := range []error{
		sqlite3.Error{Code: sqlite3.ErrIoErr}, sqlite3.Error{Code: sqlite3.ErrProtocol}, sqlite3.Error{Code: sqlite3.ErrSchema},
		&fs.PathError{Op: "read", Path: "register.db.mark", Err: syscall.EIO}, &fs.PathError{Op: "open", Path: "register.db.mark", Err: syscall.EMFILE},
	} {
		if got := s.damaged(err); errors.Is(got, ErrDamaged) || !errors.Is(got, err) {
			t.Errorf("%v: %v", err, got)
		}
	}
	if got := s.damaged(sqlite3.Error{Code: sqlite3.ErrCorrupt}); !errors.Is(got, ErrDamaged) {
		t.Error(got)
	}
}

// pulled is asked once a thousand rows whether it is over, and pulls the disk from under the file then.
type pulled struct {
	context.Context
	path string
	pull func()
}

func (p pulled) Err() error {
	p.pull()
	return nil
}

// The disk goes while the chain is walked: that is no broken chain.
func TestDiskGoesUnderAVerification(t *testing.T) {
	path := register(t)
	s := open(t, path)
	for n := range 3 {
		var many []pos.Entry
		for i := range 1000 {
			many = append(many, sold(string(rune('a'+n))+time.Duration(i).String()))
		}
		s.must(t, many...)
	}
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	deaf, err := os.OpenFile(os.DevNull, os.O_WRONLY, 0)
	if err != nil {
		t.Fatal(err)
	}
	defer deaf.Close()
	pull := func() {
		list, err := os.ReadDir("/proc/self/fd")
		if err != nil {
			t.Fatal(err)
		}
		for _, e := range list {
			if to, _ := os.Readlink("/proc/self/fd/" + e.Name()); to != path {
				continue
			}
			var fd int
			for _, digit := range e.Name() {
				fd = fd*10 + int(digit-'0')
			}
			if err := unix.Dup3(int(deaf.Fd()), fd, unix.O_CLOEXEC); err != nil {
				t.Fatal(err)
			}
		}
	}
	v, err := Verify(pulled{t.Context(), path, pull}, path, key)
	if err == nil {
		t.Errorf("%+v", v)
	}
}

// A list that says another thing than the journal is told apart from a journal that was changed.
func TestListsThatDiffer(t *testing.T) {
	s := open(t, register(t))
	s.must(t, sold("a"), started("a", "r1", "h"))
	if _, err := s.write.ExecContext(t.Context(), "UPDATE attempt SET state = 'unsent' WHERE reference = 'r1'"); err != nil {
		t.Fatal(err)
	}
	if err := s.Audit(t.Context()); !errors.Is(err, ErrDiffers) || errors.Is(err, ErrDamaged) {
		t.Error(err)
	}
	if err := errors.Join(s.Rebuild(t.Context()), s.Audit(t.Context())); err != nil {
		t.Errorf("made anew: %v", err)
	}
}
