package scanner

import (
	"fmt"
	"slices"
	"strings"
	"testing"
)

// The kernel loses keys in the middle of typing, among them that Shift was let go: the rest of that code comes out torn, and the next is whole.
func TestKeysLost(t *testing.T) {
	k := NewKeys(Settings{})
	press := func(code uint16) []byte {
		return slices.Concat(input(evKey, code, 1), input(evSyn, 0, 0), input(evKey, code, 0), input(evSyn, 0, 0))
	}
	var got []string
	feed := func(b []byte) {
		events, _ := k.Feed(b, noon)
		for _, e := range events {
			got = append(got, fmt.Sprint(e.Rejected, e.Code.Reveal(), e.Whole()))
		}
	}
	for _, b := range [][]byte{press(2), input(evKey, keyShiftL, 1), press(3), input(evSyn, synDropped, 0), press(4), press(5), press(28), press(6), press(28)} {
		feed(b)
	}
	if want := []string{"syn-droppedfalse", "34false", "5true"}; !slices.Equal(got, want) {
		t.Errorf("%q, want %q", got, want)
	}
}

// input is an event as the kernel of this machine gives it.
func input(kind, code uint16, value int32) []byte {
	b := make([]byte, NewKeys(Settings{}).size)
	tail := b[len(b)-8:]
	tail[0], tail[1], tail[2], tail[3] = byte(kind), byte(kind>>8), byte(code), byte(code>>8)
	tail[4], tail[5], tail[6], tail[7] = byte(value), byte(value>>8), byte(value>>16), byte(value>>24)
	return b
}

// Every layout types what its keyboard shows, with Shift, Caps Lock, AltGr, control characters and numbers
// on the keypad.
func TestKeyboards(t *testing.T) {
	for _, c := range []struct{ name, layout, keys, want string }{
		{"digits", "us", "2 3 4 5 6 7 8 9 10 11", "1234567890"},
		{"digits of a French scanner", "fr", "+42 2 3 4 5 6 7 8 9 10 11 -42", "1234567890"},
		{"a German link", "de", "35 20 20 25 31 +42 52 8 8 -42 21 44 +100 12 -100", "https://zy\\"},
		{"a French link", "fr", "35 20 20 25 31 52 +42 52 52 -42 16 +100 11 -100 30", "https://a@q"},
		{"a British pound", "uk", "+42 4 -42 43 +54 43 -54 86", "£#~\\"},
		{"caps", "us", "58 30 +42 48 -42 2 58 46", "Ab1c"},
		{"the keypad", "us", "71 80 82 98 55 74 78 83", "720/*-+."},
		{"a separator of GS1", "us", "2 +29 27 -29 3", "1\x1d2"},
		{"a separator typed by number", "us", "2 +56 80 73 -56 3", "1\x1d2"},
		{"a letter typed by number", "us", "+56 80 80 76 -56", "á"},
		{"tab is data", "us", "2 15 3", "1\t2"},
		{"a key without a character", "us", "2 59 3", ""},
		{"control and a digit", "us", "2 +29 3 -29", ""},
		{"a number that is none", "us", "+56 73 73 73 73 73 73 -56", ""},
	} {
		k := NewKeys(Settings{Keys: c.layout})
		var got string
		for f := range strings.FieldsSeq(c.keys + " 28") {
			var code uint16
			if _, err := fmt.Sscan(strings.TrimLeft(f, "+-"), &code); err != nil {
				t.Fatal(err)
			}
			var b []byte
			if f[0] != '-' {
				b = append(b, input(evKey, code, 1)...)
			}
			if f[0] != '+' {
				b = append(b, input(evKey, code, 0)...)
			}
			events, _ := k.Feed(b, noon)
			for _, e := range events {
				if e.Rejected == "" {
					got += e.Code.Reveal()
				}
			}
		}
		if got != c.want {
			t.Errorf("%s: %q, want %q", c.name, got, c.want)
		}
	}
	for _, name := range keyboards() {
		seen := map[rune]bool{}
		for _, k := range layouts[name] {
			seen[k.plain], seen[k.shifted], seen[k.third] = true, true, true
		}
		for r := ' '; r <= '~'; r++ {
			if !seen[r] {
				t.Errorf("layout %s has no key for %q", name, r)
			}
		}
	}
}
