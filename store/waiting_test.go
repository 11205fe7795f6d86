package store

import (
	"path/filepath"
	"testing"
	"time"
)

// A technician looks at a register whose daemon does not run: what waits, and since when, is what its sales fold to.
func TestWaiting(t *testing.T) {
	for seed := range uint64(4) {
		path := register(t)
		s := open(t, path)
		for _, e := range history(seed, 200) {
			s.must(t, e)
		}
		sales, err := s.Unfinished(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		want, oldest := 0, time.Time{}
		count := func(since time.Time) {
			want++
			if oldest.IsZero() || since.Before(oldest) {
				oldest = since
			}
		}
		for _, x := range sales {
			for _, a := range x.Attempts {
				if !a.State.Final() {
					count(a.Since)
				}
			}
			for _, r := range x.Refunds {
				if !r.State.Final() {
					count(r.Since)
				}
			}
		}
		got, since, err := Waiting(t.Context(), path)
		if err != nil || got != want || want == 0 || !since.Equal(oldest) {
			t.Errorf("seed %d: %d since %s, want %d since %s, %v", seed, got, since, want, oldest, err)
		}
	}
	if _, _, err := Waiting(t.Context(), filepath.Join(t.TempDir(), "none")); err == nil {
		t.Error("a file that is not there has nothing waiting")
	}
}
