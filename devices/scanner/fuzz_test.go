package scanner

import (
	"fmt"
	"slices"
	"testing"
	"time"
	"unicode/utf8"
)

// honeywellReport describes reports as most makers do: id 2, a count, an AIM identifier, 56 bytes, a flag.
const honeywellReport = "058c0902a1010912a1028502150026ff00750895010501093b81029503058c09fb09fc09fd8102953809fe8202010600ff9502090409008102058c25017501950809ff8102c0c0"

// memory is what a dialect keeps of bytes that may still become a code.
func memory(s speaker) int {
	switch s := s.(type) {
	case *Line:
		if s.header != nil {
			return len(s.header.buf)
		}
		return len(s.lines.line)
	case *HIDPOS:
		return len(s.buf) + len(s.part)
	case *Keys:
		return len(s.buf) + len(s.lines.line) + len(s.number) + len(s.down)
	case *SSI:
		return len(s.buf) + len(s.part)
	}
	return 0
}

// hostile feeds one dialect whatever a line may bring, whole and cut, and holds what every dialect promises:
// the same codes and the same answers however the bytes come, no code that is empty or too long, nothing
// kept for ever, and a deadline that Idle fulfils.
func hostile(f *testing.F, fresh func(tb testing.TB) speaker, seeds ...string) {
	for i, s := range seeds {
		b := []byte(s)
		f.Add(b, i+1)
	}
	f.Fuzz(func(t *testing.T, b []byte, cut int) {
		if cut < 1 || len(b) > 16<<10 {
			return
		}
		play := func(n int) (out []string) {
			s := fresh(t)
			take := func(events []Event, write []byte) {
				for _, e := range events {
					code := e.Code.Reveal()
					if len(code) > longest || (e.Rejected == "" && e.Said == "" && code == "") || (code != "" && e.Text != utf8.ValidString(code)) {
						t.Errorf("an event that cannot be: %d bytes, %+v", len(code), e)
					}
					out = append(out, fmt.Sprint(e.Rejected, e.Said, code, e.AIM, e.Symbology, e.Terminated, e.Torn))
				}
				if len(write) > 0 {
					out = append(out, fmt.Sprintf("%x", write))
				}
			}
			take(nil, s.Say(Setup, noon))
			for rest := b; len(rest) > 0; rest = rest[min(n, len(rest)):] {
				events, write := s.Feed(rest[:min(n, len(rest))], noon)
				take(events, nil)
				for len(write) > 0 { // packet by packet, because two may be asked for at once
					k := min(len(write), int(write[0])+2)
					take(nil, write[:k])
					write = write[k:]
				}
				if kept := memory(s); kept > longest+longReportBytes+messageBytes {
					t.Fatalf("%d bytes are kept", kept)
				}
			}
			for range 1000 {
				end := s.Deadline()
				if end.IsZero() {
					return out
				}
				take(s.Idle(end))
			}
			t.Error("it never comes to rest")
			return out
		}
		whole := play(len(b) + 1)
		slices.Sort(whole) // an answer stands beside the codes, not among them
		parts := play(cut)
		slices.Sort(parts)
		if !slices.Equal(whole, parts) {
			t.Errorf("whole %q\ncut   %q", whole, parts)
		}
	})
}

func FuzzReplies(f *testing.F) {
	hostile(f, func(testing.TB) speaker {
		return NewLine(Settings{Replies: repliesHoneywell, Setup: []Bytes{Bytes("\x16M\rPAPHHC!")}, Dedupe: time.Second})
	}, "PAPHHC\x06!134567890123456789\r", "CBRENA1\x06,SSX0\x15.4006381333931\r\n\x06\x06\r")
}

func FuzzNewland(f *testing.F) {
	hostile(f, func(testing.TB) speaker { return NewLine(Settings{Replies: repliesNewland}) }, "\x02\x010000SCNTRG1\x06;\x03134567890123456789\r", "12\x02\x0134\x03\r\x02")
}

