package main

import (
	"os"
	"strings"
	"testing"
)

// with opens a boutique with a scanner of a kind, and its line.
func with(t *testing.T, scanner string) (*boutique, *os.File) {
	t.Helper()
	b, err := open(t.Context(), "127.0.0.1:0", t.TempDir(), "text", scanner)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := b.close(); err != nil {
			t.Errorf("close: %v", err)
		}
	})
	return b, connect(t, b.places.Scanner)
}

func tells(t *testing.T, line *os.File, text string) {
	t.Helper()
	if _, err := line.WriteString(text); err != nil {
		t.Fatal(err)
	}
}

// A scanner that waits reads one code, and no other until it has heard what became of it. It answers its
// settings, also when they come in pieces.
func TestWaitingScanner(t *testing.T) {
	b, line := with(t, "ack")
	tells(t, line, "\x16M")
	tells(t, line, "\rPAPHHC!")
	if got := reads(t, line, 8); got != "PAPHHC\x06!" {
		t.Errorf("it answers %q", got)
	}
	says(t, b, "scan this 134567890123456789")
	if got := reads(t, line, 19); got != "134567890123456789\r" {
		t.Errorf("it reads %q", got)
	}
	if r := b.carryOut(t.Context(), "scan wechat"); r.OK || !strings.Contains(r.Say, "waits") {
		t.Errorf("%+v", r)
	}
	tells(t, line, "\x1b8")
	says(t, b, "scanner until an error tone 5s")
	says(t, b, "scan wechat")
	tells(t, line, "\x1b7")
	says(t, b, "scanner until a good tone 5s")
	tells(t, line, "\x16T\r")
	says(t, b, "scanner until looks for a code 5s")
}

// A scanner of packets sends a code again until it is acknowledged, in parts when it is long, and takes commands.
func TestPackets(t *testing.T) {
	b, line := with(t, "ssi")
	ack := string(seal(4, 0xd0, 4, 0))
	tells(t, line, "\x00"+string(seal(7, 0xc6, 4, 0, 0xff, 0xec, 0)))
	if got := reads(t, line, 6); got != string(seal(4, 0xd0, 0, 0)) {
		t.Errorf("it answers %x", got)
	}
	says(t, b, "scanner until parameter EC00 set 5s")
	tells(t, line, "\x05\xe6\x04\x00\x05\xff\x0d") // a wrong sum
	if got := reads(t, line, 7); got != string(seal(5, 0xd1, 0, 0, 1)) {
		t.Errorf("it answers %x", got)
	}
	says(t, b, "scanner deaf")
	says(t, b, "scan this 1345")
	first := string(seal(9, 0xf3, 0, 0, 3, '1', '3', '4', '5'))
	if got := reads(t, line, len(first)); got != first {
		t.Errorf("it sends %x", got)
	}
	tells(t, line, ack) // which it misses
	second := string(seal(9, 0xf3, 0, 1, 3, '1', '3', '4', '5'))
	if got := reads(t, line, len(second)); got != second {
		t.Errorf("then it sends %x", got)
	}
	tells(t, line, ack)
	tells(t, line, string(seal(5, 0xe6, 4, 0, 5)))
	says(t, b, "scanner until a low tone 5s")
	reads(t, line, 6)
	says(t, b, "scan this "+strings.Repeat("x", 300))
	if got := reads(t, line, 257); got[1] != 0xf3 || got[3] != 2 || got[4] != 0x1c {
		t.Errorf("the first part begins %x", got[:6])
	}
	tells(t, line, ack)
	if got := reads(t, line, 57); got[3] != 0 || got[5:55] != strings.Repeat("x", 50) {
		t.Errorf("the second part is %x", got)
	}
	tells(t, line, ack)
}
