package line

import (
	"bytes"
	"errors"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"testing"
	"time"

	"github.com/creack/pty"
	"golang.org/x/sys/unix"
)

// device is the far end of a line: a pseudo-terminal's master, and the path the register opens.
type device struct {
	*os.File
	path string
	tty  *os.File // kept open, so that the line stays raw
}

// plug makes a device. The library leaves the master on a blocking descriptor that Close does not wake,
// so it is moved to one that it does.
func plug(t *testing.T) *device {
	t.Helper()
	master, tty, err := pty.Open()
	if err != nil {
		t.Fatal(err)
	}
	fd, err := unix.FcntlInt(master.Fd(), unix.F_DUPFD_CLOEXEC, 0)
	if err = errors.Join(err, master.Close(), unix.SetNonblock(fd, true)); err != nil {
		t.Fatal(err)
	}
	termios, err := unix.IoctlGetTermios(int(tty.Fd()), unix.TCGETS)
	if err != nil {
		t.Fatal(err)
	}
	termios.Iflag, termios.Oflag, termios.Lflag = 0, 0, 0
	if err := unix.IoctlSetTermios(int(tty.Fd()), unix.TCSETS, termios); err != nil {
		t.Fatal(err)
	}
	d := &device{os.NewFile(uintptr(fd), "master"), tty.Name(), tty}
	t.Cleanup(d.pull)
	return d
}

// pull hangs the line up.
func (d *device) pull() { _, _ = d.Close(), d.tty.Close() }

func open1(t *testing.T, d *device) *Line {
	t.Helper()
	l, err := Open(t.Context(), d.path, 9600)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = l.Close() })
	return l
}

// within bounds what must end by itself.
func within(t *testing.T, d time.Duration, what string, f func()) {
	t.Helper()
	done := make(chan struct{})
	go func() { f(); close(done) }()
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-done:
	case <-timer.C:
		t.Fatalf("%s did not end in %s", what, d)
	}
}