func FuzzSTX(f *testing.F) {
	hostile(f, func(testing.TB) speaker { return NewLine(Settings{Framing: framedSTX}) }, "\x02134567890123456789\x03\r\x02half\x02whole\x03")
}

func FuzzHeaders(f *testing.F) {
	hostile(f, func(testing.TB) speaker { return NewLine(Settings{Framing: framedDECHDR, Dedupe: time.Second}) },
		"noise\x16\xfe\x1c\x00\x00\x00\rMSGGET0014dE0\x1d6901234567892\r\x16\x16\xfe\x1c\x00\x00\x00\rMSGGET0015dE0\x1d6901234567892\r", "\x16\xfe\xff\xff\xff\xff\r")
}

func FuzzHIDPOS(f *testing.F) {
	hostile(f, func(tb testing.TB) speaker {
		b, err := unhexed(honeywellReport)
		if err != nil {
			tb.Fatal(err)
		}
		h, err := NewHIDPOS(Settings{}, b)
		if err != nil {
			tb.Fatal(err)
		}
		return h
	}, "\x02\x0d]E06901234567892"+string(make([]byte, 47)), "\x02\x38]Q1"+string(make([]byte, 58))+"\x01\x07")
}

func FuzzSymbolCOM(f *testing.F) {
	hostile(f, func(tb testing.TB) speaker {
		h, err := NewHIDPOS(Settings{Layout: layoutSymbolCOM}, nil)
		if err != nil {
			tb.Fatal(err)
		}
		return h
	}, "\x0869012345"+string(make([]byte, 55))+"\x0767892\r\n"+string(make([]byte, 56)), "\xff")
}

func FuzzKeys(f *testing.F) {
	typed := ""
	for _, k := range []uint16{2, 3, 42, 16, 28, 58, 100, 15, 96} {
		typed += string(input(evKey, k, 1)) + string(input(evKey, k, 0))
	}
	hostile(f, func(testing.TB) speaker { return NewKeys(Settings{Keys: "de"}) }, typed, typed+string(input(evSyn, synDropped, 0))+typed, typed[:40])
}

func FuzzSSI(f *testing.F) {
	hostile(f, func(testing.TB) speaker { return NewSSI(Settings{Dedupe: time.Second}) },
		"\x09\xf3\x00\x00\x1chttp\xfd\x28\x09\xf3\x00\x01\x1chttp\xfd\x27", "\x09\xf3\x00\x02\x1chttp\xfd\x26\x04\xd0\x00\x00\xff\x2c\x05\xd1\x00\x00\x06\xff\x24\x00\x00")
}

// Whatever a device describes, it is taken for a scanner with fields inside its reports, or refused.
func FuzzDescriptor(f *testing.F) {
	for _, s := range []string{
		honeywellReport, "058c0902a101150026ff00750895010501093b8102058c950309fb09fc09fd8102952009fe82020175019501250109ff810275078103c0",
		"058c0902a101150026ff007508953009fe8202017500950109ff8102c0", // the last field has no bits
	} {
		b, err := unhexed(s)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(b)
	}
	f.Fuzz(func(t *testing.T, b []byte) {
		d, err := describe(b)
		if err != nil {
			return
		}
		for _, l := range d.codes {
			if l.data < 0 || l.size < 1 || l.data+l.size > l.bytes || l.count >= l.bytes || l.more >= l.bytes*8 || max(l.aim[0], l.aim[1], l.aim[2]) >= l.bytes || l.bytes > longReportBytes+1 {
				t.Errorf("a field outside its report: %+v", l)
			}
		}
		h, err := NewHIDPOS(Settings{}, b)
		if err != nil {
			t.Fatal(err)
		}
		for first := range 256 {
			h.Feed(append([]byte{byte(first)}, make([]byte, h.length(byte(first))-1)...), noon)
		}
	})
}
