package line

import (
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"os"
	"time"

	"golang.org/x/sys/unix"
)

// Requests of linux/hidraw.h and linux/input.h that carry a length or that the library lacks.
const (
	setFeature = 0xc0004806 // HIDIOCSFEATURE(0); the length goes into bits 16 to 29
	grab       = 0x40044590 // EVIOCGRAB
)

// OpenHID opens a HID device by its node, such as /dev/hidraw0, and reads its report descriptor.
func OpenHID(ctx context.Context, path string) (_ *HID, err error) {
	f, err := openNode(ctx, path)
	if err != nil {
		return nil, err
	}
	defer func() {
		if err != nil {
			err = errors.Join(err, f.Close())
		}
	}()
	if isSocket(path) {
		return opened(f)
	}
	d := unix.HIDRawReportDescriptor{}
	err = control(f, func(fd uintptr) error {
		size, err := unix.IoctlGetUint32(int(fd), unix.HIDIOCGRDESCSIZE)
		if err != nil {
			return err
		}
		d.Size = min(size, uint32(len(d.Value)))
		return unix.IoctlHIDGetDesc(int(fd), &d)
	})
	if err != nil {
		return nil, fmt.Errorf("open %s: %w (%w)", path, ErrNoHID, err)
	}
	h := NewHID(f, d.Value[:min(d.Size, uint32(len(d.Value)))])
	h.feature = func(report [longFeature]byte, n int) error {
		return control(f, func(fd uintptr) error {
			return unix.IoctlSetPointerInt(int(fd), setFeature|uint(n)<<16, int(binary.NativeEndian.Uint32(report[:])))
		})
	}
	return h, nil
}

// OpenKeys opens a keyboard by its node, such as /dev/input/event3, for itself alone: what is typed there
// reaches nobody else until it is closed.
func OpenKeys(ctx context.Context, path string) (*Node, error) {
	f, err := openNode(ctx, path)
	if err != nil {
		return nil, err
	}
	if isSocket(path) {
		return NewNode(f), nil // nobody else reads it
	}
	err = control(f, func(fd uintptr) error { return unix.IoctlSetInt(int(fd), grab, 1) })
	switch {
	case errors.Is(err, unix.EBUSY):
		err = fmt.Errorf("open %s: %w (%w)", path, ErrBusy, err)
	case err != nil:
		err = fmt.Errorf("open %s: %w (%w)", path, ErrNoKeys, err)
	}
	if err != nil {
		return nil, errors.Join(err, f.Close())
	}
	return NewNode(f), nil
}

// OpenNode opens a device that is no serial line and reads and writes bytes: a printer on USB, /dev/usb/lp0.
func OpenNode(ctx context.Context, path string) (*Node, error) {
	f, err := openNode(ctx, path)
	if err != nil {
		return nil, err
	}
	return NewNode(f), nil
}

// openNode opens a node so that closing it unblocks its reads. Its descriptor is never asked for: that
// would make it one that does not.
func openNode(ctx context.Context, path string) (*os.File, error) {
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	if isSocket(path) {
		return dial(path)
	}
	f, err := os.OpenFile(path, os.O_RDWR|unix.O_NOCTTY|unix.O_NONBLOCK, 0)
	if err != nil {
		return nil, fmt.Errorf("open %s: %w", path, named(err))
	}
	return f, nil
}

// isSocket reports whether a program stands for the device, as in a boutique that is simulated: each message is one of
// the node's, and the first of a HID device is its report descriptor.
func isSocket(path string) bool {
	info, err := os.Stat(path)
	return err == nil && info.Mode()&os.ModeSocket != 0
}

func dial(path string) (*os.File, error) {
	fd, err := unix.Socket(unix.AF_UNIX, unix.SOCK_SEQPACKET|unix.SOCK_NONBLOCK|unix.SOCK_CLOEXEC, 0)
	if err != nil {
		return nil, fmt.Errorf("open %s: %w", path, err)
	}
	if err := unix.Connect(fd, &unix.SockaddrUnix{Name: path}); err != nil {
		return nil, errors.Join(fmt.Errorf("open %s: %w (%w)", path, ErrGone, err), unix.Close(fd))
	}
	return os.NewFile(uintptr(fd), path), nil
}

// opened is a HID device whose first message is its descriptor.
func opened(f *os.File) (*HID, error) {
	b := make([]byte, unix.HID_MAX_DESCRIPTOR_SIZE)
	err := f.SetReadDeadline(time.Now().Add(time.Second))
	n, read := f.Read(b)
	if err = errors.Join(err, read, f.SetReadDeadline(time.Time{})); err != nil {
		return nil, fmt.Errorf("open %s: %w (%w)", f.Name(), ErrNoHID, err)
	}
	h := NewHID(f, b[:n])
	h.feature = func(report [longFeature]byte, n int) error {
		_, err := h.Write(report[:n])
		return err
	}
	return h, nil
}

func control(f *os.File, do func(fd uintptr) error) error {
	conn, err := f.SyscallConn()
	if err != nil {
		return err
	}
	var inner error
	err = conn.Control(func(fd uintptr) { inner = do(fd) })
	return errors.Join(err, inner)
}
