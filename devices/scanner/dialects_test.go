package scanner

import (
	"bytes"
	"encoding/json"
	"fmt"
	"os"
	"slices"
	"strings"
	"testing"
	"time"
)

// speaker is a dialect as the desk uses it.
type speaker interface {
	Feed([]byte, time.Time) ([]Event, []byte)
	Idle(time.Time) ([]Event, []byte)
	Deadline() time.Time
	Say(Word, time.Time) []byte
}

var (
	_ speaker = (*Line)(nil)
	_ speaker = (*HIDPOS)(nil)
	_ speaker = (*Keys)(nil)
	_ speaker = (*SSI)(nil)
)

// documented is what the makers' documents say, put together into streams, commands and answers.
type documented struct {
	Decode []struct {
		ID, Protocol string
		Config       struct{ Layout, Descriptor string }
		Chunks       []struct {
			AtMS int `json:"at_ms"`
			Hex  string
		}
		Expect struct {
			Scans []struct {
				Hex, AIM, Symbology string
				Terminated          bool
				Text                *string
			}
			Errors, Events []string
			HostWrites     []string `json:"host_writes"`
		}
	}
	Encode []struct {
		ID, Device, Op string
		Input          struct{ Cmd, Store, Param string }
		Expect         string `json:"expect_hex"`
	}
	Responses []struct {
		ID, Device, Hex, Meaning string
	}
	Descriptors []struct {
		ID, Hex string
		Expect  []struct {
			ReportID  *int `json:"report_id"`
			AIM, Data []int
			MoreBit   int  `json:"more_bit"`
			Count     *int `json:"count"`
			Bytes     int  `json:"report_bytes"`
		}
	}
}

func documents(t *testing.T) (d documented) {
	t.Helper()
	raw, err := os.ReadFile("testdata/scanners.json")
	if err != nil {
		t.Fatal(err)
	}
	if err := json.Unmarshal(raw, &d); err != nil || len(d.Decode) != 28 || len(d.Encode) != 8 || len(d.Responses) != 5 || len(d.Descriptors) != 4 {
		t.Fatal(len(d.Decode), len(d.Encode), len(d.Responses), len(d.Descriptors), err)
	}
	return d
}

var noon = time.Date(2026, 11, 20, 12, 0, 0, 0, time.UTC)

func shown(e Event) string {
	return fmt.Sprintf("%x %q %q %v %v", e.Code.Reveal(), e.AIM, e.Symbology, e.Terminated, e.Text)
}

// Every stream of every dialect gives the codes that a cashier should see and the answers that the scanner
// waits for, however it is cut.
func TestDialects(t *testing.T) {
	for _, c := range documents(t).Decode {
		var want []string
		for _, x := range c.Expect.Scans {
			want = append(want, fmt.Sprintf("%s %q %q %v %v", x.Hex, x.AIM, x.Symbology, x.Terminated, x.Text != nil))
		}
		for name, cut := range cuts() {
			s, err := map[string]func() (speaker, error){
				"ssi":     func() (speaker, error) { return NewSSI(Settings{}), nil },
				"evdev":   func() (speaker, error) { return NewKeys(Settings{}), nil },
				"hid-pos": func() (speaker, error) { return NewHIDPOS(Settings{Layout: c.Config.Layout}, nil) },
				"hid-descriptor": func() (speaker, error) {
					return NewHIDPOS(Settings{}, unhex(t, c.Config.Descriptor))
				},
			}[c.Protocol]()
			if err != nil {
				t.Fatal(c.ID, err)
			}
			var scans, errs, said, writes []string
			take := func(events []Event, write []byte) {
				for _, e := range events {
					switch {
					case e.Rejected != "":
						errs = append(errs, string(e.Rejected))
					case e.Said != "":
						said = append(said, e.Said)
					default:
						scans = append(scans, shown(e))
					}
				}
				for len(write) > 0 {
					n := int(write[0]) + 2
					writes, write = append(writes, fmt.Sprintf("%x", write[:n])), write[n:]
				}
			}
			end := noon
			for _, chunk := range c.Chunks {
				end = noon.Add(time.Duration(chunk.AtMS) * time.Millisecond)
				for _, piece := range cut(unhex(t, chunk.Hex)) {
					take(s.Feed(piece, end))
				}
			}
			take(s.Idle(end.Add(time.Minute)))
			if !slices.Equal(scans, want) || !slices.Equal(errs, c.Expect.Errors) || !slices.Equal(writes, c.Expect.HostWrites) || !slices.Equal(said, c.Expect.Events) {
				t.Errorf("%s, %s:\n got %q %q %q %q\nwant %q %q %q %q", c.ID, name, scans, errs, writes, said, want, c.Expect.Errors, c.Expect.HostWrites, c.Expect.Events)
			}
		}
	}
}

