package main

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"net"
	"os"
	"path/filepath"
	"slices"
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
	node *node               // it is no serial line; nil for one that is

	mu     sync.Mutex
	socket *net.UnixListener // of a node; nil while pulled
	master far               // nil while pulled, or while nobody has opened the node
	tty    *os.File          // kept open so that the line stays raw and holds what is sent early
	done   chan struct{}
}

// far is the device's end of a line.
type far interface {
	io.ReadWriteCloser
	SetWriteDeadline(time.Time) error
}

// plug connects the device and, if it has something to say when it gets power, says it.
func (c *cable) plug(greeting []byte) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.master != nil || c.socket != nil {
		return nil
	}
	if c.node != nil {
		return c.listen()
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
	go func(done chan struct{}) {
		defer close(done)
		c.answer(master)
	}(c.done)
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
	socket, master, tty, done := c.socket, c.master, c.tty, c.done
	c.socket, c.master, c.tty, c.done = nil, nil, nil, nil
	c.mu.Unlock()
	if done == nil {
		return nil
	}
	var err error
	if socket != nil {
		err = socket.Close() // its path goes with it
	} else {
		err = errors.Join(os.Remove(c.link), tty.Close())
	}
	if master != nil {
		err = errors.Join(err, master.Close())
	}
	<-done
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
	size := len(b)
	if c.node != nil && c.node.size > 0 {
		size = c.node.size
	}
	err := c.master.SetWriteDeadline(time.Now().Add(writeWithin))
	for message := range slices.Chunk(b, size) {
		err = errors.Join(err, ignoreCount(c.master.Write(message)))
	}
	return err
}

func ignoreCount(_ int, err error) error { return err }

// answer reads what the register sends until the line ends, and answers as the device would.
// What nobody read would fill the line and stop the register's writes.
func (c *cable) answer(master far) {
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
