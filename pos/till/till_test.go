package till_test

import (
	"context"
	"crypto/rand"
	"fmt"
	"io"
	"log/slog"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"posd/pos"
	"posd/pos/health"
	"posd/pos/till"
	"posd/store"
)

// counter is a till at work on a real register file, with a bank of its own.
type counter struct {
	t    *testing.T
	bank *bank
	path string
	hold time.Duration

	limit int
	codes int       // that were made up
	rand  io.Reader // for ids

	restored, takenZ int // what the file says of its restores

	seen func(qr string)  // a shopper sees a QR; may be nil
	grew func(pos.Growth) // screens are told; may be nil

	file  *flaky
	till  *till.Till
	board *health.Board // what a person is told
	stop  func()

	mu       sync.Mutex
	prompts  []pos.PromptKind
	screen   pos.PromptKind // the last that those were told who listen
	felt     []bool         // what became of each code off the scanner
	troubles map[pos.TroubleCode]int
	failed   int // how often the till was closed over the file
	began    time.Time
}

// flaky is a real store whose next appends may fail, before or after they happened.
type flaky struct {
	*store.Store
	mu    sync.Mutex
	fail  []fault
	shut  int           // so many times the file cannot be opened again
	blind []error       // what comes instead of a sale that is looked up by what was paid for it
	full  bool          // the disk has no room for anything new
	slow  time.Duration // so long takes the next append
	read  int           // refunds that were read
	most  int           // entries about refunds in one step
	steps int           // that held entries about refunds
	left  []string      // refunds, in the order they went

	mislisted  string // a refund that is listed with a sale that knows none of it
	unreadable bool   // what is owed cannot be read
	opened     int    // again, so many times

	restored, takenZ int
}

func (f *flaky) Generation(ctx context.Context) (n, z int, err error) {
	if f.restored > 0 {
		return f.restored, f.takenZ, nil
	}
	return f.Store.Generation(ctx)
}

func (f *flaky) SaleOf(ctx context.Context, reference string) (pos.Sale, error) {
	f.mu.Lock()
	err := pop(&f.blind)
	f.mu.Unlock()
	if err != nil {
		return pos.Sale{}, err
	}
	return f.Store.SaleOf(ctx, reference)
}

func (f *flaky) Reopen(ctx context.Context) error {
	f.mu.Lock()
	f.opened++
	f.shut--
	shut := f.shut >= 0
	f.mu.Unlock()
	if shut {
		return fmt.Errorf("disk I/O error")
	}
	return f.Store.Reopen(ctx)
}

type fault struct {
	kind     pos.Kind // the append that holds this kind fails
	happened bool     // although it was written
}

func (f *flaky) Append(ctx context.Context, entries ...pos.Entry) ([]pos.Entry, error) {
	f.mu.Lock()
	var hit *fault
	slow := f.slow
	f.slow = 0
	refunds := 0
	for _, e := range entries {
		if strings.HasPrefix(string(e.Kind), "refund.") {
			refunds++
		}
		if e.Kind == pos.KindOfRefund(pos.RefundLeave) {
			f.left = append(f.left, e.Reference)
		}
	}
	if f.most = max(f.most, refunds); refunds > 0 {
		f.steps++
	}
	if len(f.fail) > 0 && slices.ContainsFunc(entries, func(e pos.Entry) bool { return e.Kind == f.fail[0].kind }) {
		first := f.fail[0]
		hit, f.fail = &first, f.fail[1:]
	}
	f.mu.Unlock()
	time.Sleep(slow)
	if hit == nil {
		return f.Store.Append(ctx, entries...)
	}
	if hit.happened {
		if _, err := f.Store.Append(ctx, entries...); err != nil {
			return nil, err
		}
	}
	return nil, fmt.Errorf("disk I/O error")
}

