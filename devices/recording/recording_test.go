package recording

import (
	"bytes"
	"encoding/binary"
	"encoding/hex"
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"
)

// rows are the keys that say digits and letters, from key 2 on.
const rows = "1234567890    qwertyuiop    asdfghjkl     zxcvbnm"

// keys types a text as a scanner does: press and release of each key.
func keys(text string) (b []byte) {
	event := func(kind, code uint16, value uint32) {
		var e [eventSize]byte
		binary.LittleEndian.PutUint16(e[eventSize-8:], kind)
		binary.LittleEndian.PutUint16(e[eventSize-6:], code)
		binary.LittleEndian.PutUint32(e[eventSize-4:], value)
		b = append(b, e[:]...)
	}
	for _, c := range []byte(text) {
		code := uint16(strings.IndexByte(rows, c|0x20) + 2)
		if c == '\r' {
			code = 28
		}
		event(eventMisc, 4, 0x70000+uint32(code))
		event(eventKey, code, 1)
		event(0, 0, 0)
		event(eventKey, code, 0)
		event(0, 0, 0)
	}
	return b
}

// typed reads it back.
func typed(b []byte) (text string) {
	for ; len(b) >= eventSize; b = b[eventSize:] {
		code := binary.LittleEndian.Uint16(b[eventSize-6:])
		if binary.LittleEndian.Uint16(b[eventSize-8:]) != eventKey || binary.LittleEndian.Uint32(b[eventSize-4:]) != 1 {
			continue
		}
		if code == 28 {
			text += "\r"
		} else {
			text += rows[code-2 : code-1]
		}
	}
	return text
}

func packet(data string) []byte {
	p := append([]byte{byte(5 + len(data)), 0xf3, 0, 0, 0x1c}, data...)
	return binary.BigEndian.AppendUint16(p, sum(p))
}

func report(data string) []byte {
	return append(append([]byte{2, byte(len(data))}, "]Q1"+data...), make([]byte, 59-len(data))...)
}

func masked(driver string, cut int, b []byte) []byte {
	m := NewMasker(driver)
	var out []byte
	for i, at := 0, time.Duration(0); i < len(b); i, at = i+cut, at+10*time.Millisecond {
		for _, c := range m.Add(Chunk{at, b[i:min(len(b), i+cut)]}) {
			out = append(out, c.B...)
		}
	}
	for _, c := range m.Flush() {
		out = append(out, c.B...)
	}
	return out
}

// What a recording keeps of what was scanned, in every way in which a scanner says it.
func TestMask(t *testing.T) {
	for _, c := range []struct{ name, driver, says, want string }{
		{"a payment code", "line", "134567890123456789\r", "130000000000006789\r"},
		{"with its identifier", "line", "]C0289012345678901234\r\n", "]C0280000000000001234\r\n"},
		{"two of them", "line", "134567890123456789\r289012345678901234\r", "130000000000006789\r280000000000001234\r"},
		{"the head of one, and silence", "line", "134567890", "130000000"},
		{"a few digits", "line", "A-1001\r", "A-1001\r"},
		{"digits with noise between them", "line", "1345678\x00901234567\xff89\r", "1300000\x00000000067\xff89\r"},
		{"Honeywell's header", "line", "\x16\xfe\x21\x00\x00\x00\rMSGGET0019j]C0\x1d134567890123456789\r", "\x16\xfe\x21\x00\x00\x00\rMSGGET0019j]C0\x1d130000000000006789\r"},
		{"a code of letters", "line", "hQVDUFYwMWFPB6AAAAMzMQFx+Ab\r", "hQVDUFYAAAAAA0AAAAAAAAAA+AA\r"},
		{"a link", "line", "https://pay.example/x?q=ab\r", "https://pay.example/x?q=ab\r"},
	} {
		if got := string(masked(c.driver, 1, []byte(c.says))); got != c.want {
			t.Errorf("%s: %q, want %q", c.name, got, c.want)
		}
	}
	if got := typed(masked("evdev", 24, keys("134567890123456789\r6901\r"))); got != "130000000000006789\r6901\r" {
		t.Errorf("typed: %q", got)
	}
	sealed := append(append([]byte{0}, packet("134567890123456789")...), packet("6901")...)
	if got, want := masked("ssi", 3, sealed), append(append([]byte{0}, packet("130000000000006789")...), packet("6900")...); !bytes.Equal(got, want) {
		t.Errorf("packets:\n%x\n%x", got, want)
	}
	if got, want := masked("hidpos", 64, append(report("134567890123456789"), report(strings.Repeat("1", 48))...)), report("130000000000006789"); !bytes.Equal(got[:64], want) || got[65] != 48 {
		t.Errorf("reports:\n%q\n%q", got, want)
	}
}

