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

// world is one register with everything around it: the real till on the real file, the real client on a
// rough line, the simulated acquirer, and people. Its clock is a bubble's; where a clock jumps, the machine
// goes on in another bubble.
type world struct {
	t     *testing.T // of the bubble
	seed  uint64
	d     *rand.Rand
	box   *sandbox.Sandbox
	line  *roughLine
	power *power
	rand  *rand.ChaCha8
	days  int                  // that were traded
	jump  time.Duration        // of the clock
	left  map[string]time.Time // by reference, as journaled

	file *store.Store
	till *till.Till
	stop func()

	wrong wrongRule
	found []string // what does not agree
	log   []string

	mu    sync.Mutex
	seen  map[string]bool
	begun map[string]int
}

func newWorld(t *testing.T, seed uint64, wrong wrongRule) *world {
	d := draws(seed, "world")
	key := func(salt uint64) (key [32]byte) {
		for i := range key {
			key[i] = byte((seed ^ salt) >> (i % 8 * 8))
		}
		return key
	}
	w := &world{t: t, seed: seed, d: d, rand: rand.NewChaCha8(key(0)), wrong: wrong, left: map[string]time.Time{}, seen: map[string]bool{}, begun: map[string]int{},
		box: sandbox.New(sandbox.Options{Token: "0A1B2C3D", Currency: "USD", BOM: seed%2 == 0, Rand: rand.NewChaCha8(key(1 << 63))})}
	w.line = newRoughLine(seed, d.Float64()*0.5, w.box)
	w.power = &power{seed: seed, cuts: d.Float64() * 0.006, good: w.line.healed.Load, path: filepath.Join(t.TempDir(), "register.db")}
	pluggedIn().machines.Store(w.power.path, w.power)
	return w
}

// live plays one life of the machine, with a clock that begins at now and only goes forward.
func (w *world) live(t *testing.T, now time.Time, play func()) {
	synctest.Test(t, func(t *testing.T) {
		w.t = t
		time.Sleep(time.Until(now))
		w.line.connect()
		w.start()
		defer func() {
			w.stop()
			synctest.Wait()
			w.line.late.Wait()
			w.line.busy.Wait() // a bubble's clock stops with its first goroutine
			w.line.stopPipe()
		}()
		play()
	})
}

// start is a power-on. It takes as many as it takes: the power may go while the file is being opened.
func (w *world) start() {
	w.t.Helper()
	var s *store.Store
	for {
		err := w.power.back()
		if err == nil {
			s, err = store.Open(w.t.Context(), store.Options{Path: w.power.path, Key: make([]byte, 32), Log: slog.New(slog.DiscardHandler), Driver: "plugged"})
		}
		if err == nil {
			break
		}
		if !w.power.went() {
			w.t.Fatal(err)
		}
	}
	w.file = s
	w.audit()
	bank, err := citcon.New(citcon.Options{URL: "http://127.0.0.1/posp/rest/", Token: func() (string, error) { return "0A1B2C3D", nil }, Currency: "USD", Dial: w.line.open})
	if err != nil {
		w.t.Fatal(err)
	}
	log := slog.New(slog.DiscardHandler)
	acquirer := apart{Acquirer: w.wrong.acquirer(bank), seed: w.seed, mu: &w.mu, begun: w.begun}
	w.till = till.New(till.Options{
		Register: "NYC5AV-03", Currency: "USD", Calendar: pos.Calendar{Zone: time.UTC, Cutoff: 4 * time.Hour},
		Hold: time.Duration(w.seed%2) * 25 * time.Second, Limit: 50, Journal: w.file, Acquirer: acquirer, Rand: w.rand, Log: log,
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
		if err := s.Close(); err != nil && !errors.Is(err, errPower) {
			w.t.Error(err)
		}
	}
	synctest.Wait()
}

// restart pulls the plug, or asks the register to stop, and puts it back.
func (w *world) restart() {
	synctest.Wait()
	if w.d.IntN(2) == 0 {
		w.power.cut()
	}
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
			if w.power.went() {
				w.stop()
				w.start()
			}
			w.check()
			return
		case <-w.power.gone:
			synctest.Wait()
			w.stop()
			w.start()
		}
	}
}

// day is one day of trade: every step is what somebody at the counter might do.
func (w *world) day() {
	d := w.d
	w.days++
	n := w.days
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
		synctest.Wait()
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
	synctest.Wait()
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
		synctest.Wait()
		w.till.Scanned(scan)
	default:
		_, _ = w.till.Scan(ctx, sale, scan)
	}
}
