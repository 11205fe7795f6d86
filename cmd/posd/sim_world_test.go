package main

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"math/rand/v2"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"posd/pos"
	"posd/pos/acquirer/citcon"
	"posd/pos/acquirer/sandbox"
	"posd/pos/till"
	"posd/store"
)

// world is one register with everything around it in one bubble of simulated time: the real till on the
// real file, the real client on a rough line, the simulated acquirer, and people.
type world struct {
	t    *testing.T
	seed uint64
	d    *rand.Rand
	path string
	box  *sandbox.Sandbox
	line *roughLine
	rand *rand.ChaCha8

	cuts float64 // how often the power goes at a write
	file *fragile
	till *till.Till
	stop func()

	wrong wrongRule
	found []string // what does not agree at the end
	log   []string

	mu    sync.Mutex
	power chan struct{} // closed when the power went
	seen  map[string]bool
}

var errPower = errors.New("the power went")

// fragile is the real file on a machine whose power may go right before or right after any commit. Then
// nothing is written or sent any more, until the next start.
type fragile struct {
	*store.Store
	w     *world
	mu    sync.Mutex
	n     int
	start int
	off   bool
}

func (f *fragile) Append(ctx context.Context, entries ...pos.Entry) ([]pos.Entry, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.off {
		return nil, errPower
	}
	f.n++
	d := draws(f.w.seed, fmt.Sprint("write", f.start, " ", f.n))
	if !f.w.line.healed.Load() && d.Float64() < f.w.cuts {
		f.off = true
		if d.IntN(2) == 0 { // it was on disk, and nobody heard of it
			if _, err := f.Store.Append(ctx, entries...); err != nil {
				return nil, err
			}
		}
		close(f.w.power)
		return nil, errPower
	}
	return f.Store.Append(ctx, entries...)
}

func (f *fragile) Reopen(ctx context.Context) error {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.off {
		return errPower
	}
	return f.Store.Reopen(ctx)
}

func newWorld(t *testing.T, seed uint64, wrong wrongRule) *world {
	d := draws(seed, "world")
	var key [32]byte
	for i := range key {
		key[i] = byte(seed >> (i % 8 * 8))
	}
	w := &world{t: t, seed: seed, d: d, path: filepath.Join(t.TempDir(), "register.db"), rand: rand.NewChaCha8(key),
		box: sandbox.New(sandbox.Options{Token: "0A1B2C3D", Currency: "USD", BOM: seed%2 == 0}), wrong: wrong, seen: map[string]bool{}}
	w.line = newRoughLine(seed, d.Float64()*0.5, w.box)
	w.cuts = d.Float64() * 0.05
	w.start()
	return w
}

// start is a power-on.
func (w *world) start() {
	w.t.Helper()
	s, err := store.Open(w.t.Context(), store.Options{Path: w.path, Key: make([]byte, 32), Log: slog.New(slog.DiscardHandler)})
	if err != nil {
		w.t.Fatal(err)
	}
	starts := 0
	if w.file != nil {
		starts = w.file.start + 1
	}
	w.file = &fragile{Store: s, w: w, start: starts}
	w.power = make(chan struct{})
	bank, err := citcon.New(citcon.Options{URL: "http://127.0.0.1/posp/rest/", Token: func() (string, error) { return "0A1B2C3D", nil }, Currency: "USD", Dial: w.line.open})
	if err != nil {
		w.t.Fatal(err)
	}
	log := slog.New(slog.DiscardHandler)
	w.till = till.New(till.Options{
		Register: "NYC5AV-03", Currency: "USD", Calendar: pos.Calendar{Zone: time.UTC, Cutoff: 4 * time.Hour},
		Hold: time.Duration(w.seed%2) * 25 * time.Second, Limit: 50, Journal: w.file, Acquirer: w.wrong.acquirer(bank), Rand: w.rand, Log: log,
		Show: w.shown, Told: func(string, any) {}, Committed: func(pos.Growth) {}, Trouble: func(pos.Trouble) {}, Clear: func(pos.TroubleCode, string) {},
	})
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan error, 1)
	go func() { done <- w.till.Run(ctx) }()
	w.stop = func() {
		cancel()
		if err := <-done; err != nil && !errors.Is(err, errPower) {
			w.t.Error(err)
		}
		bank.Close()
		if err := s.Close(); err != nil {
			w.t.Error(err)
		}
	}
	synctest.Wait()
}

// restart pulls the plug and puts it back.
func (w *world) restart() {
	w.stop()
	w.start()
}

