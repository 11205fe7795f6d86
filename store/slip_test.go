package store

import (
	"errors"
	"testing"
	"time"

	"posd/pos"
)

// A slip that was begun once was begun for good: also after the file was closed, and not another text about the same.
// What is in doubt says so.
func TestSlipsAreRemembered(t *testing.T) {
	path := register(t)
	at := time.Date(2026, 11, 20, 19, 31, 55, 0, time.UTC)
	lines := func(text string) []pos.SlipLine { return []pos.SlipLine{{Text: text, Bold: true}} }
	paid := pos.Slip{Kind: pos.SlipPaid, About: "s_1", Lines: lines("PAID")}
	for opened := range 2 {
		s, err := openLast(t, path)
		if err != nil {
			t.Fatal(err)
		}
		for i, slip := range []pos.Slip{paid, paid, {Kind: pos.SlipRefund, About: "s_1", Lines: lines("PAID")}, {Kind: pos.SlipPaid, About: "s_2", Lines: lines("PAID")},
			{Kind: pos.SlipPaid, About: "s_1", Lines: lines("PAID.")}, {Kind: pos.SlipPaid, About: "s_1", Lines: []pos.SlipLine{{Right: "PAID", Bold: true}}}} {
			if again, err := s.Begin(t.Context(), slip, at); err != nil || again != (i == 1 || opened == 1) {
				t.Errorf("slip %d, opened %d times before: %v %v", i, opened, again, err)
			}
		}
		s.doubt = ErrDoubt
		if _, err := s.Begin(t.Context(), paid, at); !errors.Is(err, ErrDoubt) {
			t.Errorf("in doubt: %v", err)
		}
		s.doubt = nil
		if err := s.Close(); err != nil {
			t.Fatal(err)
		}
		if _, err := s.Begin(t.Context(), paid, at); err == nil {
			t.Error("a closed file takes slips")
		}
	}
}
