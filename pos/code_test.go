package pos

import (
	"bytes"
	"encoding/json"
	"fmt"
	"log/slog"
	"os"
	"strings"
	"testing"
)

// The classification cases of the wallets' documents.
func TestFamilies(t *testing.T) {
	raw, err := os.ReadFile("testdata/code-classes.json")
	if err != nil {
		t.Fatal(err)
	}
	var cases []struct{ Scan, Class, Why string }
	if err := json.Unmarshal(raw, &cases); err != nil {
		t.Fatal(err)
	}
	if len(cases) < 28 {
		t.Fatalf("only %d cases", len(cases))
	}
	for _, c := range cases {
		if _, got := (Scan{Code: NewCode(c.Scan), Whole: true}).Read(); string(got) != c.Class {
			t.Errorf("%q is %s, want %s: %s", c.Scan, got, c.Class, c.Why)
		}
	}
}

// A symbology that no phone shows is never money, whatever the digits say.
func TestLabelsAreNeverMoney(t *testing.T) {
	for _, aim := range []string{"]C1", "]E0", "]d2", "]L0", "]Q3", "]I1", "]A0"} {
		_, f := (Scan{Code: NewCode("134567890123456789"), AIM: aim}).Read()
		if w, money := f.Wallet(); money {
			t.Errorf("%s was taken for %s", aim, w)
		}
	}
}

// A payment code is money for a minute: it must not stand in a log, an error or an answer.
func TestCodeCannotPrintItself(t *testing.T) {
	const digits = "134567890123456789"
	type holder struct {
		open   Code
		Public Code
		Scan   Scan
		ptr    *Code
	}
	c := NewCode(digits)
	h := holder{c, c, Scan{Code: c}, &c}
	var out bytes.Buffer
	for _, verb := range []string{"%v", "%+v", "%#v", "%s", "%q", "%x", "%d"} {
		fmt.Fprintf(&out, verb+" "+verb+" "+verb+"\n", c, h, &h)
	}
	log := slog.New(slog.NewJSONHandler(&out, &slog.HandlerOptions{Level: slog.LevelDebug}))
	log.Info("scan", "code", c, "holder", h, "scan", h.Scan)
	if err := json.NewEncoder(&out).Encode(map[string]any{"code": c, "scan": h.Scan, "charge": Charge{Code: c}}); err != nil {
		t.Fatal(err)
	}
	if strings.Contains(out.String(), digits) || strings.Contains(out.String(), fmt.Sprintf("%x", digits)) {
		t.Errorf("the code was printed:\n%s", out.String())
	}
	if !strings.Contains(out.String(), "****6789") {
		t.Error("the last four digits do not show either")
	}
	if got := NewCode("1234").String(); got != "****" {
		t.Errorf("a short code shows %q", got)
	}
	if (Code{}).Reveal() != "" {
		t.Error("no code reveals something")
	}
}

// Whatever is scanned: reading it again changes nothing, and only plain digits are ever money.
func FuzzRead(f *testing.F) {
	f.Add("134567890123456789\r", "]C0")
	f.Add("]Q1281234567890123456", "")
	f.Fuzz(func(t *testing.T, text, aim string) {
		code, family := (Scan{Code: NewCode(text), AIM: aim}).Read()
		if _, money := family.Wallet(); money {
			d := code.Reveal()
			if len(d) < 16 || len(d) > 24 || strings.Trim(d, "0123456789") != "" {
				t.Errorf("%d bytes were taken for money", len(d))
			}
			if again, f2 := (Scan{Code: code}).Read(); again.Reveal() != d || f2 != family {
				t.Errorf("read twice it is %s, then %s", family, f2)
			}
		}
	})
}

// A cashier scans into the note with a scanner that types, or reads the digits aloud to whoever types them: a code in it
// is known, however it is grouped. Prices, dates, telephone numbers and an acquirer's ids are none.
func TestTypedCodes(t *testing.T) {
	for text, want := range map[string]bool{
		"134567890123456789":               true,
		"code 1345 6789 0123 4567 89":      true,
		"28-1234-5678-9012-3456":           true,
		"pays with 281234567890123456, ok": true,
		"x134567890123456789x":             true,
		"2812 281234567890123456":          true,
		"6212345678901234567":              true,
		"":                                 false,
		"A-1001":                           false,
		"two bags, 129.50 and 1,340.00":    false,
		"+86 138 0013 8000":                false,
		"20261124-1530-0001":               false,
		"4200001234202611241234567890":     false, // WeChat's own id
		"280012345678":                     false, // Citcon's
		"13456789012345678":                false,
		"1345678901234567890":              false,
	} {
		if got := HoldsCode(text); got != want {
			t.Errorf("%q: %v", text, got)
		}
	}
}