// A layout is read off the report descriptor, because makers order and size the fields differently.
func TestDescriptors(t *testing.T) {
	for _, c := range documents(t).Descriptors {
		d, err := describe(unhex(t, c.Hex))
		if len(c.Expect) == 0 {
			if err == nil {
				t.Errorf("%s was taken for a scanner: %+v", c.ID, d)
			}
			continue
		}
		if err != nil || len(d.codes) != 1 {
			t.Errorf("%s: %+v, %v", c.ID, d, err)
			continue
		}
		x := c.Expect[0]
		want := layout{count: -1, aim: [3]int(x.AIM), data: x.Data[0], size: x.Data[1], more: x.MoreBit, bytes: x.Bytes}
		if x.ReportID != nil {
			want.id = *x.ReportID
		}
		if x.Count != nil {
			want.count = *x.Count
		}
		if got := d.codes[want.id]; got != want || d.numbered != (x.ReportID != nil) {
			t.Errorf("%s: %+v, want %+v", c.ID, got, want)
		}
	}
}

// What a scanner answers to its settings is understood, and is no code.
func TestResponses(t *testing.T) {
	for _, c := range documents(t).Responses {
		var s *Line
		switch {
		case strings.Contains(c.ID, "dechdr"):
			s = NewLine(Settings{Framing: framedDECHDR})
		default:
			s = NewLine(Settings{Replies: c.Device, Setup: []Bytes{Bytes("PAPHHC."), Bytes("XYZ123."), Bytes("DEMIN100."), Bytes("C11ENA1,MIN12,MAX22;")}})
		}
		var got []string
		for _, b := range unhex(t, c.Hex) {
			events, _ := s.Feed([]byte{b}, noon)
			for _, e := range events {
				got = append(got, fmt.Sprint(e.Rejected, e.Said, e.Code.Reveal(), e.AIM))
			}
		}
		if !s.Deadline().IsZero() {
			t.Errorf("%s: something is left over", c.ID)
		}
		want := map[string][]string{
			"honeywell-menu-ack":     {"took PAPHHC"},
			"honeywell-menu-enq":     {"setting-refusedXYZ123 is unknown to it"},
			"honeywell-menu-nak":     {"setting-refusedDEMIN100 is out of its range"},
			"honeywell-dechdr-ean13": {"6901234567892]E0"},
			"newland-ack":            {"took C11ENA1", "took MIN12", "took MAX22"},
		}[c.ID]
		if !slices.Equal(got, want) {
			t.Errorf("%s: %q, want %q", c.ID, got, want)
		}
	}
}

