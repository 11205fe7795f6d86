package scanner

import (
	"fmt"
	"slices"
	"testing"
	"time"
)

// A torn read suppresses nothing: the same code in view right after it is read whole.
func TestAReadAfterATornOne(t *testing.T) {
	s := Settings{Dedupe: time.Second}
	keys := NewKeys(s)
	s.Layout = layoutHoneywell
	reports, err := NewHIDPOS(s, nil)
	if err != nil {
		t.Fatal(err)
	}
	s.Layout, s.Terminator = layoutSymbolCOM, Bytes("\r")
	com, err := NewHIDPOS(s, nil)
	if err != nil {
		t.Fatal(err)
	}
	report := func(b string) []byte { return append([]byte(b), make([]byte, 64-len(b))...) }
	for _, c := range []struct {
		name       string
		feed       func([]byte, time.Time) ([]Event, []byte)
		loss, code []byte
	}{
		{"a line", NewLine(s).Feed, []byte("13"), []byte("134\r")},
		{"keys", keys.Feed, input(evSyn, synDropped, 0), slices.Concat(input(evKey, 2, 1), input(evKey, 2, 0), input(evKey, 28, 1), input(evKey, 28, 0))},
		{"reports", reports.Feed, report("\x02\xff]C0"), report("\x02\x03]C0134")},
		{"a line in reports", com.Feed, report("\xff"), report("\x04134\r")},
	} {
		at := noon
		c.feed(c.loss, at)
		var got []string
		for range 3 {
			at = at.Add(2 * silence)
			events, _ := c.feed(c.code, at)
			for _, e := range events {
				if e.Rejected == "" || e.Rejected == Duplicate {
					got = append(got, fmt.Sprint(e.Rejected, e.Whole()))
				}
			}
		}
		if want := []string{"false", "true", "duplicate-suppressedfalse"}; !slices.Equal(got, want) {
			t.Errorf("%s: %q, want %q", c.name, got, want)
		}
	}
}
