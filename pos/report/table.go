package report

import (
	"fmt"
	"math/big"
	"strconv"
	"strings"
	"unicode/utf8"

	"golang.org/x/text/width"

	"posd/pos"
)

func (t *page) money() {
	if len(t.r.Totals) == 0 {
		return
	}
	t.section("report.money")
	rows := [][]string{{"", "", t.say("report.sales"), "", t.say("report.tips"), "", t.say("report.refunds"), t.say("report.net")}}
	cells := func(name string, total Total) []string {
		row := []string{name}
		for _, s := range []Sum{total.Sales, total.Tips, total.Refunds} {
			row = append(row, strconv.Itoa(s.N), t.amount(s.Amount, total.Currency))
		}
		return append(row, t.amount(total.Net, total.Currency))
	}
	for _, total := range t.r.Totals {
		rows = append(rows, cells(t.wallet(total.Wallet)+" "+string(total.Currency), total))
	}
	lines := aligned(rows, text, number, adjoined, number, adjoined, number, adjoined, number)
	if widest(lines) <= columns {
		t.print(lines...)
	} else {
		t.long()
	}
	for _, total := range t.r.Totals {
		for _, s := range total.Shopper {
			t.print("  " + t.say("report.shopper", "wallet", t.wallet(total.Wallet), "n", strconv.Itoa(s.N), "amount", t.amount(s.Amount, s.Currency)) + t.rate(total.Currency, s))
		}
	}
	for _, p := range t.r.Promotions {
		for _, line := range wrap(t.say("report.promotion", "name", p.Name, "n", strconv.Itoa(p.N)), columns-2) {
			t.print("  " + line)
		}
	}
}

// rate is what the shoppers' sum comes to for one unit of ours, to four decimals.
func (t *page) rate(ours pos.Currency, s Shopper) string {
	if s.Charged <= 0 {
		return ""
	}
	one := func(c pos.Currency) int64 {
		n := int64(1)
		for range c.Exponent() {
			n *= 10
		}
		return n
	}
	r := new(big.Rat).Mul(big.NewRat(s.Amount, s.Charged), big.NewRat(one(ours), one(s.Currency)))
	return fmt.Sprintf(" (1 %s = %s %s)", ours, r.FloatString(4), s.Currency)
}

// long writes the money one figure a line, for amounts that a table has no room for.
func (t *page) long() {
	for _, total := range t.r.Totals {
		t.print("  " + t.wallet(total.Wallet) + " " + string(total.Currency))
		var rows [][]string
		for _, line := range []struct {
			id string
			Sum
		}{{"report.sales", total.Sales}, {"report.tips", total.Tips}, {"report.refunds", total.Refunds}} {
			rows = append(rows, []string{"", t.say(line.id), strconv.Itoa(line.N), t.amount(line.Amount, total.Currency)})
		}
		rows = append(rows, []string{"", t.say("report.net"), "", t.amount(total.Net, total.Currency)})
		t.print(aligned(rows, text, text, number, number)...)
	}
}

// ruled writes what no acquirer confirmed, apart from the money.
func (t *page) ruled() {
	var rows [][]string
	add := func(id string, w pos.Wallet, c pos.Currency, s Sum) {
		if s.N > 0 {
			rows = append(rows, []string{t.say(id), t.wallet(w), strconv.Itoa(s.N), t.amount(s.Amount, c)})
		}
	}
	for _, r := range t.r.Ruled {
		add("report.ruled.paid", r.Wallet, r.Currency, r.Paid)
		add("report.ruled.unpaid", r.Wallet, r.Currency, r.Unpaid)
		add("report.ruled.refunded", r.Wallet, r.Currency, r.Refunded)
		add("report.ruled.refused", r.Wallet, r.Currency, r.Refused)
	}
	for _, u := range t.r.Unconfirmed {
		add("report.unconfirmed", u.Wallet, u.Currency, u.Sum)
	}
	if len(rows) == 0 {
		return
	}
	t.section("report.ruled")
	t.print(aligned(rows, text, text, number, number)...)
}

// column is how a column of a table stands: the blanks before it, and whether it leans right.
type column struct {
	gap   int
	right bool
}

var (
	text     = column{gap: 2}
	number   = column{gap: 2, right: true}
	adjoined = column{gap: 1, right: true} // belongs to the number before it
)

// aligned writes rows as columns.
func aligned(rows [][]string, shape ...column) []string {
	widths := make([]int, len(shape))
	for _, row := range rows {
		for i, cell := range row {
			widths[i] = max(widths[i], wide(cell))
		}
	}
	var lines []string
	for _, row := range rows {
		var b strings.Builder
		for i, cell := range row {
			space := strings.Repeat(" ", widths[i]-wide(cell))
			b.WriteString(strings.Repeat(" ", shape[i].gap))
			if shape[i].right {
				b.WriteString(space + cell)
			} else {
				b.WriteString(cell + space)
			}
		}
		lines = append(lines, strings.TrimRight(b.String(), " "))
	}
	return lines
}

func widest(lines []string) int {
	most := 0
	for _, line := range lines {
		most = max(most, wide(line))
	}
	return most
}

// wide is the columns a text takes: a Chinese character takes two.
func wide(s string) int {
	n := 0
	for _, r := range s {
		n += span(r)
	}
	return n
}

func span(r rune) int {
	switch width.LookupRune(r).Kind() {
	case width.EastAsianWide, width.EastAsianFullwidth:
		return 2
	}
	return 1
}

// joined puts sentences in a row: a blank between them, but none after a Chinese mark.
func joined(sentences ...string) string {
	var b strings.Builder
	for _, s := range sentences {
		if last, _ := utf8.DecodeLastRuneInString(b.String()); b.Len() > 0 && span(last) == 1 {
			b.WriteByte(' ')
		}
		b.WriteString(s)
	}
	return b.String()
}

func padded(s string, columns int) string {
	return s + strings.Repeat(" ", max(0, columns-wide(s)))
}

// spread puts one text at each end of a line; one that fits no line keeps two blanks between.
func spread(a, b string, columns int) string {
	return padded(a, max(wide(a)+2, columns-wide(b))) + b
}

// wrap breaks a text into lines: at blanks, and within Chinese anywhere but before a mark. A word
// longer than a line is cut.
func wrap(s string, columns int) []string {
	var lines []string
	line, used, cut := []rune{}, 0, 0 // cut: where the line may end; 0 is nowhere
	for _, r := range s {
		if r == '\n' || r == '\t' {
			r = ' '
		}
		if r == ' ' || (span(r) == 2 && !strings.ContainsRune("，。；：！？、）”", r)) {
			cut = len(line)
		}
		if used+span(r) > columns && len(line) > 0 {
			if cut == 0 {
				cut = len(line)
			}
			lines = append(lines, strings.TrimRight(string(line[:cut]), " "))
			line, cut = []rune(strings.TrimLeft(string(line[cut:]), " ")), 0
			used = wide(string(line))
		}
		if r == ' ' && len(line) == 0 {
			continue
		}
		line, used = append(line, r), used+span(r)
	}
	return append(lines, strings.TrimRight(string(line), " "))
}