// An answer that follows half a code names no more of it than the profile itself says.
func TestAnswersHideCodes(t *testing.T) {
	s := NewLine(Settings{Replies: repliesHoneywell, Setup: []Bytes{Bytes("\x16M\rPAPHHC!")}})
	for _, b := range []string{"134567890123456789PAPHHC\x06!", "134567890123456789\x06!", "134567890123456789\x15.", "134567890123456789\x06\r"} {
		events, _ := s.Feed([]byte(b), noon)
		if len(events) != 1 || strings.Contains(fmt.Sprint(events), "5678") {
			t.Errorf("%v", events)
		}
	}
	if events, _ := s.Feed([]byte("4006381333931\r"), noon); len(events) != 1 || events[0].Code.Reveal() != "4006381333931" {
		t.Errorf("after the answers: %v", events)
	}
}

// The built-in commands of the SSI dialect are the documented bytes.
func TestSSICommands(t *testing.T) {
	for _, c := range documents(t).Encode {
		if c.Device != "ssi" {
			continue
		}
		s := NewSSI(Settings{})
		got := map[string]func() []byte{
			"beep":       func() []byte { return s.Say(Good, noon) },
			"param_send": func() []byte { return s.Say(Setup, noon)[1:] },
		}[c.Op]()
		if fmt.Sprintf("%x", got) != c.Expect {
			t.Errorf("%s: %x", c.ID, got)
		}
	}
	for w, want := range map[Word]string{Trigger: "04e40400ff14", Stop: "04e50400ff13", Good: "05e6040000ff11", Bad: "05e6040005ff0c"} {
		if got := fmt.Sprintf("%x", NewSSI(Settings{}).Say(w, noon)); got != want {
			t.Errorf("%d: %s, want %s", w, got, want)
		}
	}
}

// SSI commands go one at a time, are sent again twice when nobody answers, and a refused setting is said.
func TestSSICommandsWait(t *testing.T) {
	s := NewSSI(Settings{Setup: []Bytes{{0x8a, 0x08}}})
	ackPacket := sealed([]byte{4, ssiAck, ssiFromScanner, 0})
	var left []string
	take := func(events []Event, write []byte) []Event {
		for len(write) > 0 {
			if write[0] == 0 { // the wake-up
				write = write[1:]
				continue
			}
			n := int(write[0]) + 2
			left, write = append(left, fmt.Sprintf("%x", write[1:n-2])), write[n:]
		}
		return events
	}
	take(nil, s.Say(Setup, noon))
	take(nil, s.Say(Good, noon)) // waits its turn
	take(s.Feed(ackPacket, noon))
	at := noon.Add(ssiPatience)
	if events := take(s.Idle(at)); len(events) != 0 {
		t.Errorf("%v", events)
	}
	take(s.Feed(sealed([]byte{5, ssiNak, ssiFromScanner, 0, ssiResend}), at))
	events := take(s.Idle(at.Add(ssiPatience)))
	if len(events) != 1 || events[0].Rejected != NoAnswer {
		t.Errorf("after three tries: %v", events)
	}
	events = take(s.Feed(sealed([]byte{5, ssiNak, ssiFromScanner, 0, 6}), at.Add(ssiPatience)))
	if len(events) != 2 || events[1].Rejected != Refused || events[1].Said != "parameter EC00 is not taken" {
		t.Errorf("a refused setting: %v", events)
	}
	take(s.Feed(append(slices.Clone(ackPacket), ackPacket...), at.Add(ssiPatience)))
	if !s.Deadline().IsZero() {
		t.Error("something still waits")
	}
	if want := []string{"c60400ffee01", "c60400ff9f01", "c60401ff9f01", "c60401ff9f01", "c60400ffec00", "c60400ff8a08", "e6040000"}; !slices.Equal(left, want) {
		t.Errorf("left %q\nwant %q", left, want)
	}
	for range 1000 {
		s.Say(Bad, at)
	}
	if len(s.waits) > ssiMostWaits {
		t.Errorf("%d commands wait", len(s.waits))
	}
}

