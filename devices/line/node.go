package line

import (
	"errors"
	"fmt"
	"io"
	"os"
	"sync"
	"sync/atomic"
	"time"

	"golang.org/x/sys/unix"
)

// Node is an open device that reads and writes whole messages: reports, key events. Read and Write may run
// side by side, each from one goroutine. Closing it unblocks both.
type Node struct {
	f     *os.File
	stuck time.Duration // how long a write may take
	full  atomic.Bool   // a write took longer
	end   sync.Once
	err   error
}

var _ io.ReadWriteCloser = (*Node)(nil)

// NewNode makes a node of an open file that can wait: a device, a socket.
func NewNode(f *os.File) *Node { return &Node{f: f, stuck: stuckAfter} }

// Read waits for a message for as long as the device is there. b must be large enough for the longest one.
// It never returns nothing without an error.
func (n *Node) Read(b []byte) (int, error) {
	for {
		got, err := n.f.Read(b)
		switch {
		case got > 0:
			return got, nil
		case err != nil:
			return 0, lost(err)
		case len(b) == 0:
			return 0, nil
		}
	}
}

// Settle throws away what the device says until it has been silent for quiet, or for rest once it has said something: a
// code that was under way when the line opened, or that an adapter kept from before. It gives up after within, and tells
// when the device spoke last; zero when it was silent.
func (n *Node) Settle(quiet, rest, within time.Duration) (spoke time.Time, err error) {
	b := make([]byte, 4096)
	for end := time.Now().Add(within); time.Now().Before(end); {
		if err := n.f.SetReadDeadline(time.Now().Add(quiet)); err != nil {
			if errors.Is(err, os.ErrNoDeadline) {
				err = nil
			}
			return spoke, err
		}
		_, err := n.Read(b)
		if errors.Is(err, os.ErrDeadlineExceeded) {
			if more, err := n.waiting(b); !more {
				return spoke, err
			}
		} else if err != nil {
			return spoke, err
		}
		spoke, quiet = time.Now(), rest
	}
	return spoke, n.f.SetReadDeadline(time.Time{})
}

// waiting takes what came while nobody looked, for a deadline passes by on a busy register too.
func (n *Node) waiting(b []byte) (more bool, err error) {
	if err := n.f.SetReadDeadline(time.Time{}); err != nil {
		return false, err
	}
	raw, err := n.f.SyscallConn()
	if err != nil {
		return false, err
	}
	return more, raw.Read(func(fd uintptr) bool {
		got, err := unix.Read(int(fd), b)
		more = err == nil && got > 0 // an end is for the next read to find
		return true
	})
}

// Write writes one message, or ends the line: a device that takes none for five seconds takes no more.
func (n *Node) Write(b []byte) (int, error) {
	// A device that knows no deadline bounds its writes itself, as the kernel does for USB.
	if err := n.f.SetWriteDeadline(time.Now().Add(n.stuck)); err != nil && !errors.Is(err, os.ErrNoDeadline) {
		return 0, fmt.Errorf("%w (%w)", ErrGone, err)
	}
	done, err := n.f.Write(b)
	if errors.Is(err, os.ErrDeadlineExceeded) {
		n.full.Store(true)
		return done, errors.Join(ErrStuck, n.Close())
	}
	if err != nil {
		return done, lost(err)
	}
	return done, nil
}

// gaveUp reports whether the device took no more bytes.
func (n *Node) gaveUp() bool { return n.full.Load() }

// Close ends the line and lets go of the device.
func (n *Node) Close() error {
	n.end.Do(func() { n.err = n.f.Close() })
	return n.err
}

// lost names the ways in which a device goes away. Any of them ends the line.
func lost(err error) error {
	if errors.Is(err, io.EOF) || errors.Is(err, os.ErrClosed) || errors.Is(err, unix.ENODEV) || errors.Is(err, unix.EPIPE) {
		return fmt.Errorf("%w (%w)", ErrGone, err)
	}
	return named(err)
}

// HID is an open HID device: each Read is one report, each Write one output report, the id first.
type HID struct {
	*Node
	descriptor []byte
	feature    func(report [longFeature]byte, n int) error
}

// NewHID makes a HID device of an open file and its report descriptor.
func NewHID(f *os.File, descriptor []byte) *HID {
	return &HID{Node: NewNode(f), descriptor: descriptor}
}

// Descriptor is the device's report descriptor.
func (h *HID) Descriptor() []byte { return h.descriptor }

// longFeature is the longest feature report in bytes; those that wake scanners have two.
const longFeature = 4

// Feature sends a feature report, the id first.
func (h *HID) Feature(report []byte) error {
	if h.feature == nil || len(report) == 0 || len(report) > longFeature {
		return fmt.Errorf("feature report of %d bytes: %w", len(report), ErrNoHID)
	}
	var whole [longFeature]byte
	n := copy(whole[:], report)
	if err := h.feature(whole, n); err != nil {
		return fmt.Errorf("feature report: %w", lost(err))
	}
	return nil
}
