package power

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"math/rand/v2"
	"os"
	"path/filepath"
	"testing"
	"testing/synctest"
	"time"

	"posd/pos"
	"posd/pos/till"
	"posd/store"
)

var key = bytes.Repeat([]byte{7}, 32)

// mounted is an empty bad disk for one test.
func mounted(t *testing.T) (*Disk, string) {
	t.Helper()
	dir := t.TempDir()
	d, err := Mount(dir)
	if err != nil {
		t.Fatalf("the disk of this test is a FUSE file system, which this machine does not let us mount: %v\n"+
			"It needs root and /dev/fuse: load it with 'modprobe fuse'; in a container, start it with --device /dev/fuse --cap-add SYS_ADMIN.", err)
	}
	t.Cleanup(func() {
		if err := d.Unmount(); err != nil {
			t.Errorf("unmount: %v", err)
		}
	})
	return d, dir
}

// step is one commit: where the log stood when it was asked for and when it was acknowledged.
type step struct {
	from, to int
	entries  []pos.Entry
}

// witness is the real register file, and remembers what it acknowledged and when.
type witness struct {
	*store.Store
	disk  *Disk
	steps []step
}

func (w *witness) Append(ctx context.Context, entries ...pos.Entry) ([]pos.Entry, error) {
	from := w.disk.Mark()
	written, err := w.Store.Append(ctx, entries...)
	if err == nil {
		w.steps = append(w.steps, step{from, w.disk.Mark(), written})
	}
	return written, err
}

// scene is a stretch of the log with a name.
type scene struct {
	name     string
	from, to int
}

// counter is a till at work on a bad disk, in a bubble of its own time.
type counter struct {
	t      *testing.T
	disk   *Disk
	dir    string
	bank   *bank
	file   *witness
	till   *till.Till
	stop   func()
	scenes []scene
	rand   *rand.ChaCha8
	codes  int

	reserve int64
}

func (c *counter) path() string { return filepath.Join(c.dir, "register.db") }

// scene plays a stretch and remembers where in the log it was.
func (c *counter) scene(name string, play func()) {
	c.t.Helper()
	from := c.disk.Mark()
	play()
	synctest.Wait()
	c.scenes = append(c.scenes, scene{name, from, c.disk.Mark()})
}

func (c *counter) start() {
	c.t.Helper()
	s, err := store.Open(c.t.Context(), store.Options{Path: c.path(), Key: key, Log: slog.New(slog.DiscardHandler), Reserve: c.reserve})
	if err != nil {
		c.t.Fatal(err)
	}
	if c.file == nil {
		c.file = &witness{disk: c.disk}
	}
	c.file.Store = s
	c.till = till.New(till.Options{Register: "NYC5AV-03", Currency: "USD", Calendar: pos.Calendar{Zone: time.UTC, Cutoff: 4 * time.Hour}, Limit: 20,
		Journal: c.file, Acquirer: c.bank, Rand: c.rand, Log: slog.New(slog.DiscardHandler), Show: func(pos.Prompt) {}, Told: func(string, any) {},
		Committed: func(pos.Growth) {}, Trouble: func(pos.Trouble) {}, Clear: func(pos.TroubleCode, string) {}})
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan error, 1)
	go func() { done <- c.till.Run(ctx) }()
	synctest.Wait()
	c.stop = func() {
		cancel()
		if err := errors.Join(<-done, s.Close()); err != nil {
			c.t.Error(err)
		}
	}
}

// sell opens a sale and scans a code for it.
func (c *counter) sell(minor int64) string {
	c.t.Helper()
	s, err := c.till.Sell(c.t.Context(), pos.NewSale{Amount: pos.Amount{Minor: minor, Currency: "USD"}, Ticket: "A-1", Key: fmt.Sprint("k", c.codes),
		Confirm: &pos.Confirmation{By: "manager", Why: "two bags"}})
	if err != nil {
		c.t.Fatal(err)
	}
	c.codes++
	code := fmt.Sprintf("13456789012345%04d", c.codes)
	if _, err := c.till.Scan(c.t.Context(), s.ID, pos.Scan{Code: pos.NewCode(code), Whole: true}); err != nil {
		c.t.Fatal(err)
	}
	synctest.Wait()
	return s.ID
}

