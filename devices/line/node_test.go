package line

import (
	"bytes"
	"errors"
	"io"
	"os"
	"testing"
	"time"

	"golang.org/x/sys/unix"
)

// pair is a device that keeps messages apart, and its far end.
func pair(t *testing.T) (ours, theirs *os.File) {
	t.Helper()
	fds, err := unix.Socketpair(unix.AF_UNIX, unix.SOCK_SEQPACKET|unix.SOCK_NONBLOCK|unix.SOCK_CLOEXEC, 0)
	if err != nil {
		t.Fatal(err)
	}
	ours, theirs = os.NewFile(uintptr(fds[0]), "ours"), os.NewFile(uintptr(fds[1]), "theirs")
	t.Cleanup(func() { _, _ = ours.Close(), theirs.Close() })
	return ours, theirs
}

// Each read is one report, each write one command, and a device that goes away ends the read in words.
func TestMessagesStayApart(t *testing.T) {
	ours, theirs := pair(t)
	n := NewNode(ours)
	for _, r := range []string{"first report", "second"} {
		if _, err := theirs.WriteString(r); err != nil {
			t.Fatal(err)
		}
	}
	b := make([]byte, 4096)
	for _, want := range []string{"first report", "second"} {
		if got, err := n.Read(b); err != nil || string(b[:got]) != want {
			t.Errorf("%q, %v", b[:got], err)
		}
	}
	if _, err := n.Write([]byte("\xfd\x03beep")); err != nil {
		t.Fatal(err)
	}
	if got, err := theirs.Read(b); err != nil || !bytes.Equal(b[:got], []byte("\xfd\x03beep")) {
		t.Errorf("%q, %v", b[:got], err)
	}
	if got, err := n.Read(nil); got != 0 || (err != nil && !errors.Is(err, io.EOF)) {
		t.Errorf("%d, %v", got, err)
	}
	_ = theirs.Close()
	if got, err := n.Read(b); got != 0 || !errors.Is(err, ErrGone) {
		t.Errorf("after it went away: %d, %v", got, err)
	}
	if _, err := n.Write([]byte("x")); !errors.Is(err, ErrGone) {
		t.Errorf("after it went away: %v", err)
	}
}

// What a device says when its line opens is thrown away, up to a pause; also when nobody looked until the pause was over,
// and when it never pauses. What it says afterwards is read.
func TestSettle(t *testing.T) {
	for _, c := range []struct {
		name                string
		said                string
		quiet, rest, within time.Duration
	}{
		{"half a code", "34567\r", 10 * time.Millisecond, 20 * time.Millisecond, time.Minute},
		{"looked too late", "34567\r", -1, -1, time.Minute},
		{"silent", "", 10 * time.Millisecond, time.Minute, time.Minute},
		{"given up", "34567\r", time.Minute, time.Minute, time.Nanosecond},
	} {
		ours, theirs := pair(t)
		n := NewNode(ours)
		if c.said != "" {
			if _, err := theirs.WriteString(c.said); err != nil {
				t.Fatal(err)
			}
		}
		if c.within < time.Second {
			<-time.After(c.within) // nothing more is waited for
		}
		spoke, err := n.Settle(c.quiet, c.rest, c.within)
		if said := c.said != "" && c.within > time.Second; err != nil || spoke.IsZero() == said {
			t.Errorf("%s: it spoke last at %v, %v", c.name, spoke, err)
		}
		if _, err := theirs.WriteString("whole"); err != nil {
			t.Fatal(err)
		}
		b := make([]byte, 64)
		for got := 0; string(b[:got]) != "whole"; {
			if got, err = n.Read(b); err != nil {
				t.Fatalf("%s: %v", c.name, err)
			}
		}
	}
	ours, theirs := pair(t)
	_ = theirs.Close()
	if _, err := NewNode(ours).Settle(time.Minute, time.Minute, time.Minute); !errors.Is(err, ErrGone) {
		t.Errorf("after it went away: %v", err)
	}
}

// A device that takes nothing ends the line, and closing wakes a read that waits.
func TestNodeEnds(t *testing.T) {
	ours, _ := pair(t)
	n := NewNode(ours)
	n.stuck = 50 * time.Millisecond
	within(t, 10*time.Second, "writes that nobody takes", func() {
		for {
			if _, err := n.Write(make([]byte, 1024)); err != nil {
				if !errors.Is(err, ErrStuck) {
					t.Errorf("%v", err)
				}
				return
			}
		}
	})
	other, _ := pair(t)
	n = NewNode(other)
	within(t, 10*time.Second, "a read of a closed device", func() {
		go func() { _ = n.Close() }()
		if _, err := n.Read(make([]byte, 8)); !errors.Is(err, ErrGone) {
			t.Errorf("%v", err)
		}
	})
}

// A report that wakes a scanner reaches it whole; one that no scanner wants is refused.
func TestFeature(t *testing.T) {
	ours, _ := pair(t)
	h := NewHID(ours, []byte{1, 2, 3})
	var told []byte
	h.feature = func(report [longFeature]byte, n int) error {
		told = report[:n]
		return nil
	}
	if err := h.Feature([]byte{0xfe, 1}); err != nil || !bytes.Equal(told, []byte{0xfe, 1}) || len(h.Descriptor()) != 3 {
		t.Errorf("told %x, %v", told, err)
	}
	for _, bad := range [][]byte{nil, make([]byte, longFeature+1)} {
		if err := h.Feature(bad); !errors.Is(err, ErrNoHID) {
			t.Errorf("%x: %v", bad, err)
		}
	}
	h.feature = func([longFeature]byte, int) error { return unix.ENODEV }
	if err := h.Feature([]byte{0xfe}); !errors.Is(err, ErrGone) {
		t.Errorf("%v", err)
	}
}