// blank is a register file that nothing was written into. To make one anew takes longer than most stories.
var blank = sync.OnceValues(func() ([]byte, error) {
	dir, err := os.MkdirTemp("", "till-")
	if err != nil {
		return nil, err
	}
	defer os.RemoveAll(dir)
	path := filepath.Join(dir, "register.db")
	s, err := store.Open(context.Background(), store.Options{Path: path, Key: make([]byte, 32), Log: slog.New(slog.DiscardHandler)})
	if err != nil {
		return nil, err
	}
	if err := s.Close(); err != nil {
		return nil, err
	}
	return os.ReadFile(path)
})

// story runs in a bubble where the clock starts at 2000-01-01 and jumps when everyone waits.
func story(t *testing.T, play func(c *counter), with ...func(*counter)) {
	t.Helper()
	file, err := blank()
	if err != nil {
		t.Fatal(err)
	}
	synctest.Test(t, func(t *testing.T) {
		c := &counter{t: t, bank: newBank(), path: filepath.Join(t.TempDir(), "register.db"), limit: 20, rand: rand.Reader, troubles: map[pos.TroubleCode]int{}, began: time.Now()}
		for _, f := range with {
			f(c)
		}
		if err := os.WriteFile(c.path, file, 0o600); err != nil {
			t.Fatal(err)
		}
		c.start()
		defer func() { c.stop() }()
		play(c)
	})
}

func (c *counter) start() {
	c.t.Helper()
	s, err := store.Open(c.t.Context(), store.Options{Path: c.path, Key: make([]byte, 32), Log: slog.New(slog.DiscardHandler)})
	if err != nil {
		c.t.Fatal(err)
	}
	c.file = &flaky{Store: s, restored: c.restored, takenZ: c.takenZ}
	c.board = health.New(func() {})
	c.till = till.New(till.Options{
		Register: "NYC5AV-03", Currency: "USD", Calendar: pos.Calendar{Zone: time.UTC, Cutoff: 4 * time.Hour}, Hold: c.hold, Limit: c.limit,
		Journal: c.file, Acquirer: c.bank, Rand: c.rand, Log: slog.New(slog.DiscardHandler),
		Show: func(p pos.Prompt) {
			c.mu.Lock()
			defer c.mu.Unlock()
			c.prompts = append(c.prompts, p.Kind)
			if p.Kind == pos.PromptQR && c.seen != nil {
				c.seen(p.QR)
			}
		},
		Told: func(_ string, what any) {
			if p, ok := what.(pos.Prompt); ok {
				c.mu.Lock()
				defer c.mu.Unlock()
				c.screen = p.Kind
			}
		},
		Committed: func(g pos.Growth) {
			if c.grew != nil {
				c.grew(g)
			}
		},
		Felt: func(_ string, taken bool) {
			c.mu.Lock()
			defer c.mu.Unlock()
			c.felt = append(c.felt, taken)
		},
		Trouble: func(t pos.Trouble) {
			c.board.Raise(t)
			c.mu.Lock()
			defer c.mu.Unlock()
			c.troubles[t.Code]++
			if t.Code == pos.TroubleStorage {
				c.failed++
			}
		},
		Clear: func(code pos.TroubleCode, about string) {
			c.board.Clear(code, about)
			c.mu.Lock()
			defer c.mu.Unlock()
			if code == pos.TroubleNeedsManager || code == pos.TroubleStorage || code == pos.TroubleDiskFull {
				delete(c.troubles, code)
			}
		},
	})
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan error, 1)
	go func() { done <- c.till.Run(ctx) }()
	c.stop = func() {
		cancel()
		if err := <-done; err != nil {
			c.t.Error(err)
		}
		if err := c.file.Close(); err != nil {
			c.t.Error(err)
		}
	}
	synctest.Wait()
}

// restart is a power cut with the file kept: nothing in memory survives.
func (c *counter) restart() {
	c.t.Helper()
	c.stop()
	c.start()
}

func (c *counter) sell(minor int64) string {
	c.t.Helper()
	s, err := c.till.Sell(c.t.Context(), pos.NewSale{Amount: pos.Amount{Minor: minor, Currency: "USD"},
		Confirm: &pos.Confirmation{By: "manager", Why: "two bags"}})
	if err != nil {
		c.t.Fatal(err)
	}
	return s.ID
}