func (c *counter) refund(sale string, minor int64) {
	c.t.Helper()
	c.codes++
	if _, err := c.till.Refund(c.t.Context(), pos.NewRefund{Sale: sale, Minor: minor, Reason: "returned", By: "mroy", Key: fmt.Sprint("r", c.codes)}); err != nil {
		c.t.Fatal(err)
	}
}

func (c *counter) is(sale, want string) {
	c.t.Helper()
	s, err := c.file.Sale(c.t.Context(), sale)
	if err != nil || s.Status() != want {
		c.t.Fatalf("the sale is %q, want %q: %v", s.Status(), want, err)
	}
}

// after lets the bubble's time pass.
func after(d time.Duration) {
	time.Sleep(d)
	synctest.Wait()
}

// day plays one day at the counter, from an empty disk: every kind of step that the register writes.
func (c *counter) day(sales int, long bool) {
	c.scene("first start", c.start)
	if long {
		for pages := 0; pages < 900; { // SQLite writes the log back at a thousand
			c.sell(1000)
			info, err := os.Stat(c.path() + "-wal")
			if err != nil {
				c.t.Fatal(err)
			}
			pages = int(info.Size() / (24 + 1024)) // frames
		}
		c.disk.Begin()
		c.scenes[0].to = 0
		for n := range c.file.steps {
			c.file.steps[n].from, c.file.steps[n].to = 0, 0
		}
	}
	var paid string
	c.scene("sales", func() {
		for n := range sales {
			paid = c.sell(int64(4200 + n))
			c.is(paid, "paid")
		}
	})
	c.scene("cancel", func() {
		c.bank.set(true, false)
		sale := c.sell(1300)
		if _, err := c.till.Cancel(c.t.Context(), sale, "mroy"); err != nil {
			c.t.Fatal(err)
		}
		after(time.Minute)
		c.is(sale, "cancelled")
		c.bank.set(false, false)
	})
	c.scene("refund", func() { c.refund(paid, 700) })
	c.scene("drain", func() {
		c.bank.set(false, true)
		for n := range 2 {
			c.refund(paid, int64(100+n))
		}
		synctest.Wait()
		c.bank.set(false, false)
		if err := c.till.Sync(c.t.Context()); err != nil {
			c.t.Fatal(err)
		}
		after(time.Minute)
		s, err := c.file.Sale(c.t.Context(), paid)
		if back, _ := s.RefundTotals(); err != nil || back != 901 {
			c.t.Fatalf("%d went back: %v", back, err)
		}
	})
	c.scene("backup", func() {
		if _, err := c.file.Backup(c.t.Context(), filepath.Join(c.dir, "backup")); err != nil {
			c.t.Fatal(err)
		}
	})
	c.scene("day's close", func() {
		if _, err := c.till.CloseDay(c.t.Context(), pos.NewClose{By: "mroy", Key: "z1"}); err != nil {
			c.t.Fatal(err)
		}
	})
	c.scene("stop", func() { c.stop() })
	c.scene("start", func() { c.start() })
	c.scene("stop again", func() { c.stop() })
}

// played is a day that was recorded, with what it acknowledged.
type played struct {
	record Recorded
	steps  []step
	scenes []scene
}

// play records what happens in a bubble on a disk of its own.
func play(t *testing.T, do func(*counter)) played {
	t.Helper()
	disk, dir := mounted(t)
	var p played
	synctest.Test(t, func(t *testing.T) {
		c := &counter{t: t, disk: disk, dir: dir, bank: &bank{state: map[string]pos.Event{}}, rand: rand.NewChaCha8([32]byte{1}), file: &witness{disk: disk}}
		disk.Begin()
		do(c)
		p.steps, p.scenes = c.file.steps, c.scenes
	})
	p.record = disk.Recorded()
	live := disk.Files()
	end := p.record.Play()
	for end.Step() {
	}
	kept := end.Image(Kept, nil)
	for name, data := range live {
		if !bytes.Equal(kept[name], data) {
			t.Fatalf("the record does not lead to what is on the disk: %s", name)
		}
	}
	return p
}

// put writes an image into a folder.
func put(t *testing.T, dir string, files map[string][]byte) {
	t.Helper()
	for name, data := range files {
		at := filepath.Join(dir, name)
		if err := errors.Join(os.MkdirAll(filepath.Dir(at), 0o700), os.WriteFile(at, data, 0o600)); err != nil {
			t.Fatal(err)
		}
	}
}
