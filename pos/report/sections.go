package report

import (
	"strconv"
	"strings"

	"posd/pos"
)

// refunds are listed by what came of them; the money of those done stands in the table above.
func (t *page) refunds() {
	var rows [][]string
	for _, g := range t.r.Refunds {
		for _, line := range []struct {
			id string
			Sum
		}{{"report.refund.asked", g.Asked}, {"report.refund.done", g.Done}, {"report.refund.refused", g.Refused}, {"report.refund.withdrawn", g.Withdrawn}} {
			if line.N > 0 {
				rows = append(rows, []string{t.say(line.id), strconv.Itoa(line.N), t.amount(line.Amount, g.Currency)})
			}
		}
	}
	if len(rows) == 0 {
		return
	}
	t.section("report.givings")
	t.print(aligned(rows, text, number, number)...)
}

// deeds are what people answered for by name.
func (t *page) deeds() {
	if len(t.r.Deeds) == 0 {
		return
	}
	t.section("report.deeds")
	for _, d := range t.r.Deeds {
		var done []string
		for _, deed := range d.list() {
			done = append(done, t.say("report.deed."+deed.item, "n", strconv.Itoa(deed.n)))
		}
		for i, line := range wrap(d.By+": "+joined(done...), columns-4) {
			if i > 0 {
				line = "  " + line
			}
			t.print("  " + line)
		}
	}
}

func (t *page) adjustments() {
	if len(t.r.Adjustments) == 0 {
		return
	}
	t.section("report.adjustments")
	for _, a := range t.r.Adjustments {
		kind := t.known("report.adjustment.", strings.ReplaceAll(string(a.Kind), ".", "_"), "")
		t.print(spread("  "+t.clock(a.At)+"  "+kind, t.amount(a.Amount, a.Currency), columns), "         "+a.Reference+t.of(a.Of))
	}
}

// orphans are the day's money that no sale wanted, whether or not it went back since.
func (t *page) orphans() {
	if len(t.r.Orphans) == 0 {
		return
	}
	t.section("report.orphans")
	for _, o := range t.r.Orphans {
		name := t.clock(o.At) + "  " + t.wallet(o.Wallet)
		if o.Ticket != "" {
			name += "  " + o.Ticket
		}
		t.print(spread("  "+name, t.amount(o.Amount, o.Currency), columns), "         "+o.Reference, "         "+t.say("report.item.due", "time", t.clock(o.Due)))
	}
}

// of names the day of what an adjustment changed, unless it is the report's own.
func (t *page) of(day pos.Date) string {
	if day == "" || day == t.r.Day {
		return ""
	}
	return "  " + t.say("report.adjustment.of", "day", string(day))
}

// people are listed where cashiers gave their names.
func (t *page) people() {
	var rows [][]string
	named := false
	for _, p := range t.r.People {
		name := p.Cashier
		if name == "" {
			name = t.say("report.people.nobody")
		}
		named = named || p.Cashier != ""
		row := []string{name, strconv.Itoa(p.Sales.N), t.amount(p.Sales.Amount, p.Currency)}
		if p.Tips.N > 0 {
			row = append(row, t.say("report.tips")+" "+t.amount(p.Tips.Amount, p.Currency))
		}
		rows = append(rows, row)
	}
	if !named {
		return
	}
	t.section("report.people")
	t.print(aligned(rows, text, number, adjoined, text)...)
}

func (t *page) hours() {
	if len(t.r.Hours) == 0 {
		return
	}
	t.section("report.hours")
	most := 0
	for _, h := range t.r.Hours {
		most = max(most, h.N)
	}
	const bar = 50
	for _, h := range t.r.Hours {
		n := h.N
		if most > bar {
			n = max(1, h.N*bar/most)
		}
		t.print("  " + t.clock(h.From) + "  " + strings.Repeat("#", n) + " " + strconv.Itoa(h.N))
	}
}