const wechatCode, alipayCode = "134567890123456789", "281234567890123456"

func scanned(code string) pos.Scan { return pos.Scan{Code: pos.NewCode(code), Whole: true} }

// scan pays with a code, and waits until the charge is with the bank: the next one meets what comes next there.
func (c *counter) scan(sale, code string) {
	c.t.Helper()
	if _, err := c.till.Scan(c.t.Context(), sale, scanned(code)); err != nil {
		c.t.Fatal(err)
	}
	c.wait(0)
}

func (c *counter) wait(d time.Duration) {
	time.Sleep(d)
	synctest.Wait()
}

// What follows reads when the till's turn is over: an answer may come a moment before the screens and the file have it.

// standing is what everybody is told.
func (c *counter) standing() pos.Standing {
	synctest.Wait()
	return c.till.Standing()
}

func (c *counter) sale(id string) pos.Sale {
	c.t.Helper()
	s, err := c.file.Sale(c.t.Context(), id)
	if err != nil {
		c.t.Fatal(err)
	}
	return s
}

func (c *counter) status(id, want string) {
	c.t.Helper()
	synctest.Wait()
	if got := c.sale(id); got.Status() != want {
		c.t.Errorf("the sale is %q, want %q; the journal:\n%s", got.Status(), want, strings.Join(c.journal(), "\n"))
	}
}

// journal is the file as a technician would tell it: when, and what.
func (c *counter) journal() []string {
	synctest.Wait()
	entries, err := c.file.Entries(c.t.Context(), 0, 1000)
	if err != nil {
		c.t.Fatal(err)
	}
	var lines []string
	for _, e := range entries {
		line := fmt.Sprintf("%ds %s", int(e.At.Sub(c.began).Seconds()), e.Kind)
		if e.Body.To != "" {
			line += " -> " + e.Body.To
		}
		lines = append(lines, line)
	}
	return lines
}

// journalOf is the kinds of a sale's entries.
func (c *counter) journalOf(id string) (kinds []string) {
	synctest.Wait()
	entries, err := c.file.Entries(c.t.Context(), 0, 2000)
	if err != nil {
		c.t.Fatal(err)
	}
	for _, e := range entries {
		if e.Sale == id {
			kinds = append(kinds, string(e.Kind))
		}
	}
	return kinds
}

func (c *counter) journaled(want ...string) {
	c.t.Helper()
	got := c.journal()
	if len(got) > 2 && got[0] == "0s day.opened" && got[1] == "0s sale.opened" {
		got = got[2:]
	}
	if !slices.Equal(got, want) {
		c.t.Errorf("journal:\n got %s\nwant %s", strings.Join(got, "\n     "), strings.Join(want, "\n     "))
	}
}

func (c *counter) troubled(code pos.TroubleCode, want bool) {
	c.t.Helper()
	synctest.Wait()
	c.mu.Lock()
	defer c.mu.Unlock()
	if got := c.troubles[code] > 0; got != want {
		c.t.Errorf("trouble %s stands: %v, want %v", code, got, want)
	}
}

// told is what stands on the screens now: code, what it is about, and since how many seconds of the story.
func (c *counter) told() (lines []string) {
	synctest.Wait()
	for _, t := range c.board.Standing(time.Now()) {
		lines = append(lines, strings.TrimSpace(fmt.Sprintf("%s %s", t.Code, t.About))+fmt.Sprintf(" %ds", int(t.Since.Sub(c.began).Seconds())))
	}
	return lines
}

func (c *counter) shown(want ...pos.PromptKind) {
	c.t.Helper()
	synctest.Wait()
	c.mu.Lock()
	defer c.mu.Unlock()
	if !slices.Equal(c.prompts, want) {
		c.t.Errorf("customer display: got %q, want %q", c.prompts, want)
	}
}

func problem(t *testing.T, err error, want pos.Problem) {
	t.Helper()
	if err == nil || pos.ProblemOf(err) != want {
		t.Errorf("got %v, want problem %s", err, want)
	}
}
