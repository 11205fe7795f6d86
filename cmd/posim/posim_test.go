package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"posd/pos"
)

// inShop opens a boutique that closes with the test.
func inShop(t *testing.T) *boutique {
	t.Helper()
	b, err := open(t.Context(), "127.0.0.1:0", t.TempDir(), "text", "line")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := b.close(); err != nil {
			t.Errorf("close: %v", err)
		}
	})
	return b
}

// says carries out a command that must work.
func says(t *testing.T, b *boutique, command string) reply {
	t.Helper()
	r := b.carryOut(t.Context(), command)
	if !r.OK {
		t.Fatalf("%s: %s", command, r.Say)
	}
	return r
}

// connect opens a device as the register would, by its path.
func connect(t *testing.T, path string) *os.File {
	t.Helper()
	f, err := os.OpenFile(path, os.O_RDWR, 0)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { f.Close() })
	return f
}

// reads waits for n bytes of the line.
func reads(t *testing.T, f *os.File, n int) string {
	t.Helper()
	got := make(chan string, 1)
	go func() {
		buf := make([]byte, n)
		all := 0
		for all < n {
			k, err := f.Read(buf[all:])
			if err != nil {
				break
			}
			all += k
		}
		got <- string(buf[:all])
	}()
	select {
	case s := <-got:
		return s
	case <-time.After(time.Minute):
		t.Fatal("the line stays silent")
		return ""
	}
}

// The virtual scanner reads what a shopper shows; the register must see the same bytes as from a real
// one, and each code must be what it claims to be.
func TestScanner(t *testing.T) {
	for kind, want := range map[string]pos.Family{
		"wechat": pos.FamilyWeChat, "alipay": pos.FamilyAlipay, "alipay-plus": pos.FamilyAlipayPlus,
		"unionpay": pos.FamilyUnionPay, "price-tag": pos.FamilyProduct, "receive-code": pos.FamilyURL,
		"carton": pos.FamilyProduct,
	} {
		t.Run(kind, func(t *testing.T) {
			b := inShop(t)
			line := connect(t, b.places.Scanner)
			says(t, b, "scan "+kind)
			sent := b.last + "\r"
			if got := reads(t, line, len(sent)); got != sent {
				t.Errorf("the register read %d bytes, not what was scanned", len(got))
			}
			if _, family := (pos.Scan{Code: pos.NewCode(b.last)}).Read(); family != want {
				t.Errorf("a %s reads as %s", kind, family)
			}
			first := b.last
			says(t, b, "scan again")
			if got := reads(t, line, len(sent)); got != sent {
				t.Error("again is not the same again")
			}
			says(t, b, "scan "+kind)
			if b.last == first {
				t.Error("a phone never shows the same code twice")
			}
		})
	}
}

// The cable is pulled under the register: its line hangs up and the path is gone. Plugged in again
// the path leads to a new line that works.
func TestPullAndPlug(t *testing.T) {
	b := inShop(t)
	line := connect(t, b.places.Scanner)
	before, err := os.Readlink(b.places.Scanner)
	if err != nil {
		t.Fatal(err)
	}
	says(t, b, "pull scanner")
	says(t, b, "pull scanner")
	if _, err := os.Lstat(b.places.Scanner); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("the path of a pulled scanner: %v", err)
	}
	if _, err := line.Read(make([]byte, 1)); err == nil {
		t.Error("the pulled line still gives bytes")
	}
	if r := b.carryOut(t.Context(), "scan wechat"); r.OK || !strings.Contains(r.Say, "pulled") {
		t.Errorf("a pulled scanner scanned: %+v", r)
	}
	says(t, b, "plug scanner")
	after, err := os.Readlink(b.places.Scanner)
	if err != nil || before == "" || after == "" {
		t.Fatalf("plugged in, the path leads from %q to %q, %v", before, after, err)
	}
	line = connect(t, b.places.Scanner)
	says(t, b, "scan this 6901234567892")
	if got := reads(t, line, 14); got != "6901234567892\r" {
		t.Errorf("after plugging in the register read %q", got)
	}
}

// The register writes to the display; it shows the last page whole, and forgets it when it loses power.
func TestDisplay(t *testing.T) {
	b := inShop(t)
	line := connect(t, b.places.Display)
	if _, err := line.WriteString("an old page\r\n\fPlease pay\r\n$129.50\r\n"); err != nil {
		t.Fatal(err)
	}
	says(t, b, "until 129.50 5s")
	if got, want := says(t, b, "display").Say, "Please pay | $129.50"; got != want {
		t.Errorf("the display shows %s, want %s", got, want)
	}
	if r := b.carryOut(t.Context(), "until elephants 60ms"); r.OK {
		t.Error("the display shows elephants")
	}
	says(t, b, "pull display")
	says(t, b, "plug display")
	if got := says(t, b, "display").Say; got != "nothing" {
		t.Errorf("after a power cut the display shows %s", got)
	}
}

