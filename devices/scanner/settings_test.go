package scanner

import (
	"fmt"
	"slices"
	"strings"
	"testing"
)

// A command becomes a whole output report, and one that the device has no report for is left out.
func TestOutputReports(t *testing.T) {
	with := unhex(t, "058c0902a1018502150026ff007508953809fe820201"+"85fd95077508090091"+"02c0")
	s := Settings{Good: Bytes{0xfd, 3, 0x16, 7, 0x0d}, Bad: Bytes{0xfe, 1}, Trigger: make(Bytes, 200)}
	h, err := NewHIDPOS(s, with)
	if err != nil {
		t.Fatal(err)
	}
	for w, want := range map[Word]string{Good: "fd0316070d000000", Bad: "", Trigger: ""} {
		if got := fmt.Sprintf("%x", h.Say(w, noon)); got != want {
			t.Errorf("%d: %s, want %s", w, got, want)
		}
	}
}

// Settings leave one after the other.
func TestSetupIsPaced(t *testing.T) {
	s := NewLine(Settings{Setup: []Bytes{Bytes("one"), Bytes("two"), Bytes("three")}})
	got := []string{string(s.Say(Setup, noon))}
	for at := s.Deadline(); !at.IsZero(); at = s.Deadline() {
		if _, early := s.Idle(at.Add(-1)); early != nil {
			t.Errorf("%q left early", early)
		}
		_, write := s.Idle(at)
		got = append(got, string(write))
	}
	if !slices.Equal(got, []string{"one", "two", "three"}) {
		t.Errorf("%q", got)
	}
}

// A profile that a driver would not heed is refused, with the key.
func TestSettingsFit(t *testing.T) {
	some := Bytes{1}
	for _, c := range []struct {
		driver string
		s      Settings
		why    string
	}{
		{"telepathy", Settings{}, "no scanner driver"},
		{"line", Settings{}, ""},
		{"line", Settings{Layout: "honeywell"}, "takes no layout"},
		{"line", Settings{Keys: "us"}, "takes no keys"},
		{"line", Settings{Framing: "morse"}, "not one of: stx, dechdr"},
		{"line", Settings{Framing: "stx", Terminator: some}, "end of its own"},
		{"line", Settings{Replies: "polite"}, "not one of"},
		{"line", Settings{Ack: true, Good: some}, "both good and bad"},
		{"line", Settings{Ack: true, Good: some, Bad: some, Setup: []Bytes{some}}, ""},
		{"line", Settings{Setup: []Bytes{{}}}, "empty command"},
		{"line", Settings{Setup: make([]Bytes, mostSetup+1)}, "at most"},
		{"hidpos", Settings{Layout: "round"}, "not one of"},
		{"hidpos", Settings{Terminator: some}, "symbol-com"},
		{"hidpos", Settings{Layout: "symbol-com", Terminator: some}, ""},
		{"hidpos", Settings{Framing: "stx"}, "takes no framing"},
		{"ssi", Settings{Good: some}, "takes no good"},
		{"ssi", Settings{Setup: []Bytes{some}}, "no parameter"},
		{"evdev", Settings{Keys: "dvorak"}, "de, fr, uk, us"},
		{"evdev", Settings{Trigger: some}, "takes no trigger"},
	} {
		err := c.s.Fits(c.driver)
		if (err == nil) != (c.why == "") || (err != nil && !strings.Contains(err.Error(), c.why)) {
			t.Errorf("%s %+v: %v, want %q", c.driver, c.s, err, c.why)
		}
	}
	var b Bytes
	for text, ok := range map[string]bool{"16 54 0D": true, "16540d": true, "": true, "1": false, "0x16": false, strings.Repeat("00", longCommand+1): false} {
		if err := b.UnmarshalText([]byte(text)); (err == nil) != ok {
			t.Errorf("%q: %v", text, err)
		}
	}
}
