package scanner

import (
	"encoding/hex"
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"os"
	"slices"
	"testing"
	"time"
	"unicode/utf8"
)

// stream is one recorded or composed byte stream with what a cashier should see of it.
type stream struct {
	ID     string
	Config struct {
		Terminators []string
		Prefix      string
		Suffix      string
		IdleMS      int  `json:"idle_ms"`
		IdleFlush   bool `json:"idle_flush"`
		MaxLen      int  `json:"max_len"`
		DedupeMS    int  `json:"dedupe_ms"`
		Framed      bool `json:"stx_etx"`
	}
	Chunks []struct {
		AtMS int `json:"at_ms"`
		Hex  string
	}
	Expect struct {
		Scans []struct {
			Hex        string
			AIM        string
			Symbology  string
			Terminated bool
			Text       *string
		}
		Errors []string
	}
}

func streams(t *testing.T) []stream {
	t.Helper()
	raw, err := os.ReadFile("testdata/line.json")
	if err != nil {
		t.Fatal(err)
	}
	var all []stream
	if err := json.Unmarshal(raw, &all); err != nil || len(all) < 27 {
		t.Fatalf("%d streams, %v", len(all), err)
	}
	return all
}

func unhex(t *testing.T, s string) []byte {
	t.Helper()
	b, err := unhexed(s)
	if err != nil {
		t.Fatal(err)
	}
	return b
}

func unhexed(s string) ([]byte, error) { return hex.DecodeString(s) }

func (s stream) config(t *testing.T) Config {
	c := Config{Prefix: unhex(t, s.Config.Prefix), Suffix: unhex(t, s.Config.Suffix), Idle: time.Duration(s.Config.IdleMS) * time.Millisecond,
		IdleFlush: s.Config.IdleFlush, MaxLen: s.Config.MaxLen, Dedupe: time.Duration(s.Config.DedupeMS) * time.Millisecond, Framed: s.Config.Framed}
	for _, term := range s.Config.Terminators {
		c.Terminators = append(c.Terminators, unhex(t, term)...)
	}
	return c
}

// read plays the stream, each chunk cut by cut, and tells what came of it.
func (s stream) read(t *testing.T, cut func([]byte) [][]byte) (scans, errs []string) {
	t.Helper()
	d := NewDecoder(s.config(t))
	start := time.Date(2026, 11, 20, 12, 0, 0, 0, time.UTC)
	var events []Event
	end := start
	for _, c := range s.Chunks {
		end = start.Add(time.Duration(c.AtMS) * time.Millisecond)
		for _, piece := range cut(unhex(t, c.Hex)) {
			events = append(events, d.Feed(piece, end)...)
		}
	}
	events = append(events, d.Idle(end.Add(time.Minute))...)
	for _, e := range events {
		if e.Rejected != "" {
			errs = append(errs, string(e.Rejected))
			continue
		}
		scans = append(scans, fmt.Sprintf("%x %q %q %v %v", e.Code.Reveal(), e.AIM, e.Symbology, e.Terminated, e.Text))
	}
	return scans, errs
}

// cuts are the ways in which a line may hand a chunk over.
func cuts() map[string]func([]byte) [][]byte {
	all := map[string]func([]byte) [][]byte{
		"as it came": func(b []byte) [][]byte { return [][]byte{b} },
		"byte by byte": func(b []byte) (all [][]byte) {
			for i := range b {
				all = append(all, b[i:i+1])
			}
			return all
		},
	}
	for seed := range uint64(5) {
		r := rand.New(rand.NewPCG(seed, 1))
		all[fmt.Sprintf("at random %d", seed)] = func(b []byte) (all [][]byte) {
			for len(b) > 0 {
				n := 1 + r.IntN(len(b))
				all, b = append(all, b[:n]), b[n:]
			}
			return all
		}
	}
	return all
}

// Every stream gives the codes a cashier should see, however it is cut.
func TestStreams(t *testing.T) {
	for _, s := range streams(t) {
		var want []string
		for _, x := range s.Expect.Scans {
			want = append(want, fmt.Sprintf("%s %q %q %v %v", x.Hex, x.AIM, x.Symbology, x.Terminated, x.Text != nil))
		}
		for name, cut := range cuts() {
			scans, errs := s.read(t, cut)
			if !slices.Equal(scans, want) || !slices.Equal(errs, s.Expect.Errors) {
				t.Errorf("%s, %s:\n got %q %q\nwant %q %q", s.ID, name, scans, errs, want, s.Expect.Errors)
			}
		}
	}
}

// What is read does not depend on how the stream is cut, and a code never holds its own end.
func FuzzLine(f *testing.F) {
	f.Add([]byte("6901234567892\r\n]C0134567890123456789\r"), 3, false)
	f.Add([]byte{0, 0xff, 'a', 0x07, 'b', '\r', 'c'}, 1, true)
	f.Fuzz(func(t *testing.T, b []byte, cut int, flush bool) {
		if cut < 1 || len(b) > 8192 {
			return
		}
		start := time.Unix(0, 0)
		play := func(n int) (out []string) {
			d := NewDecoder(Config{MaxLen: 64, IdleFlush: flush, Dedupe: time.Second})
			var events []Event
			for rest := b; len(rest) > 0; {
				k := min(n, len(rest))
				events = append(events, d.Feed(rest[:k], start)...)
				rest = rest[k:]
			}
			events = append(events, d.Idle(start.Add(time.Hour))...)
			for _, e := range events {
				code := e.Code.Reveal()
				if len(code) > 64 || slices.ContainsFunc([]byte(code), func(c byte) bool { return c == '\r' || c == '\n' || c == 0x7f }) {
					t.Errorf("a code of %d bytes holds its own end or noise", len(code))
				}
				if e.Rejected == "" && (code == "" || e.Text != utf8.ValidString(code)) {
					t.Errorf("an empty or misnamed code %q", code)
				}
				out = append(out, fmt.Sprint(e.Rejected, code, e.AIM, e.Terminated))
			}
			return out
		}
		if whole, cutUp := play(len(b)+1), play(cut); !slices.Equal(whole, cutUp) {
			t.Errorf("whole %q\ncut   %q", whole, cutUp)
		}
	})
}