// A code of letters comes in several reports, packets or keys, and none of them can be read.
func TestMaskParts(t *testing.T) {
	first, second := "hQVDUFYwMWFPB6AAAAMzMQFxcD", "Zk8sTr2QwLmN9vXyPbKd7Hj4"
	hid := masked("hidpos", 64, append(report(first), report(second)...))
	if rest := string(hid[64:]); !strings.HasPrefix(rest, "\x02\x18]Q1AA0AAA0") || strings.Contains(string(hid), "sTr") || strings.Contains(string(hid), "MWF") {
		t.Errorf("reports: %q", hid)
	}
	cut := masked("hidpos", 64, append(report(first[:4]), report(first[4:]+second)...))
	if strings.Contains(string(cut), "MWF") || strings.Contains(string(cut), "sTr") {
		t.Errorf("reports, cut early: %q", cut)
	}
	if ssi := masked("ssi", 5, append(packet(first), packet(second)...)); strings.Contains(string(ssi), "sTr") || strings.Contains(string(ssi), "MWF") {
		t.Errorf("packets: %q", ssi)
	}
	if got, want := typed(masked("evdev", eventSize, keys(first+second+"\rab12\r"))), "hq"+strings.Map(func(c rune) rune {
		if c >= '0' && c <= '9' {
			return '0'
		}
		return 'a'
	}, first[2:]+second)+"\rab12\r"; got != want {
		t.Errorf("typed: %q, want %q", got, want)
	}
}

// However a payment code is said and cut, a recording does not hold it, and holds as many bytes as were said.
func FuzzMask(f *testing.F) {
	f.Add(uint64(134567890123456789), uint8(3), "]C0", "\r", uint8(0))
	f.Add(uint64(289012345678901234), uint8(1), "\x00\x05", "", uint8(1))
	f.Add(uint64(100000000000000000), uint8(64), "4", "\r\n", uint8(2))
	f.Fuzz(func(t *testing.T, n uint64, cut uint8, before, after string, how uint8) {
		code := fmt.Sprintf("%018d", n%1_000_000_000_000_000_000)
		if strings.Count(code, "0") > 4 || len(before) > 1000 || strings.Contains(before, "MSGGET") || strings.Contains(before, "]") {
			return // hardly told from its mask, or said to be something else
		}
		driver := []string{"line", "hidpos", "ssi", "evdev"}[how%4]
		said := []byte(before + code + after)
		switch driver {
		case "hidpos":
			said = report(code)
			cut = 64
		case "ssi":
			said = append(append([]byte(before), packet(code)...), after...)
		case "evdev":
			said = keys(code)
		}
		got := masked(driver, int(cut)+1, said)
		if len(got) != len(said) {
			t.Fatalf("%d bytes of %d", len(got), len(said))
		}
		text := string(got)
		if driver == "evdev" {
			text = typed(got)
		}
		if middle := code[4:14]; strings.Contains(text, middle) {
			t.Errorf("%s keeps %q of %q: %q", driver, middle, code, text)
		}
	})
}

// A file is read as it was written; what is none is refused, and the line is named.
func TestFile(t *testing.T) {
	var h Head
	h.Set("device", "scanner")
	h.Set("usb", "0c2e:0b6a Honeywell\nVuquest")
	h.Set("device", "left")
	chunks := []Chunk{{0, []byte("13")}, {20 * time.Millisecond, []byte("\r")}}
	var file bytes.Buffer
	if err := WriteHead(&file, h); err != nil {
		t.Fatal(err)
	}
	for _, c := range chunks {
		if err := WriteChunk(&file, c); err != nil {
			t.Fatal(err)
		}
	}
	rec, err := Read(&file)
	if err != nil || rec.Head.Get("device") != "left" || rec.Head.Get("usb") != "0c2e:0b6a Honeywell Vuquest" || rec.Head.Get("cat") != "" || fmt.Sprint(rec.Chunks) != fmt.Sprint(chunks) {
		t.Errorf("%+v %v", rec, err)
	}
	for name, text := range map[string]string{
		"nothing": "", "another file": "hello\n", "no bytes": title + "\n12\n", "no time": title + "\n# x: y\nab 0d\n", "half a byte": title + "\n1 0\n",
		"time goes back": title + "\n20 0d\n10 0d\n", "time before it": title + "\n-1 0d\n", "endless time": title + "\n99999999999999 0d\n",
	} {
		if _, err := Read(strings.NewReader(text)); !errors.Is(err, ErrFormat) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// Whatever a file holds, reading it ends, and what was read can be written and read again.
func FuzzRead(f *testing.F) {
	f.Add(title + "\n# device: scanner\n0 31\n5 0d\n")
	f.Add("")
	f.Fuzz(func(t *testing.T, text string) {
		rec, err := Read(strings.NewReader(text))
		if err != nil {
			return
		}
		var again bytes.Buffer
		_ = WriteHead(&again, rec.Head)
		for _, c := range rec.Chunks {
			_ = WriteChunk(&again, c)
		}
		second, err := Read(&again)
		if err != nil || len(second.Chunks) != len(rec.Chunks) {
			t.Fatalf("%v: %d chunks of %d", err, len(second.Chunks), len(rec.Chunks))
		}
		for i := range rec.Chunks {
			if hex.EncodeToString(second.Chunks[i].B) != hex.EncodeToString(rec.Chunks[i].B) {
				t.Fatal("other bytes")
			}
		}
	})
}
