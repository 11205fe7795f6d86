package power

import (
	"context"
	"crypto/rand"
	"fmt"
	"log/slog"
	"path/filepath"
	"slices"
	"testing"
	"time"

	"posd/pos"
	"posd/pos/till"
	"posd/store"
)

// On a real clock, with the reserve that the daemon keeps: a full disk is told to the cashier within 100 ms, but for a
// machine that is busy with something else, and soon after there is room again the counter trades.
func TestFullDiskIsToldAtOnce(t *testing.T) {
	disk, dir := mounted(t)
	s, err := store.Open(t.Context(), store.Options{Path: filepath.Join(dir, "register.db"), Key: key, Log: slog.New(slog.DiscardHandler), Reserve: store.Reserve})
	if err != nil {
		t.Fatal(err)
	}
	counter := till.New(till.Options{Register: "NYC5AV-03", Currency: "USD", Calendar: pos.Calendar{Zone: time.UTC}, Limit: 20, Journal: s,
		Acquirer: &bank{state: map[string]pos.Event{}}, Rand: rand.Reader, Log: slog.New(slog.DiscardHandler), Show: func(pos.Prompt) {}, Told: func(string, any) {},
		Committed: func(pos.Growth) {}, Trouble: func(pos.Trouble) {}, Clear: func(pos.TroubleCode, string) {}})
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan error, 1)
	go func() { done <- counter.Run(ctx) }()
	defer func() {
		cancel()
		if err := <-done; err != nil {
			t.Error(err)
		}
		if err := s.Close(); err != nil {
			t.Error(err)
		}
	}()
	if !counter.Alive(t.Context()) {
		t.Fatal("the till does not run")
	}
	disk.Limit(disk.Used())
	sell := func() (time.Duration, error) {
		began := time.Now()
		_, err := counter.Sell(t.Context(), pos.NewSale{Amount: pos.Amount{Minor: 100, Currency: "USD"}, Confirm: &pos.Confirmation{By: "m", Why: "test"}})
		return time.Since(began), err
	}
	var took []time.Duration // by each refusal
	for n := 0; len(took) < 20; n++ {
		d, err := sell()
		if err != nil {
			took = append(took, d)
			if pos.ProblemOf(err) != pos.StorageFailed {
				t.Fatalf("refused with %v", err)
			}
		}
		if n > 1000 {
			t.Fatal("a full disk takes sales")
		}
	}
	slices.Sort(took)
	if usual := took[len(took)/2]; usual > 100*time.Millisecond {
		t.Errorf("a refusal took %v", usual)
	}
	disk.Limit(0)
	began := time.Now()
	for {
		if _, err := sell(); err == nil {
			break
		}
	}
	resumed := time.Since(began)
	if resumed > 10*time.Second {
		t.Errorf("it trades %v after there is room again", resumed)
	}
	row(t, fmt.Sprintf("the disk is full: refusals, the slowest after %v; trading again %v after there is room", took[len(took)-1].Round(time.Millisecond), resumed.Round(time.Millisecond)), len(took), "nothing")
}