// A scanner whose identical code was cut on the line sends it again, and that is a new scan.
func TestSSISameCodeAfterALostPacket(t *testing.T) {
	code := func(state byte) []byte { return sealed([]byte{8, ssiDecode, 0, state, 3, '1', '2', '3'}) }
	s := NewSSI(Settings{})
	scans := 0
	take := func(events []Event, _ []byte) {
		for _, e := range events {
			if e.Rejected == "" && e.Said == "" {
				scans++
			}
		}
	}
	take(s.Feed(code(0), noon))
	broken := code(0)
	broken[5] ^= 0x10
	take(s.Feed(broken, noon.Add(time.Minute)))
	take(s.Feed(code(ssiAgain), noon.Add(time.Minute)))
	take(s.Feed(code(0)[:4], noon.Add(2*time.Minute)))
	take(s.Feed(code(ssiAgain), noon.Add(2*time.Minute+ssiPatience)))
	take(s.Feed(code(ssiAgain), noon.Add(2*time.Minute+2*ssiPatience))) // our acknowledgement was lost
	if scans != 3 {
		t.Errorf("%d scans", scans)
	}
}

// A part that is sent again on a line that was just opened may be the last of a code whose others are lost: it is
// acknowledged, and not whole. Later ones are.
func TestSSILastPartOnANewLine(t *testing.T) {
	s := NewSSI(Settings{})
	for i, state := range []byte{ssiAgain, 0, ssiAgain} {
		events, write := s.Feed(sealed([]byte{8, ssiDecode, 0, state, 3, '1', '2', byte('0' + i)}), noon.Add(time.Duration(i)*time.Minute))
		if len(events) != 1 || events[0].Rejected != "" || events[0].Whole() != (i > 0) || !bytes.Equal(write, ssiPacket(ssiAck)) {
			t.Errorf("%d: %+v, %x is written", i, events, write)
		}
	}
}

// The second report of a code that comes too late is the rest of it, and not whole; later it is a code.
func TestLateReport(t *testing.T) {
	for pause, whole := range map[time.Duration]bool{nextReport - 1: true, nextReport: false, tail - 1: false, tail: true} {
		h, err := NewHIDPOS(Settings{Layout: layoutHoneywell}, nil)
		if err != nil {
			t.Fatal(err)
		}
		first, second := make([]byte, 64), make([]byte, 64)
		copy(first, "\x02\x03]C0134")
		copy(second, "\x02\x03]C0567")
		first[63] = 1
		h.Feed(first, noon)
		events, _ := h.Feed(second, noon.Add(pause))
		if last := events[len(events)-1]; last.Whole() != whole {
			t.Errorf("after %s: %d events, whole %v", pause, len(events), last.Whole())
		}
	}
}

// A code of several reports is joined; one whose next part is of another code, or too long, is dropped.
func TestReportsJoin(t *testing.T) {
	report := func(aim, code string, more byte) []byte {
		b := make([]byte, 64)
		b[0], b[1], b[63] = 2, byte(len(code)), more
		copy(b[2:], aim)
		copy(b[5:], code)
		return b
	}
	h, err := NewHIDPOS(Settings{Layout: layoutHoneywell}, nil)
	if err != nil {
		t.Fatal(err)
	}
	var got []string
	feed := func(b []byte) {
		events, _ := h.Feed(b, noon)
		for _, e := range events {
			got = append(got, fmt.Sprint(e.Rejected, e.Said, e.Code.Reveal()))
		}
	}
	feed(report("]Q1", "first", 1))
	feed(report("]C0", "second", 0))
	feed(report("]Z6", "PAPHHC\x06", 0))
	for range 100 {
		feed(report("]Q1", strings.Repeat("x", 56), 1))
	}
	if len(h.part) > longest {
		t.Errorf("%d bytes are kept", len(h.part))
	}
	feed(report("]Q1", "end", 0))
	feed(report("]Q1", "next", 0))
	if want := []string{"incomplete", "second", "answer Z6", "oversize", "next"}; !slices.Equal(got, want) {
		t.Errorf("%q, want %q", got, want)
	}
}
