package main

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"sync"
	"time"

	"github.com/creack/pty"
)

// errPulled means that the cable is out.
var errPulled = errors.New("the cable is pulled")

// writeWithin is how long a device may take to hand its bytes over. A pseudo-terminal holds about
// 4 KiB that nobody reads; then a write would wait for ever.
const writeWithin = 2 * time.Second

// cable is one device's connection to the register: a pseudo-terminal behind a link whose path never
// changes. Pulled, the link is gone and the register sees the line hang up; plugged in again, the
// link leads to a new pseudo-terminal, as a real adapter comes back under another number.
type cable struct {
	link string
	hear func([]byte) []byte // the device: bytes from the register to bytes for it; may be nil

	mu     sync.Mutex
	master *os.File // nil while pulled
	tty    *os.File // kept open so that the line stays raw and holds what is sent early
	done   chan struct{}
}

// plug connects the device and, if it has something to say when it gets power, says it.
func (c *cable) plug(greeting []byte) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.master != nil {
		return nil
	}
	master, tty, err := pty.Open()
	if err != nil {
		return fmt.Errorf("open a pseudo-terminal: %w", err)
	}
	if master, err = polled(master); err != nil {
		return errors.Join(fmt.Errorf("open a pseudo-terminal: %w", err), tty.Close())
	}
	if err := errors.Join(raw(tty), c.point(tty.Name())); err != nil {
		return errors.Join(err, master.Close(), tty.Close())
	}
	c.master, c.tty, c.done = master, tty, make(chan struct{})
	go c.listen(master, c.done)
	if len(greeting) > 0 {
		return c.sendLocked(greeting)
	}
	return nil
}

// point makes the link lead to the device node in one step, so that nobody ever finds half of it.
func (c *cable) point(to string) error {
	fresh := filepath.Join(filepath.Dir(c.link), "."+filepath.Base(c.link)+".new")
	if err := os.Remove(fresh); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	if err := os.Symlink(to, fresh); err != nil {
		return err
	}
	return os.Rename(fresh, c.link)
}

// pull takes the cable out. A cable that is out stays out.
func (c *cable) pull() error {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.master == nil {
		return nil
	}
	err := os.Remove(c.link)
	err = errors.Join(err, c.tty.Close(), c.master.Close())
	<-c.done
	c.master, c.tty = nil, nil
	return err
}

// send writes what the device says to the register.
func (c *cable) send(b []byte) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.sendLocked(b)
}

func (c *cable) sendLocked(b []byte) error {
	if c.master == nil {
		return errPulled
	}
	return errors.Join(c.master.SetWriteDeadline(time.Now().Add(writeWithin)), ignoreCount(c.master.Write(b)))
}

func ignoreCount(_ int, err error) error { return err }

// listen reads what the register sends until the cable is pulled, and answers as the device would.
// What nobody read would fill the line and stop the register's writes.
func (c *cable) listen(master *os.File, done chan struct{}) {
	defer close(done)
	buf := make([]byte, 4096)
	for {
		n, err := master.Read(buf)
		if err != nil {
			return
		}
		if c.hear == nil {
			continue
		}
		if reply := c.hear(buf[:n]); len(reply) > 0 {
			if master.SetWriteDeadline(time.Now().Add(writeWithin)) != nil {
				return
			}
			if _, err := master.Write(reply); err != nil && !errors.Is(err, os.ErrDeadlineExceeded) {
				return
			}
		}
	}
}
