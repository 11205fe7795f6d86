// Package line opens the lines to devices: serial ports, HID devices and keyboards. It makes the serial
// library safe to stand on: writes end in time or the line is given up, nothing is written once closing has
// begun, nothing is read off another device, and no child process inherits the port.
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
	"path/filepath"
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
)

// Line is an open serial line. Read and Write may run side by side, each from one goroutine. Closing it
// unblocks both.
//
// The library sets the port up and locks it; bytes go through an open file of our own. The library frees the
// number of a port while a read may still be about to use it, and that read then takes the bytes of whoever
// has the number next: another scanner's code. Its writes cannot be bounded, and its reads panic on high
// numbers.
type Line struct {
	*Node
	port serial.Port
	end  sync.Once
	err  error
}

var _ io.ReadWriteCloser = (*Line)(nil)

// Open opens the port 8N1 without flow control. A link under /dev/serial/by-id is followed.
func Open(ctx context.Context, path string, baud int) (*Line, error) {
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	f, port, err := open(path, baud)
	if err != nil {
		return nil, fmt.Errorf("open %s: %w", path, err)
	}
	return &Line{Node: NewNode(f), port: port}, nil
}

// open keeps every fork away until the new descriptors are closed on exec: the library leaves them open
// for children, and a child would hold the port after we are gone. Our file comes first, because the library
// locks everybody else out.
func open(path string, baud int) (_ *os.File, _ serial.Port, err error) {
	if path, err = filepath.EvalSymlinks(path); err != nil { // both must open the same node
		return nil, nil, named(err)
	}
	f, err := os.OpenFile(path, os.O_RDWR|unix.O_NOCTTY|unix.O_NONBLOCK, 0)
	if err != nil {
		return nil, nil, named(err)
	}
	defer func() {
		if err != nil {
			err = errors.Join(err, f.Close())
		}
	}()
	syscall.ForkLock.RLock()
	defer syscall.ForkLock.RUnlock()
	port, err := serial.Open(path, &serial.Mode{BaudRate: baud})
	if err != nil {
		return nil, nil, named(err)
	}
	if err := closeOnExec(); err != nil {
		return nil, nil, errors.Join(err, port.Close())
	}
	return f, port, nil
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
		if _, err := unix.FcntlInt(uintptr(fd), unix.F_SETFD, unix.FD_CLOEXEC); err != nil && !errors.Is(err, unix.EBADF) {
			return fmt.Errorf("close on exec: %w", err)
		}
	}
	return nil
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
	case errors.Is(err, unix.EISDIR):
		return fmt.Errorf("%w (%w)", ErrNoPort, err)
	case errors.Is(err, unix.EBUSY):
		return fmt.Errorf("%w (%w)", ErrBusy, err)
	case errors.Is(err, unix.EIO):
		return fmt.Errorf("%w (%w)", ErrGone, err)
	}
	return err
}

// Write writes all of b, piece by piece, or says why not. A device that takes no bytes for five seconds
// ends the line.
func (l *Line) Write(b []byte) (int, error) {
	for done := 0; done < len(b); {
		n, err := l.Node.Write(b[done:min(len(b), done+piece)])
		done += n
		if err != nil {
			return done, errors.Join(err, l.Close())
		}
	}
	return len(b), nil
}

// Close ends the line. What the device has not taken is thrown away: waiting for one that takes nothing
// would take half a minute.
func (l *Line) Close() error {
	l.end.Do(func() {
		err := l.Node.Close()
		if l.gaveUp() {
			err = errors.Join(err, unset(l.port.ResetOutputBuffer()))
		}
		l.err = errors.Join(err, l.port.Close())
	})
	return l.err
}

// unset is an error but for that of a port which is no longer there.
func unset(err error) error {
	if errors.Is(err, unix.EIO) || errors.Is(err, unix.ENODEV) {
		return nil
	}
	return err
}
