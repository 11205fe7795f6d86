package main

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"posd/pos"
	"posd/store"
)

// A copy every night at the store's half past four, also when the clocks change: one a date, no more.
func TestACopyEveryNight(t *testing.T) {
	zone, err := time.LoadLocation("America/New_York")
	if err != nil {
		t.Fatal(err)
	}
	for name, start := range map[string]time.Time{
		"the clocks go forward": time.Date(2026, 3, 6, 12, 0, 0, 0, zone),
		"the clocks go back":    time.Date(2026, 10, 30, 12, 0, 0, 0, zone),
	} {
		t.Run(name, func(t *testing.T) {
			k := keeper{at: 2*time.Hour + 30*time.Minute, zone: zone}
			now, dates := start, map[string]int{}
			for range 5 {
				now = k.tonight(now)
				dates[now.In(zone).Format(time.DateOnly)]++
			}
			if len(dates) != 5 {
				t.Errorf("%v", dates)
			}
		})
	}
}

// A register without a young copy makes one soon after its start; one that fails is told, tried again, and
// taken back with the next good one.
func TestACopyThatFails(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var made, pruned, raised, cleared atomic.Int32
		k := keeper{at: 4*time.Hour + 30*time.Minute, zone: time.UTC, keep: 30, log: slog.New(slog.DiscardHandler),
			copies: func() ([]store.Copy, error) { return nil, nil },
			backup: func(context.Context) (store.Copy, error) {
				if made.Add(1) <= 2 {
					return store.Copy{}, errors.New("no space left on device")
				}
				return store.Copy{Path: "register.db"}, nil
			},
			prune: func(int) error { pruned.Add(1); return nil },
			raise: func(pos.Trouble) { raised.Add(1) }, clear: func(pos.TroubleCode, string) { cleared.Add(1) }}
		ctx, cancel := context.WithCancel(t.Context())
		done := make(chan error, 1)
		go func() { done <- k.run(ctx) }()
		time.Sleep(time.Hour)
		synctest.Wait()
		if made.Load() != 3 || raised.Load() != 2 || cleared.Load() != 1 || pruned.Load() != 1 {
			t.Errorf("made %d, told %d, taken back %d, pruned %d", made.Load(), raised.Load(), cleared.Load(), pruned.Load())
		}
		time.Sleep(48 * time.Hour)
		synctest.Wait()
		if made.Load() != 5 {
			t.Errorf("%d copies after two more nights", made.Load())
		}
		cancel()
		if err := <-done; err != nil {
			t.Error(err)
		}
	})
}

// A young copy is left alone until tonight.
func TestAYoungCopyIsEnough(t *testing.T) {
	now := time.Date(2026, 11, 20, 12, 0, 0, 0, time.UTC)
	k := keeper{at: 4*time.Hour + 30*time.Minute, zone: time.UTC, copies: func() ([]store.Copy, error) {
		return []store.Copy{{At: now.Add(-7 * time.Hour)}}, nil
	}}
	if got := k.first(now); !got.Equal(time.Date(2026, 11, 21, 4, 30, 0, 0, time.UTC)) {
		t.Error(got)
	}
}

// A disk has rotted where no start looks. The register serves, the audit reads the whole file soon after, and the daemon
// ends with a sentence that a person must act on. Lists that differ are told, and end nothing; nor does what only kept the
// audit from reading, and nothing is found in a file that is being closed.
func TestAuditBehindTheStart(t *testing.T) {
	differs := fmt.Errorf("%w: register.db: r1 is listed as paid", store.ErrDiffers)
	damaged := fmt.Errorf("%w: register.db: row 7 was changed", store.ErrDamaged)
	for _, c := range []struct {
		found   error
		stopped bool
		code    int
		told    pos.TroubleCode
	}{{}, {found: damaged, code: exitBroken}, {found: damaged, stopped: true}, {found: differs, told: pos.TroubleListsDiffer}, {found: differs, stopped: true}, {found: errors.New("busy")}} {
		synctest.Test(t, func(t *testing.T) {
			ctx, stop := context.WithCancel(t.Context())
			defer stop()
			var told pos.TroubleCode
			began := time.Now()
			err := withRemedy(Config{Data: "/var/lib/posd"}, audited(ctx, func(context.Context) error {
				if c.stopped {
					stop()
				}
				return c.found
			}, func(t pos.Trouble) { told = t.Code }, slog.New(slog.DiscardHandler)))
			if took := time.Since(began); took != auditIn {
				t.Errorf("it came after %s", took)
			}
			if c.code == 0 && err != nil || c.code != 0 && (exitOf(err) != c.code || !strings.Contains(err.Error(), "register.db: row 7") || !strings.Contains(err.Error(), "posd journal adopt")) {
				t.Errorf("%v: %v", c.found, err)
			}
			if told != c.told {
				t.Errorf("%v, stopped %v: told %q", c.found, c.stopped, told)
			}
		})
	}
}
