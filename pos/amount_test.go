package pos

import (
	"errors"
	"math"
	"strings"
	"testing"

	"golang.org/x/text/currency"
)

func TestFormat(t *testing.T) {
	for _, c := range []struct {
		minor      int64
		currency   Currency
		en, fr, zh string
	}{
		{123450, "USD", "$1,234.50", "1\u00a0234,50\u00a0$\u00a0US", "US$1,234.50"},
		{123450, "CAD", "CA$1,234.50", "1\u00a0234,50\u00a0$", "CA$1,234.50"},
		{123450, "CNY", "CN¥1,234.50", "1\u00a0234,50\u00a0CN¥", "¥1,234.50"},
		{1234, "JPY", "¥1,234", "1\u00a0234\u00a0¥", "JP¥1,234"},
		{5, "USD", "$0.05", "0,05\u00a0$\u00a0US", "US$0.05"},
		{-5, "USD", "-$0.05", "-0,05\u00a0$\u00a0US", "-US$0.05"},
		{123456789012, "USD", "$1,234,567,890.12", "1\u00a0234\u00a0567\u00a0890,12\u00a0$\u00a0US", "US$1,234,567,890.12"},
		{math.MinInt64, "USD", "-$92,233,720,368,547,758.08", "-92\u00a0233\u00a0720\u00a0368\u00a0547\u00a0758,08\u00a0$\u00a0US", "-US$92,233,720,368,547,758.08"},
	} {
		a := Amount{c.minor, c.currency}
		for lang, want := range map[string]string{"en": c.en, "fr-CA": c.fr, "zh-Hans": c.zh, "de": c.en} {
			if got := a.Format(lang); got != want {
				t.Errorf("%s in %s: %q, want %q", a, lang, got, want)
			}
		}
	}
}

// A wrong exponent is a price a hundred times too high. The witness is the Unicode currency data.
func TestExponents(t *testing.T) {
	for _, c := range []Currency{"USD", "CAD", "CNY", "HKD", "EUR", "GBP", "JPY", "KRW", "KWD", "BHD", "VND", "CLF", "SGD", "AUD", "CHF"} {
		unit, err := currency.ParseISO(string(c))
		if err != nil {
			t.Fatal(err)
		}
		if want, _ := currency.Standard.Rounding(unit); c.Exponent() != want {
			t.Errorf("%s: %d decimals, want %d", c, c.Exponent(), want)
		}
	}
}

func TestAddRefusesOverflow(t *testing.T) {
	big := Amount{math.MaxInt64, "USD"}
	if _, err := big.Add(Amount{1, "USD"}); !errors.Is(err, ErrOverflow) {
		t.Errorf("got %v", err)
	}
	if _, err := (Amount{-2, "USD"}).Sub(Amount{math.MinInt64, "USD"}); !errors.Is(err, ErrOverflow) {
		t.Errorf("got %v", err)
	}
	if _, err := big.Add(Amount{1, "CAD"}); !errors.Is(err, ErrCurrency) {
		t.Errorf("got %v", err)
	}
	if got, err := (Amount{5, "USD"}).Sub(Amount{7, "USD"}); err != nil || got.Minor != -2 {
		t.Errorf("got %v %v", got, err)
	}
}

func TestParseAmount(t *testing.T) {
	for text, want := range map[string]int64{"129.50": 12950, "129.5": 12950, "129": 12900, " 0.05 ": 5, "92233720368547758.07": math.MaxInt64} {
		if got, err := ParseAmount(text, "USD"); err != nil || got.Minor != want {
			t.Errorf("%q: %v %v, want %d", text, got, err, want)
		}
	}
	for _, text := range []string{"", ".", "1.", ".5", "1,50", "1.505", "-1", "+1", "1e3", "１", "0x1", "92233720368547758.08", "1 000"} {
		if got, err := ParseAmount(text, "USD"); err == nil {
			t.Errorf("%q was read as %v", text, got)
		}
	}
	if _, err := ParseAmount("1.5", "JPY"); err == nil {
		t.Error("half a yen was taken")
	}
}

// What is printed can be typed again.
func FuzzParseAmount(f *testing.F) {
	f.Add("129.50")
	f.Add("0.00")
	f.Fuzz(func(t *testing.T, text string) {
		a, err := ParseAmount(text, "USD")
		if err != nil {
			return
		}
		if a.Minor < 0 {
			t.Errorf("%q became negative", text)
		}
		again, err := ParseAmount(a.Decimal(), "USD")
		if err != nil || again != a {
			t.Errorf("%q -> %v -> %q -> %v", text, a, a.Decimal(), again)
		}
	})
}

func TestParseCurrency(t *testing.T) {
	for _, s := range []string{"", "US", "USDX", "usd", "U$D", strings.Repeat("A", 300)} {
		if _, err := ParseCurrency(s); err == nil {
			t.Errorf("%q was taken", s)
		}
	}
	if c, err := ParseCurrency("CAD"); err != nil || c != "CAD" {
		t.Errorf("%v %v", c, err)
	}
}
