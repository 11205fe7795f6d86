package devices

import (
	"context"
	"strings"
	"testing"

	"posd/configs"
	"posd/devices/profiles"
	"posd/devices/scanner"
	"posd/pos"
)

// as is the code of a payment as a product sends it: its driver's way, or its layout's.
func as(t *testing.T, p profiles.Profile, code string) string {
	t.Helper()
	report := func(id, first byte, length, at int, text string) string {
		r := make([]byte, 64)
		r[0] = id
		r[length] = first
		copy(r[at:], text)
		return string(r)
	}
	switch p.Scanner.Layout {
	case "symbol-com":
		return report(byte(len(code)+1), byte(len(code)+1), 0, 1, code+"\r")
	case "microscan":
		return report(1, byte(len(code)), 1, 2, code)
	}
	switch p.Driver {
	case "line":
		return asLine(code)
	case "ssi":
		return asSSI(code)
	case "hidpos":
		return asReports(code)
	case "evdev":
		return asKeys(code)
	}
	t.Fatalf("no way to play a %s", p.Driver)
	return ""
}

// Every scanner that is shipped as a profile is plugged in: it is told its settings, looks for a code when one
// is wanted, is read, and feels that a code was refused, each in its maker's bytes.
func TestShippedScanners(t *testing.T) {
	set, _, err := profiles.Open(configs.Profiles(), nil, "")
	if err != nil {
		t.Fatal(err)
	}
	n := 0
	for _, p := range set.All() {
		if p.Role != pos.RoleScanner {
			continue
		}
		n++
		t.Run(p.Name, func(t *testing.T) {
			c := Config{Name: "scanner", Role: p.Role, Driver: p.Driver, Baud: p.Baud, Scanner: p.Scanner}
			drivers := scanners()
			var say func(string)
			var told func(string)
			switch p.Driver {
			case "hidpos", "evdev":
				descriptor := honeywellLike
				if p.Driver == "evdev" {
					descriptor = ""
				}
				o := newOutlet(t, descriptor)
				drivers[p.Driver] = func(ctx context.Context, c Config) (opened, dialect, error) { return o.driver(ctx, c) }
				c.Port = "node"
				say = o.say
				told = func(want string) {
					t.Helper()
					if got := o.hears(); !strings.HasPrefix(got, want) {
						t.Errorf("it is told %x, not %x", got, want)
					}
				}
			default:
				s := newSocket(t)
				c.Port = s.path
				say, told = s.say, func(want string) { t.Helper(); s.told(want) }
			}
			b := atWorkWith(t, drivers, c)
			b.becomes("scanner", pos.DeviceReady)
			word := func(command scanner.Bytes, built string, do func()) {
				t.Helper()
				do()
				if p.Driver == "ssi" {
					told(built)
					say("\x04\xd0\x00\x00\xff\x2c") // acknowledged
				} else if len(command) > 0 {
					told(string(command))
				}
			}
			setup := p.Scanner.Setup
			if p.Driver == "ssi" {
				setup = append([]scanner.Bytes{{0xee, 1}, {0x9f, 1}, {0xec, 0}}, setup...)
			}
			for _, s := range setup {
				word(s, string(s), func() {})
			}
			word(p.Scanner.Trigger, "\x04\xe4\x04\x00\xff\x14", func() { b.desk.Show(pos.Prompt{Kind: pos.PromptScan}) })
			if got := shown(t, b.scans, func() { say(as(t, p, "134567890123456789")) }); got.Code.Reveal() != "134567890123456789" || !got.Whole {
				t.Errorf("%d bytes, whole %v", len(got.Code.Reveal()), got.Whole)
			}
			if p.Driver == "ssi" {
				told("\x04\xd0\x04\x00\xff\x28")
			}
			word(p.Scanner.Bad, "\x05\xe6\x04\x00\x05\xff\x0c", func() { b.desk.Feel("scanner", false) })
			word(p.Scanner.Stop, "\x04\xe5\x04\x00\xff\x13", func() { b.desk.Show(pos.Prompt{Kind: pos.PromptIdle}) })
			if p.Source == "" {
				t.Error("nobody knows where its facts are from")
			}
		})
	}
	if n < 20 {
		t.Errorf("%d scanners are shipped", n)
	}
}