// shown lets a shopper see the customer display: a QR on it may be scanned, at once or much later.
func (w *world) shown(p pos.Prompt) {
	_, id, ok := strings.Cut(p.QR, "=")
	if p.Kind != pos.PromptQR || !ok {
		return
	}
	w.mu.Lock()
	again := w.seen[id]
	w.seen[id] = true
	w.mu.Unlock()
	d := draws(w.seed, "qr "+id[:5])
	if again || d.IntN(4) == 0 {
		return
	}
	w.line.late.Go(func() {
		time.Sleep(time.Duration(d.IntN(150)) * time.Second)
		w.box.Decide(id, d.IntN(8) != 0)
	})
}

// wait passes time. When the power went meanwhile, it comes back.
func (w *world) wait(d time.Duration) {
	timer := time.NewTimer(d)
	defer timer.Stop()
	for {
		select {
		case <-timer.C:
			synctest.Wait()
			select {
			case <-w.power:
				w.restart()
			default:
			}
			return
		case <-w.power:
			w.restart()
		}
	}
}

// day is one day of trade: every step is what somebody at the counter might do.
func (w *world) day(n int) {
	d := w.d
	for i := range 8 {
		w.box.Script(w.meets(d))
		if d.IntN(6) == 0 {
			w.box.ScriptRefunds(sandbox.Step{Do: []sandbox.Do{sandbox.Decline, sandbox.LostAfter, sandbox.Slow}[d.IntN(3)], For: 30 * time.Second})
		}
		w.line.down.Store(d.IntN(8) == 0)
		sale := w.sell(int64(1000*n + i + 100))
		if sale == "" {
			w.wait(time.Minute)
			continue
		}
		for try := range 1 + d.IntN(2) {
			w.pay(sale, n*1000+i*10+try)
			w.wait(time.Duration(d.IntN(60)) * time.Second)
			w.line.down.Store(d.IntN(8) == 0)
		}
		ctx := w.t.Context()
		switch d.IntN(8) {
		case 0:
			_, _ = w.till.Cancel(ctx, sale, "mroy")
		case 1:
			_, _ = w.till.Settle(ctx, sale, "cash", "mroy")
		case 2:
			w.restart()
		case 3:
			w.rule(5 * time.Minute)
		}
		if d.IntN(3) == 0 {
			_, _ = w.till.Refund(ctx, pos.NewRefund{Sale: sale, Minor: int64(1 + d.IntN(1500)), Reason: "returned", By: "mroy", Key: fmt.Sprint("r", n, i), KeyHash: "h"})
		}
		w.wait(time.Duration(d.IntN(90)) * time.Second)
	}
	if d.IntN(2) == 0 {
		_, _ = w.till.CloseDay(w.t.Context(), pos.NewClose{By: "jdoe", Key: fmt.Sprint("close", n), KeyHash: "h"})
	}
	w.wait(time.Duration(1+d.IntN(20)) * time.Hour)
}

// meets is what the next charge meets at the acquirer.
func (w *world) meets(d *rand.Rand) sandbox.Step {
	switch d.IntN(7) {
	case 0:
		return sandbox.Step{Do: sandbox.Decline}
	case 1:
		return sandbox.Step{Do: sandbox.Never}
	case 2:
		return sandbox.Step{Do: sandbox.Password, For: time.Duration(d.IntN(90)) * time.Second}
	case 3:
		return sandbox.Step{Do: sandbox.Polls, N: 1 + d.IntN(5)}
	}
	return sandbox.Step{Do: sandbox.Approve}
}

// sell opens a sale; where the power goes at that moment there is none.
func (w *world) sell(minor int64) string {
	s, err := w.till.Sell(w.t.Context(), pos.NewSale{Amount: pos.Amount{Minor: minor, Currency: "USD"}, Tip: int64(w.d.IntN(3)) * 50,
		Confirm: &pos.Confirmation{By: "jdoe", Why: "two bags"}})
	if err != nil {
		return ""
	}
	return s.ID
}

// pay begins one try.
func (w *world) pay(sale string, n int) {
	prefix := []string{"13", "28"}[w.d.IntN(2)]
	scan := pos.Scan{Code: pos.NewCode(fmt.Sprintf("%s%016d", prefix, n)), Whole: true}
	ctx := w.t.Context()
	switch w.d.IntN(4) {
	case 0:
		_, _ = w.till.Present(ctx, sale, "")
	case 1:
		_, _ = w.till.Arm(ctx, sale)
		w.till.Scanned(scan)
	default:
		_, _ = w.till.Scan(ctx, sale, scan)
	}
}
