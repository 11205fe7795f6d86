package supervise

import (
	"context"
	"errors"
	"io"
	"log/slog"
	"slices"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"posd/pos"
)

var errOut = errors.New("the cable is out")

// wire is a line that lasts until it is cut.
type wire struct {
	io.ReadWriter
	cut chan struct{}
}

func (w *wire) Close() error { return nil }

// A cable is pulled, stays out over lunch, and is pushed back in. The register tries at least every two
// seconds, calls it gone after three strikes, and takes the call back.
func TestLunch(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var mu sync.Mutex // the device's goroutine writes what the test reads
		in := true
		var cut chan struct{}
		var states []pos.DeviceState
		var gone []bool
		var tries []time.Time
		d := &Device{Name: "scanner", Role: pos.RoleScanner, Log: slog.New(slog.DiscardHandler),
			Tell: func(p pos.Device) { mu.Lock(); states = append(states, p.State); mu.Unlock() },
			Gone: func(g bool) { mu.Lock(); gone = append(gone, g); mu.Unlock() },
			Open: func(context.Context) (io.ReadWriteCloser, error) {
				mu.Lock()
				defer mu.Unlock()
				tries = append(tries, time.Now())
				if !in {
					return nil, errOut
				}
				cut = make(chan struct{})
				return &wire{cut: cut}, nil
			},
			Use: func(ctx context.Context, l io.ReadWriteCloser, _ *Tally) error {
				mu.Lock()
				mine := cut
				mu.Unlock()
				select {
				case <-mine:
					return errOut
				case <-ctx.Done():
					return ctx.Err()
				}
			}}
		ctx, cancel := context.WithCancel(t.Context())
		done := make(chan struct{})
		go func() { d.Run(ctx); close(done) }()
		synctest.Wait()
		if d.Standing().State != pos.DeviceReady {
			t.Errorf("%+v", d.Standing())
		}
		mu.Lock()
		in = false
		close(cut)
		mu.Unlock()
		time.Sleep(time.Hour)
		synctest.Wait()
		mu.Lock()
		for i := 1; i < len(tries); i++ {
			if wait := tries[i].Sub(tries[i-1]); wait > 2*time.Second {
				t.Fatalf("try %d came %s after the one before", i, wait)
			}
		}
		if got := d.Standing(); got.State != pos.DeviceLost || got.LastError == "" || !slices.Equal(gone, []bool{true}) {
			t.Errorf("%+v, gone %v", got, gone)
		}
		in = true
		mu.Unlock()
		time.Sleep(2 * time.Second)
		synctest.Wait()
		mu.Lock()
		if got := d.Standing(); got.State != pos.DeviceReady || got.Counters.Reopened != 1 || !slices.Equal(gone, []bool{true, false}) {
			t.Errorf("%+v, gone %v", got, gone)
		}
		want := []pos.DeviceState{pos.DeviceOpening, pos.DeviceReady, pos.DeviceOpening, pos.DeviceLost, pos.DeviceReady}
		if got := slices.Compact(states); !slices.Equal(got, want) {
			t.Errorf("states %v, want %v", got, want)
		}
		mu.Unlock()
		began := time.Now()
		cancel()
		<-done
		if time.Since(began) > 0 {
			t.Error("it did not end at once")
		}
	})
}

// A device that was never there is absent, and a blink is no news.
func TestAbsentAndBlink(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		opened, blinks := 0, 0
		var gone []bool
		d := &Device{Name: "display", Log: slog.New(slog.DiscardHandler), Tell: func(pos.Device) {}, Gone: func(g bool) { gone = append(gone, g) },
			Open: func(context.Context) (io.ReadWriteCloser, error) {
				if opened++; opened < 2 {
					return nil, errOut
				}
				return &wire{}, nil
			},
			Use: func(ctx context.Context, _ io.ReadWriteCloser, _ *Tally) error {
				if blinks++; blinks < 3 {
					time.Sleep(time.Second)
					return errOut
				}
				<-ctx.Done()
				return ctx.Err()
			}}
		ctx, cancel := context.WithCancel(t.Context())
		done := make(chan struct{})
		go func() { d.Run(ctx); close(done) }()
		synctest.Wait()
		if got := d.Standing().State; got != pos.DeviceAbsent {
			t.Errorf("at first it is %s", got)
		}
		time.Sleep(time.Minute)
		synctest.Wait()
		if got := d.Standing(); got.State != pos.DeviceReady || len(gone) != 0 {
			t.Errorf("%+v, gone %v", got, gone)
		}
		cancel()
		<-done
	})
}

// A cable is plugged in while the register waits between two tries: it is opened at once. What moves in /dev
// meanwhile, however often, is no strike.
func TestPluggedIn(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var mu sync.Mutex
		in, gone := false, 0
		d := &Device{Name: "scanner", Log: slog.New(slog.DiscardHandler), Tell: func(pos.Device) {}, Gone: func(bool) { mu.Lock(); gone++; mu.Unlock() },
			Open: func(context.Context) (io.ReadWriteCloser, error) {
				mu.Lock()
				defer mu.Unlock()
				if !in {
					return nil, errOut
				}
				return &wire{}, nil
			},
			Use: func(ctx context.Context, _ io.ReadWriteCloser, _ *Tally) error { <-ctx.Done(); return ctx.Err() }}
		d.Wake() // before it runs
		ctx, cancel := context.WithCancel(t.Context())
		done := make(chan struct{})
		go func() { d.Run(ctx); close(done) }()
		for range 100 {
			time.Sleep(time.Millisecond)
			d.Wake()
			synctest.Wait()
		}
		mu.Lock()
		if gone != 0 {
			t.Error("a hundred nodes that moved in a tenth of a second are three strikes")
		}
		mu.Unlock()
		time.Sleep(time.Minute)
		synctest.Wait()
		mu.Lock()
		if gone != 1 {
			t.Errorf("gone %d times in a minute", gone)
		}
		in = true
		mu.Unlock()
		plugged := time.Now()
		d.Wake()
		synctest.Wait()
		if at := d.Standing(); at.State != pos.DeviceReady || !at.Since.Equal(plugged) {
			t.Errorf("plugged in at %s: %+v", plugged, at)
		}
		cancel()
		<-done
	})
}
