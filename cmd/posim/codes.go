package main

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
)

// A code is what a scanner at the counter may meet. Each call makes a fresh one, as a phone does.
var codes = map[string]func() string{
	"wechat":       func() string { return "13" + digits(16) },
	"alipay":       func() string { return "28" + digits(16) },
	"alipay-plus":  func() string { return "251001" + "02" + digits(16) },
	"unionpay":     func() string { return "62" + digits(17) },
	"price-tag":    func() string { return ean13("69" + digits(10)) },
	"receive-code": func() string { return "wxp://f2f0" + letters(38) },
	"carton":       func() string { return "]C1" + "00" + digits(18) },
	"noise":        func() string { return "\x00\xfe\x81\x1b\x07\xf3" + letters(9) },
}

func digits(n int) string { return pick("0123456789", n) }

func letters(n int) string {
	return pick("0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz", n)
}

func pick(from string, n int) string {
	var b strings.Builder
	for range n {
		b.WriteByte(from[rand.IntN(len(from))])
	}
	return b.String()
}

// ean13 adds the check digit of a price tag to its first twelve digits.
func ean13(first12 string) string {
	sum := 0
	for i, d := range []byte(first12) {
		weight := 1
		if i%2 == 1 {
			weight = 3
		}
		sum += weight * int(d-'0')
	}
	return fmt.Sprintf("%s%d", first12, (10-sum%10)%10)
}

// kinds lists what can be scanned, for help and for refusals.
func kinds() []string {
	all := make([]string, 0, len(codes))
	for k := range codes {
		all = append(all, k)
	}
	slices.Sort(all)
	return all
}
