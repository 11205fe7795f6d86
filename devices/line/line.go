// Package line opens the lines to devices: serial ports, HID devices and keyboards. It makes the serial
// library safe to stand on: writes end in time or the line is given up, nothing is written once closing has
// begun, no child process inherits the port, and a descriptor that the library would panic on is refused.
//
// It knows no device and no dialect, and it never lists ports: the library's listing reopens other
// ports and changes their speed.
package line

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"strconv"
	"sync"
	"syscall"
	"time"

	"go.bug.st/serial"
	"golang.org/x/sys/unix"
)

// Errors a caller tells a person about.
var (
	ErrAbsent = errors.New("there is no such port: is the cable in?")
	ErrRights = errors.New("no right to open the port: add the user to its group (dialout or posd)")
	ErrBusy   = errors.New("another program holds the port")
	ErrNoPort = errors.New("this is not a serial port")
	ErrNoHID  = errors.New("this is not a HID device: name its /dev/hidraw node")
	ErrNoKeys = errors.New("this is not a keyboard: name its /dev/input/event node")
	ErrStuck  = errors.New("the device takes no bytes")
	ErrGone   = errors.New("the line is gone")
)

const (
	piece      = 256             // bytes a write at a time: a stuck device is noticed within one
	stuckAfter = 5 * time.Second // a piece that takes longer, at any speed, never ends
	closeWait  = 250 * time.Millisecond
	maxNumber  = 1000 // the library's reads panic on descriptors above 1023
)

// Line is an open serial line. Read and Write may run side by side, each from one goroutine. Closing it
// unblocks both.
type Line struct {
	port  serial.Port
	stuck time.Duration // how long a piece may take

	mu      sync.Mutex
	closed  bool
	writing chan struct{} // holds whoever writes a piece
	end     sync.Once
	err     error
}

var _ io.ReadWriteCloser = (*Line)(nil)

// Open opens the port 8N1 without flow control. A link under /dev/serial/by-id is followed.
func Open(ctx context.Context, path string, baud int) (*Line, error) {
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	port, err := open(path, baud)
	if err != nil {
		return nil, fmt.Errorf("open %s: %w", path, err)
	}
	return &Line{port: port, stuck: stuckAfter, writing: make(chan struct{}, 1)}, nil
}

// open keeps every fork away until the new descriptors are closed on exec: the library leaves them open
// for children, and a child would hold the port after we are gone.
func open(path string, baud int) (serial.Port, error) {
	syscall.ForkLock.RLock()
	defer syscall.ForkLock.RUnlock()
	port, err := serial.Open(path, &serial.Mode{BaudRate: baud})
	if err != nil {
		return nil, named(err)
	}
	if err := closeOnExec(); err != nil {
		return nil, errors.Join(err, port.Close())
	}
	return port, nil
}

// closeOnExec marks every descriptor above the standard ones: all of ours are marked already but the
// three that the library made.
func closeOnExec() error {
	entries, err := os.ReadDir("/proc/self/fd")
	if err != nil {
		return fmt.Errorf("descriptors: %w", err)
	}
	for _, e := range entries {
		fd, err := strconv.Atoi(e.Name())
		if err != nil || fd <= 2 {
			continue
		}
		if fd > maxNumber {
			if to, err := os.Readlink("/proc/self/fd/" + e.Name()); err == nil && isTTY(to) {
				return fmt.Errorf("%d files are open, more than a serial line can live beside", len(entries))
			}
		}
		if _, err := unix.FcntlInt(uintptr(fd), unix.F_SETFD, unix.FD_CLOEXEC); err != nil && !errors.Is(err, unix.EBADF) {
			return fmt.Errorf("close on exec: %w", err)
		}
	}
	return nil
}

func isTTY(path string) bool {
	info, err := os.Stat(path)
	return err == nil && info.Mode()&fs.ModeCharDevice != 0
}

// named turns the library's errors into ours.
func named(err error) error {
	var p *serial.PortError
	if errors.As(err, &p) {
		switch p.Code() {
		case serial.PortBusy:
			return fmt.Errorf("%w (%w)", ErrBusy, err)
		case serial.PermissionDenied:
			return fmt.Errorf("%w (%w)", ErrRights, err)
		case serial.InvalidSerialPort:
			return fmt.Errorf("%w (%w)", ErrNoPort, err)
		case serial.PortNotFound:
			return fmt.Errorf("%w (%w)", ErrAbsent, err)
		case serial.PortClosed:
			return fmt.Errorf("%w (%w)", ErrGone, err)
		}
	}
	switch {
	case errors.Is(err, fs.ErrNotExist), errors.Is(err, unix.ENXIO), errors.Is(err, unix.ENODEV):
		return fmt.Errorf("%w (%w)", ErrAbsent, err)
	case errors.Is(err, fs.ErrPermission):
		return fmt.Errorf("%w (%w)", ErrRights, err)
	case errors.Is(err, unix.EIO):
		return fmt.Errorf("%w (%w)", ErrGone, err)
	}
	return err
}

// Read waits for bytes for as long as the line is open. It never returns nothing without an error.
func (l *Line) Read(b []byte) (int, error) {
	if len(b) == 0 {
		return 0, nil
	}
	for {
		n, err := l.port.Read(b)
		switch {
		case n > 0:
			return n, nil
		case err != nil:
			return 0, named(err)
		}
		if l.isClosed() {
			return 0, ErrGone
		}
	}
}

// Write writes all of b, piece by piece, or says why not. A device that takes no bytes for five seconds
// ends the line: the library's write cannot be called back, so its goroutine is left to the hang-up.
func (l *Line) Write(b []byte) (int, error) {
	for done := 0; done < len(b); {
		n, err := l.writePiece(b[done:min(len(b), done+piece)])
		done += n
		if err != nil {
			return done, err
		}
	}
	return len(b), nil
}

func (l *Line) writePiece(b []byte) (int, error) {
	type result struct {
		n   int
		err error
	}
	l.mu.Lock()
	if l.closed {
		l.mu.Unlock()
		return 0, ErrGone
	}
	l.writing <- struct{}{} // Close waits for this, so no write begins on a number that another file has
	l.mu.Unlock()
	own := append([]byte(nil), b...) // the caller may use b again while a stuck write still holds it
	results := make(chan result, 1)
	go func() {
		n, err := l.port.Write(own)
		<-l.writing
		results <- result{n, err}
	}()
	timer := time.NewTimer(l.stuck)
	defer timer.Stop()
	select {
	case r := <-results:
		if r.err == nil && r.n == 0 {
			return 0, ErrGone
		}
		if r.err != nil {
			return r.n, named(r.err)
		}
		return r.n, nil
	case <-timer.C:
		_ = l.Close()
		return 0, ErrStuck
	}
}

func (l *Line) isClosed() bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.closed
}

// Close ends the line. A piece that is being written is waited for a moment: a write after the close
// could land in another file that got the same number.
func (l *Line) Close() error {
	l.end.Do(func() {
		l.mu.Lock()
		l.closed = true
		l.mu.Unlock()
		timer := time.NewTimer(closeWait)
		defer timer.Stop()
		select {
		case l.writing <- struct{}{}:
		case <-timer.C: // stuck inside the system: it began before the close and writes nothing more
		}
		l.err = l.port.Close()
	})
	return l.err
}
