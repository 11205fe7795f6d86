package api

import (
	"context"
	"errors"
	"log/slog"
	"testing"
	"testing/synctest"
	"time"

	"posd/pos"
	"posd/pos/health"
)

// unreadable is a journal whose entries cannot be read for a while.
type unreadable struct {
	Book
	till  time.Time
	tried int
}

func (b *unreadable) Head(context.Context) (pos.Head, error) { return pos.Head{Seq: 7}, nil }

func (b *unreadable) Entries(_ context.Context, after int64, _ int) ([]pos.Entry, error) {
	if b.tried++; time.Now().Before(b.till) {
		return nil, errors.New("input/output error")
	}
	return []pos.Entry{{Seq: after + 1, Kind: pos.DayOpened}}, nil
}

type standingTill struct{ Till }

func (standingTill) Standing() pos.Standing { return pos.Standing{} }

// Whoever listens before the hub knows where the journal ends waits a moment and is sent away: there is no number to
// resume from.
func TestNobodyJoinsEarly(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		book := &unreadable{}
		s := New(Options{Book: book, Health: health.New(func() {}), Log: slog.New(slog.DiscardHandler)})
		if _, seq, ok := s.hub.join(t.Context(), "en"); ok {
			t.Errorf("joined after %d", seq)
		}
		ctx, stop := context.WithCancel(t.Context())
		go func() { _ = s.Run(ctx) }() // ends with ctx
		if _, seq, ok := s.hub.join(t.Context(), "en"); !ok || seq != 7 {
			t.Errorf("joined after %d: %v", seq, ok)
		}
		stop()
		synctest.Wait()
	})
}

// What could not be read is told as soon as it can be, however many other news there are.
func TestOwedFactsAreNotPutOff(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		book := &unreadable{till: time.Now().Add(1500 * time.Millisecond)}
		s := New(Options{Book: book, Till: standingTill{}, Health: health.New(func() {}), Log: slog.New(slog.DiscardHandler)})
		ctx, stop := context.WithCancel(t.Context())
		go func() { _ = s.Run(ctx) }() // ends with ctx
		l, _, ok := s.hub.join(ctx, "en")
		if !ok {
			t.Fatal("nobody joins")
		}
		s.Committed(pos.Growth{Seq: 8})
		told := false
		for range 40 {
			time.Sleep(tryAgain / 10)
			s.Tell("scan", nil)
			synctest.Wait()
			for len(l.events) > 0 {
				e := <-l.events
				told = told || string(e[:6]) == "id: 8\n"
			}
		}
		if !told || book.tried != 3 {
			t.Errorf("told: %v, after %d readings", told, book.tried)
		}
		stop()
		synctest.Wait()
	})
}

// Events that wait go out in one write. The first of them is the same bytes for every screen, and stays as it was.
func TestGatheredLeavesTheFirstEventAlone(t *testing.T) {
	shared := append(make([]byte, 0, 64), "one "...)
	more := make(chan event, 3)
	for _, e := range []string{"two ", "three ", "four"} {
		more <- event(e)
	}
	if got := string(gathered(shared, more)); got != "one two three four" || shared[:8][4] != 0 {
		t.Errorf("%q, and behind the first one %q", got, shared[:8])
	}
}
