package report

import (
	"bufio"
	"io"
	"strconv"
	"strings"
	"time"

	"posd/pos"
	"posd/pos/words"
)

// columns is the width of the paper and of a plain window.
const columns = 80

// Text writes the report for a person: 80 columns, in a language of the catalogue, times in the
// store's zone. Only a reference or an amount longer than any real one makes a longer line.
func Text(w io.Writer, r Report, catalogue *words.Catalogue, lang string, zone *time.Location) error {
	t := page{r: r, words: catalogue, lang: lang, zone: zone}
	t.head()
	t.summary()
	t.notFinal()
	t.money()
	t.refunds()
	t.ruled()
	t.adjustments()
	t.orphans()
	t.failed()
	t.people()
	t.deeds()
	t.hours()
	t.foot()
	out := bufio.NewWriter(w)
	for _, line := range t.lines {
		out.WriteString(strings.TrimRight(line, " "))
		out.WriteByte('\n')
	}
	return out.Flush()
}

type page struct {
	r     Report
	words *words.Catalogue
	lang  string
	zone  *time.Location
	lines []string
}

// say takes names and values in pairs.
func (t *page) say(id string, args ...string) string {
	filled := map[string]string{}
	for i := 0; i+1 < len(args); i += 2 {
		filled[args[i]] = args[i+1]
	}
	return t.words.Say(t.lang, id, filled)
}

// known says a sentence if the catalogue has it, else the word itself: an acquirer's code is better
// than nothing.
func (t *page) known(prefix, word, suffix string) string {
	if id := prefix + word + suffix; t.words.Has(id) {
		return t.say(id)
	}
	return word
}

func (t *page) print(lines ...string) { t.lines = append(t.lines, lines...) }

func (t *page) section(id string) { t.print("", t.say(id)) }

func (t *page) amount(minor int64, c pos.Currency) string {
	return pos.Amount{Minor: minor, Currency: c}.Format(t.lang)
}

func (t *page) time(at time.Time) string { return at.In(t.zone).Format("2006-01-02 15:04") }

// clock leaves the date out where it is the day's own.
func (t *page) clock(at time.Time) string {
	if local := at.In(t.zone); local.Format(time.DateOnly) == string(t.r.Day) {
		return local.Format("15:04")
	}
	return t.time(at)
}

func (t *page) wallet(w pos.Wallet) string {
	if w == "" {
		return t.say("report.wallet.none")
	}
	return t.known("wallet.", string(w), ".name")
}

func (t *page) head() {
	kind := t.say("report.title.x")
	if t.r.Z != nil {
		kind = t.say("report.title.z", "z", strconv.Itoa(*t.r.Z))
	}
	name := t.r.Register
	if t.r.Store != "" && !strings.HasPrefix(t.r.Register, t.r.Store) {
		name = strings.TrimSpace(t.r.Store + " " + t.r.Register)
	}
	t.print(spread(name, kind, columns), strings.Repeat("=", columns))
	rows := [][2]string{{t.say("report.head.day"), t.day()}}
	if t.r.Opened != nil {
		rows = append(rows, [2]string{t.say("report.head.opened"), t.time(*t.r.Opened)})
	}
	if t.r.Closed != nil {
		closed := t.time(*t.r.Closed)
		if t.r.By != "" {
			closed = t.say("report.head.closed_by", "time", closed, "by", t.r.By)
		}
		rows = append(rows, [2]string{t.say("report.head.closed"), closed})
	}
	if len(t.r.ChinaDays) > 0 {
		var days []string
		for _, d := range t.r.ChinaDays {
			days = append(days, string(d))
		}
		rows = append(rows, [2]string{t.say("report.head.china"), strings.Join(days, ", ")})
	}
	if t.r.Note != "" {
		rows = append(rows, [2]string{t.say("report.head.note"), t.r.Note})
	}
	width := 0
	for _, row := range rows {
		width = max(width, wide(row[0]))
	}
	for _, row := range rows {
		for i, part := range wrap(row[1], columns-width-2) {
			if i > 0 {
				row[0] = ""
			}
			t.print(padded(row[0], width) + "  " + part)
		}
	}
}

func (t *page) day() string {
	d, err := time.Parse(time.DateOnly, string(t.r.Day))
	if err != nil {
		return t.say("report.head.no_day")
	}
	return string(t.r.Day) + " " + t.say("report.weekday."+strconv.Itoa(int(d.Weekday())))
}