// A technician sees why a port cannot be opened, in words.
func TestOpenSaysWhyNot(t *testing.T) {
	dir := t.TempDir()
	plain := filepath.Join(dir, "file")
	if err := os.WriteFile(plain, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	for path, want := range map[string]error{filepath.Join(dir, "none"): ErrAbsent, plain: ErrNoPort, os.DevNull: ErrNoPort} {
		if _, err := Open(t.Context(), path, 9600); !errors.Is(err, want) {
			t.Errorf("%s: %v, want %v", path, err, want)
		}
	}
}

// Every byte value passes both ways unchanged, also through a link under another name.
func TestBytesPassUnchanged(t *testing.T) {
	d := plug(t)
	link := filepath.Join(t.TempDir(), "by-id")
	if err := os.Symlink(d.path, link); err != nil {
		t.Fatal(err)
	}
	l, err := Open(t.Context(), link, 9600)
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	var all []byte
	for i := range 256 {
		all = append(all, byte(i))
	}
	got := make([]byte, len(all))
	if _, err := d.Write(all); err != nil {
		t.Fatal(err)
	}
	if _, err := io.ReadFull(l, got); err != nil || !bytes.Equal(got, all) {
		t.Errorf("read %x, %v", got, err)
	}
	if n, err := l.Write(all); n != len(all) || err != nil {
		t.Errorf("wrote %d, %v", n, err)
	}
	if _, err := io.ReadFull(d, got); err != nil || !bytes.Equal(got, all) {
		t.Errorf("the device read %x, %v", got, err)
	}
}

// A long picture for the display arrives whole, although the system takes it in pieces.
func TestLongWriteIsWhole(t *testing.T) {
	d := plug(t)
	l := open1(t, d)
	long := bytes.Repeat([]byte("0123456789"), 6000)
	got := make([]byte, len(long))
	done := make(chan error, 1)
	go func() { _, err := io.ReadFull(d, got); done <- err }()
	if n, err := l.Write(long); n != len(long) || err != nil {
		t.Errorf("wrote %d, %v", n, err)
	}
	if err := <-done; err != nil || !bytes.Equal(got, long) {
		t.Errorf("%v; equal: %v", err, bytes.Equal(got, long))
	}
}

// A display that takes no bytes does not hold the register: the write ends and the line is given up.
func TestStuckDevice(t *testing.T) {
	d := plug(t)
	l := open1(t, d)
	l.stuck = 100 * time.Millisecond
	within(t, 20*time.Second, "a write to a device that reads nothing", func() {
		n, err := l.Write(make([]byte, 1<<20))
		if !errors.Is(err, ErrStuck) || n >= 1<<20 {
			t.Errorf("wrote %d, %v", n, err)
		}
	})
	if _, err := l.Write([]byte("more")); !errors.Is(err, ErrGone) {
		t.Errorf("after that: %v", err)
	}
}

// Nothing that is written after the close lands in the file that got the port's number.
func TestWriteAfterCloseGoesNowhere(t *testing.T) {
	l := open1(t, plug(t))
	if err := l.Close(); err != nil {
		t.Fatal(err)
	}
	var files []*os.File
	for range 16 { // one of them has the number now
		f, err := os.CreateTemp(t.TempDir(), "ledger")
		if err != nil {
			t.Fatal(err)
		}
		defer f.Close()
		files = append(files, f)
	}
	if n, err := l.Write([]byte("payment")); n != 0 || !errors.Is(err, ErrGone) {
		t.Errorf("wrote %d, %v", n, err)
	}
	for _, f := range files {
		if info, err := f.Stat(); err != nil || info.Size() != 0 {
			t.Errorf("%s has %d bytes", f.Name(), info.Size())
		}
	}
	if err := l.Close(); err != nil {
		t.Errorf("closed twice: %v", err)
	}
}

// The cable is pulled, or the desk closes: a read that waits ends at once.
func TestReadEnds(t *testing.T) {
	for name, end := range map[string]func(*device, *Line){
		"cable pulled": func(d *device, _ *Line) { d.pull() },
		"line closed":  func(_ *device, l *Line) { _ = l.Close() },
	} {
		t.Run(name, func(t *testing.T) {
			d := plug(t)
			l := open1(t, d)
			waiting := make(chan struct{})
			within(t, 30*time.Second, "a read", func() {
				go func() { <-waiting; end(d, l) }()
				close(waiting)
				if n, err := l.Read(make([]byte, 64)); n != 0 || err == nil {
					t.Errorf("read %d, %v", n, err)
				}
			})
		})
	}
}

// A browser that the register starts must not keep the scanner's port when the register dies.
func TestChildrenInheritNothing(t *testing.T) {
	d := plug(t)
	_ = open1(t, d)
	out, err := exec.CommandContext(t.Context(), "ls", "-l", "/proc/self/fd").Output()
	if err != nil {
		t.Fatal(err)
	}
	if strings.Contains(string(out), d.path) || strings.Count(string(out), "pipe:") > 2 {
		t.Errorf("a child has:\n%s", out)
	}
}

// With more files open than the library can read beside, a line works all the same.
func TestManyFiles(t *testing.T) {
	var limit unix.Rlimit
	if err := unix.Getrlimit(unix.RLIMIT_NOFILE, &limit); err != nil {
		t.Fatal(err)
	}
	if limit.Cur < 1100 {
		t.Fatalf("this test needs 1100 files, the limit is %d: ulimit -n 2048", limit.Cur)
	}
	d := plug(t)
	for range 1024 {
		f, err := os.Open(os.DevNull)
		if err != nil {
			t.Fatal(err)
		}
		defer f.Close()
	}
	l := open1(t, d)
	if _, err := d.WriteString("4006381333931\r"); err != nil {
		t.Fatal(err)
	}
	if n, err := l.Read(make([]byte, 64)); n != 14 || err != nil {
		t.Errorf("read %d, %v", n, err)
	}
}

// A cable that blinks all day leaves no descriptor and no goroutine behind.
func TestOpenAndCloseLeakNothing(t *testing.T) {
	d := plug(t)
	count := func() int {
		list, err := os.ReadDir("/proc/self/fd")
		if err != nil {
			t.Fatal(err)
		}
		return len(list)
	}
	once := func() {
		l, err := Open(t.Context(), d.path, 9600)
		if err != nil {
			t.Fatal(err)
		}
		if err := l.Close(); err != nil {
			t.Fatal(err)
		}
	}
	once()
	files, routines := count(), runtime.NumGoroutine()
	for range 200 {
		once()
	}
	if got := count(); got > files {
		t.Errorf("%d descriptors, %d before", got, files)
	}
	if got := runtime.NumGoroutine(); got > routines+20 { // some may still be on their way out; 200 were opened
		t.Errorf("%d goroutines, %d before", got, routines)
	}
}
