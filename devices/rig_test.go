package devices

import (
	"context"
	"encoding/binary"
	"encoding/hex"
	"errors"
	"os"
	"sync"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"posd/devices/line"
	"posd/devices/scanner"
)

// outlet is where a scanner is plugged in that is not on a serial line: this kernel makes no such nodes, so
// the line is a pair of sockets that keep messages apart as the real one does.
type outlet struct {
	t          *testing.T
	descriptor []byte // of a HID device; empty for a keyboard

	mu           sync.Mutex
	ours, theirs *os.File // ours until it is opened
}

// honeywellLike describes the reports of most scanners: 64 bytes with id 2, and commands with id FD.
const honeywellLike = "058c0902a1010912a1028502150026ff00750895010501093b81029503058c09fb09fc09fd8102953809fe8202010600ff9502090409008102058c25017501950809ff8102c0" +
	"85fd95077508090091" + "02c0"

func (o *outlet) plug() {
	o.t.Helper()
	fds, err := unix.Socketpair(unix.AF_UNIX, unix.SOCK_SEQPACKET|unix.SOCK_NONBLOCK|unix.SOCK_CLOEXEC, 0)
	if err != nil {
		o.t.Fatal(err)
	}
	o.mu.Lock()
	defer o.mu.Unlock()
	o.ours, o.theirs = os.NewFile(uintptr(fds[0]), "register"), os.NewFile(uintptr(fds[1]), "scanner")
}

func (o *outlet) pull() {
	o.mu.Lock()
	defer o.mu.Unlock()
	if o.ours != nil {
		_ = o.ours.Close()
	}
	if o.theirs != nil {
		_ = o.theirs.Close()
	}
	o.ours, o.theirs = nil, nil
}

// say sends each message whole; one that is cut is a message of its own.
func (o *outlet) say(b string) {
	o.t.Helper()
	size := 2048 // the kernel gives as many key events as there are
	if len(o.descriptor) > 0 {
		size = 64
	}
	for len(b) > 0 {
		n := min(size, len(b))
		if _, err := o.theirs.WriteString(b[:n]); err != nil {
			o.t.Fatal(err)
		}
		b = b[n:]
	}
}

// hears is the next message from the register.
func (o *outlet) hears() string {
	o.t.Helper()
	b := make([]byte, 256)
	if err := o.theirs.SetReadDeadline(time.Now().Add(patience)); err != nil {
		o.t.Fatal(err)
	}
	n, err := o.theirs.Read(b)
	if err != nil {
		o.t.Fatal(err)
	}
	return string(b[:n])
}

// driver opens the outlet instead of a node.
func (o *outlet) driver(_ context.Context, c Config) (opened, dialect, error) {
	o.mu.Lock()
	ours := o.ours
	o.ours = nil
	o.mu.Unlock()
	if ours == nil {
		return nil, nil, line.ErrAbsent
	}
	if len(o.descriptor) == 0 {
		return line.NewNode(ours), scanner.NewKeys(c.Scanner), nil
	}
	l := line.NewHID(ours, o.descriptor)
	speak, err := reports(l, c)
	if err != nil {
		return nil, nil, errors.Join(err, l.Close())
	}
	return l, speak, nil
}

func newOutlet(t *testing.T, descriptor string) *outlet {
	t.Helper()
	b, err := hex.DecodeString(descriptor)
	if err != nil {
		t.Fatal(err)
	}
	o := &outlet{t: t, descriptor: b}
	o.plug()
	t.Cleanup(o.pull)
	return o
}

// asLine, asSSI, asReports and asKeys are a code of digits as a scanner of each kind sends it.
func asLine(code string) string { return code + "\r" }

func asSSI(code string) string {
	p := append([]byte{byte(5 + len(code)), 0xf3, 0, 0, 3}, code...)
	sum := 0
	for _, c := range p {
		sum -= int(c)
	}
	return string(append(p, byte(sum>>8), byte(sum)))
}

func asReports(code string) (all string) {
	for len(code) > 0 { // ten digits a report, so that a code is several
		n := min(10, len(code))
		r := make([]byte, 64)
		r[0], r[1] = 2, byte(n)
		copy(r[2:], "]C0")
		copy(r[5:], code[:n])
		if code = code[n:]; code != "" {
			r[63] = 1
		}
		all += string(r)
	}
	return all
}

func asKeys(code string) (all string) {
	key := func(kind, code uint16, value uint32) {
		b := make([]byte, 24)
		binary.LittleEndian.PutUint16(b[16:], kind)
		binary.LittleEndian.PutUint16(b[18:], code)
		binary.LittleEndian.PutUint32(b[20:], value)
		all += string(b)
	}
	for _, c := range code + "\n" {
		k := uint16(28)
		if c == '0' {
			k = 11
		} else if c != '\n' {
			k = uint16(c-'1') + 2
		}
		key(1, k, 1)
		key(1, k, 0)
	}
	return all
}