func (t *page) summary() {
	payments := 0
	for _, total := range t.r.Totals {
		payments += total.Sales.N
	}
	sentences := []string{t.say("report.summary.payments", "n", strconv.Itoa(payments))}
	if payments == 0 {
		sentences[0] = t.say("report.summary.none")
	}
	if len(t.r.Net) > 0 {
		var nets []string
		for _, net := range t.r.Net {
			nets = append(nets, net.Format(t.lang))
		}
		sentences = append(sentences, t.say("report.summary.net", "amount", strings.Join(nets, " + ")))
	}
	if n := len(t.r.NotFinal); n > 0 {
		sentences = append(sentences, t.say("report.summary.not_final", "n", strconv.Itoa(n)))
	} else {
		sentences = append(sentences, t.say("report.summary.all_final"))
	}
	t.print("")
	t.print(wrap(joined(sentences...), columns)...)
}

func (t *page) notFinal() {
	if len(t.r.NotFinal) == 0 {
		return
	}
	inside := columns - 4
	edge := func(title string) string {
		return "+-" + title + strings.Repeat("-", max(0, columns-3-wide(title))) + "+"
	}
	t.print("", edge(" "+t.say("report.not_final")+" "))
	put := func(lines ...string) {
		for _, line := range lines {
			t.print("| " + padded(line, inside) + " |")
		}
	}
	for i, item := range t.r.NotFinal {
		if i > 0 {
			put("")
		}
		states, kind := t.kind(item)
		name := kind + " " + t.amount(item.Amount, item.Currency)
		if item.Ticket != "" {
			name += "  " + item.Ticket
		}
		put(spread(name, t.known(states, item.State, ".label"), inside))
		put("  " + item.ID)
		rest := joined(t.say("report.item.since", "time", t.clock(item.Since)),
			t.say("report.item.who", "who", t.known("who.", item.Who, "")))
		if item.NextTry != nil {
			rest = joined(rest, t.say("report.item.next", "time", t.clock(*item.NextTry)))
		}
		for _, line := range wrap(rest, inside-2) {
			put("  " + line)
		}
		if item.Due != nil {
			put("  " + t.say("report.item.due", "time", t.clock(*item.Due)))
		}
		if item.Why != "" {
			for _, line := range wrap(t.known("reason.", item.Why, ""), inside-2) {
				put("  " + line)
			}
		}
	}
	t.print(edge(""))
}

// kind is where the words for an item's state stand, and what it is.
func (t *page) kind(i Item) (states, name string) {
	states = "state."
	if i.Kind == ItemRefund {
		states = "refund."
	}
	return states, t.say("report.item." + i.Kind)
}

func (t *page) failed() {
	if len(t.r.Failed) == 0 {
		return
	}
	t.section("report.failed")
	var rows [][]string
	for _, f := range t.r.Failed {
		reason := t.known("report.reason.", f.Reason, "")
		if f.Reason == "" {
			reason = t.say("report.reason.none")
		}
		rows = append(rows, []string{strconv.Itoa(f.N), reason})
	}
	t.print(aligned(rows, number, text)...)
}

func (t *page) foot() {
	var counts []string
	for _, c := range t.r.Counts.list() {
		if c.n > 0 && c.item != "declined" { // the declines stand above, by reason
			counts = append(counts, t.say("report.count."+c.item, "n", strconv.Itoa(c.n)))
		}
	}
	if len(counts) > 0 {
		t.print("")
		t.print(wrap(joined(counts...), columns)...)
	}
	if len(t.r.CarriedIn) > 0 {
		t.section("report.carried_in")
		t.references(t.r.CarriedIn)
	}
	if len(t.r.CarriedOut) > 0 {
		t.section("report.carried_out")
		t.references(t.r.CarriedOut)
	}
	t.print(strings.Repeat("-", columns))
	if t.r.Z == nil {
		if t.r.Opened != nil {
			t.print(t.say("report.foot.open"))
		}
		return
	}
	t.print(t.say("report.foot.rows", "rows", strconv.FormatInt(t.r.Chain.Rows, 10)))
	t.print("  " + t.r.Chain.Head)
}

func (t *page) references(references []string) {
	for _, reference := range references {
		t.print("  " + reference)
	}
}