// However the register's bytes are cut, the display shows the same.
func FuzzScreen(f *testing.F) {
	f.Add([]byte("\fPlease pay\r\n$1.00\r\n"), 3)
	f.Add([]byte("a\f\fb"), 1)
	f.Fuzz(func(t *testing.T, b []byte, cut int) {
		if len(b) > mostShown || cut < 1 {
			return
		}
		whole, cutUp := &screen{}, &screen{}
		whole.hear(b)
		for rest := b; len(rest) > 0; {
			n := min(cut, len(rest))
			cutUp.hear(rest[:n])
			rest = rest[n:]
		}
		if whole.shows() != cutUp.shows() {
			t.Errorf("whole %q, cut at %d %q", whole.shows(), cut, cutUp.shows())
		}
	})
}

// What is mistyped is refused with a sentence, and no code comes back in it.
func TestNotUnderstood(t *testing.T) {
	b := inShop(t)
	for _, wrong := range []string{"scan", "scan gold", "scan this", "scan again", "password", "password soon", "password 20h",
		"slow -1s", "line sideways", "pull plug", "plug", "shopper leaves", "wait", "wait 1", "sing", "cut 5", "display pay", "until x"} {
		if r := b.carryOut(t.Context(), wrong); r.OK && wrong != "display pay" || r.Say == "" {
			t.Errorf("%q: %+v", wrong, r)
		}
	}
	code := codes["wechat"]()
	text, err := json.Marshal(says(t, b, "scan this "+code))
	if err != nil || strings.Contains(string(text), code) {
		t.Errorf("the reply repeats the code: %v", err)
	}
}

// A script plays to its end and closes the boutique; nothing is left in the folder.
func TestScript(t *testing.T) {
	dir := t.TempDir()
	script := filepath.Join(dir, "afternoon")
	shop := filepath.Join(dir, "shop")
	if err := os.WriteFile(script, []byte("# an afternoon\n\nscan wechat\nwait 1ms\npull display\nline down\nsing\nquit\nscan wechat\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	null, err := os.Open(os.DevNull)
	if err != nil {
		t.Fatal(err)
	}
	defer null.Close()
	var out, errs bytes.Buffer
	if code := run(t.Context(), []string{"--json", "--dir", shop, "--script", script}, null, &out, &errs); code != 0 {
		t.Fatalf("exit %d: %s", code, errs.String())
	}
	lines := strings.Split(strings.TrimSpace(out.String()), "\n")
	var at places
	if err := json.Unmarshal([]byte(lines[0]), &at); err != nil || at.Scanner != filepath.Join(shop, "scanner") || !strings.HasPrefix(at.Acquirer, "http://127.0.0.1:") {
		t.Errorf("first line %s, %v", lines[0], err)
	}
	var oks []bool
	for _, l := range lines[1:] {
		var r reply
		if err := json.Unmarshal([]byte(l), &r); err != nil {
			t.Errorf("%s: %v", l, err)
		}
		oks = append(oks, r.OK)
	}
	if want := []bool{true, true, true, true, false, true}; len(oks) != len(want) || oks[4] {
		t.Errorf("replies %v, want %v", oks, want)
	}
	left, err := os.ReadDir(shop)
	if err != nil || len(left) != 0 {
		t.Errorf("left behind: %v, %v", left, err)
	}
}

// Whoever reaches the simulated acquirer decides what is paid; so only this computer may.
func TestLoopbackOnly(t *testing.T) {
	null, err := os.Open(os.DevNull)
	if err != nil {
		t.Fatal(err)
	}
	defer null.Close()
	for args, want := range map[string]int{"--listen 0.0.0.0:0": exitFailed, "--listen :0": exitFailed, "--listen nonsense": exitFailed,
		"--colour red": exitUsage, "extra": exitUsage, "--help": 0} {
		var out, errs bytes.Buffer
		ctx, cancel := context.WithCancel(t.Context())
		cancel()
		if code := run(ctx, strings.Fields(args), null, &out, &errs); code != want || errs.Len() == 0 {
			t.Errorf("posim %s: exit %d, want %d: %s", args, code, want, errs.String())
		}
	}
}
