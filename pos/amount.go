package pos

import (
	"errors"
	"fmt"
	"math"
	"strconv"
	"strings"
)

// Currency is an ISO 4217 alphabetic code in capitals, such as "USD".
type Currency string

// exponents lists the currencies whose minor unit is not a hundredth (ISO 4217).
var exponents = map[Currency]int{
	"BHD": 3, "BIF": 0, "CLF": 4, "CLP": 0, "DJF": 0, "GNF": 0, "IQD": 3, "ISK": 0, "JOD": 3, "JPY": 0,
	"KMF": 0, "KRW": 0, "KWD": 3, "LYD": 3, "OMR": 3, "PYG": 0, "RWF": 0, "TND": 3, "UGX": 0, "UYI": 0,
	"UYW": 4, "VND": 0, "VUV": 0, "XAF": 0, "XOF": 0, "XPF": 0,
}

// Sentinels of amounts.
var (
	ErrOverflow = errors.New("amount is too large")
	ErrCurrency = errors.New("currencies differ")
	ErrAmount   = errors.New("not an amount")
)

// ParseCurrency accepts three capital letters. Whether an acquirer takes it is its capability.
func ParseCurrency(s string) (Currency, error) {
	if len(s) != 3 || strings.Trim(s, "ABCDEFGHIJKLMNOPQRSTUVWXYZ") != "" {
		return "", fmt.Errorf("%q is not an ISO 4217 currency code: %w", s, ErrAmount)
	}
	return Currency(s), nil
}

// Exponent is the number of decimals of the minor unit: 2 for USD, 0 for JPY.
func (c Currency) Exponent() int {
	if e, ok := exponents[c]; ok {
		return e
	}
	return 2
}

// Amount is money in minor units: 12950 USD is $129.50.
type Amount struct {
	Minor    int64    `json:"amount"`
	Currency Currency `json:"currency"`
}

// Add sums two amounts of one currency; ErrOverflow and ErrCurrency say why it cannot.
func (a Amount) Add(b Amount) (Amount, error) {
	if a.Currency != b.Currency {
		return Amount{}, fmt.Errorf("%s + %s: %w", a.Currency, b.Currency, ErrCurrency)
	}
	sum := a.Minor + b.Minor
	if (b.Minor > 0 && sum < a.Minor) || (b.Minor < 0 && sum > a.Minor) {
		return Amount{}, ErrOverflow
	}
	return Amount{sum, a.Currency}, nil
}

// Sub takes b from a.
func (a Amount) Sub(b Amount) (Amount, error) {
	if b.Minor == math.MinInt64 {
		return Amount{}, ErrOverflow
	}
	return a.Add(Amount{-b.Minor, b.Currency})
}

// ParseAmount reads what a person types: "129.50", "1,234.5" is refused because commas mean
// different things in different countries. More decimals than the currency has are an error.
func ParseAmount(text string, c Currency) (Amount, error) {
	wrong := fmt.Errorf("%q: write units and at most %d decimals, such as %s: %w", text, c.Exponent(), Amount{12950, c}.Decimal(), ErrAmount)
	whole, decimals, pointed := strings.Cut(strings.TrimSpace(text), ".")
	if whole == "" || (pointed && decimals == "") || len(decimals) > c.Exponent() {
		return Amount{}, wrong
	}
	digits := whole + decimals + strings.Repeat("0", c.Exponent()-len(decimals))
	for _, d := range digits {
		if d < '0' || d > '9' {
			return Amount{}, wrong
		}
	}
	minor, err := strconv.ParseInt(digits, 10, 64)
	if err != nil {
		return Amount{}, fmt.Errorf("%q: %w", text, ErrOverflow)
	}
	return Amount{minor, c}, nil
}

// Decimal writes the amount with a point and no grouping, for machines and for typing: "1234.50".
func (a Amount) Decimal() string {
	whole, decimals := a.split()
	if decimals != "" {
		whole += "." + decimals
	}
	if a.Minor < 0 {
		return "-" + whole
	}
	return whole
}

// String is the amount for logs and tests: "1234.50 USD".
func (a Amount) String() string { return a.Decimal() + " " + string(a.Currency) }

// split gives the digits before and after the decimal mark, without a sign.
func (a Amount) split() (whole, decimals string) {
	magnitude := uint64(a.Minor)
	if a.Minor < 0 {
		magnitude = -magnitude // two's complement: right for MinInt64 too
	}
	digits := strconv.FormatUint(magnitude, 10)
	e := a.Currency.Exponent()
	if e == 0 {
		return digits, ""
	}
	if len(digits) <= e {
		digits = strings.Repeat("0", e+1-len(digits)) + digits
	}
	return digits[:len(digits)-e], digits[len(digits)-e:]
}

// Symbols as browsers print them (CLDR, narrow forms where the country is plain from the language).
var symbols = map[string]map[Currency]string{
	"en":      {"USD": "$", "CAD": "CA$", "CNY": "CN¥", "HKD": "HK$", "EUR": "€", "GBP": "£", "JPY": "¥"},
	"fr-CA":   {"USD": "$\u00a0US", "CAD": "$", "CNY": "CN¥", "HKD": "$\u00a0HK", "EUR": "€", "GBP": "£", "JPY": "¥"},
	"zh-Hans": {"USD": "US$", "CAD": "CA$", "CNY": "¥", "HKD": "HK$", "EUR": "€", "GBP": "£", "JPY": "JP¥"},
}

// Format writes the amount for a person who reads en, fr-CA or zh-Hans, as their browser would:
// "$1,234.50", "1 234,50 $", "US$1,234.50". Another language reads as en.
func (a Amount) Format(lang string) string {
	known, ok := symbols[lang]
	if !ok {
		lang, known = "en", symbols["en"]
	}
	sign := ""
	if a.Minor < 0 {
		sign = "-"
	}
	whole, decimals := a.split()
	symbol, ok := known[a.Currency]
	if lang == "fr-CA" {
		if !ok {
			symbol = string(a.Currency)
		}
		if decimals != "" {
			decimals = "," + decimals
		}
		return sign + grouped(whole, "\u00a0") + decimals + "\u00a0" + symbol
	}
	if !ok {
		symbol = string(a.Currency) + "\u00a0"
	}
	if decimals != "" {
		decimals = "." + decimals
	}
	return sign + symbol + grouped(whole, ",") + decimals
}

func grouped(digits, mark string) string {
	var b strings.Builder
	for i, d := range digits {
		if i > 0 && (len(digits)-i)%3 == 0 {
			b.WriteString(mark)
		}
		b.WriteRune(d)
	}
	return b.String()
}
