package report

import (
	"strconv"

	"posd/pos"
)

// DaySlip is a day's report on the narrow paper, for the manager: the money, what is open and who moves next, and
// what is out of the ordinary. The whole report has more.
func (p Paper) DaySlip(r Report) pos.Slip {
	lang := p.Words.Match("")
	if len(p.Languages) > 0 {
		lang = p.Words.Match(p.Languages[0])
	}
	w := &writing{Paper: p, langs: []string{lang}}
	t := page{r: r, words: p.Words, lang: lang, zone: p.Zone}
	kind := t.say("report.title.x")
	if r.Z != nil {
		kind = t.say("report.title.z", "z", strconv.Itoa(*r.Z))
	}
	line := func(text, right string) { w.put(pos.SlipLine{Text: text, Right: right}) }
	section := func(id string) {
		w.put(pos.SlipLine{Rule: true})
		w.put(pos.SlipLine{Text: t.say(id), Bold: true})
	}
	w.head()
	w.put(pos.SlipLine{Text: kind, Center: true, Bold: true})
	w.put(pos.SlipLine{Text: t.day(), Center: true})
	if r.Opened != nil {
		line(t.say("report.head.opened"), t.time(*r.Opened))
	}
	if r.Closed != nil {
		line(t.say("report.head.closed"), t.time(*r.Closed))
		line("", r.By)
	}
	if len(r.Totals) > 0 {
		section("slip.day.money")
	}
	for _, total := range r.Totals {
		w.put(pos.SlipLine{Text: t.wallet(total.Wallet) + " " + string(total.Currency), Bold: true})
		for _, sum := range []struct {
			id string
			Sum
		}{{"report.sales", total.Sales}, {"report.tips", total.Tips}, {"report.refunds", total.Refunds}} {
			if sum.N > 0 {
				line(t.say(sum.id)+" ("+strconv.Itoa(sum.N)+")", t.amount(sum.Amount, total.Currency))
			}
		}
	}
	for _, net := range r.Net {
		w.put(pos.SlipLine{Text: t.say("report.net"), Right: net.Format(lang), Bold: true})
	}
	for _, x := range r.Ruled {
		for _, ruled := range []struct {
			id string
			Sum
		}{{"report.ruled.paid", x.Paid}, {"report.ruled.unpaid", x.Unpaid}, {"report.ruled.refunded", x.Refunded}, {"report.ruled.refused", x.Refused}} {
			if ruled.N > 0 {
				line(t.say(ruled.id)+" ("+strconv.Itoa(ruled.N)+")", t.amount(ruled.Amount, x.Currency))
			}
		}
	}
	for _, x := range r.Unconfirmed {
		line(t.say("report.unconfirmed")+" ("+strconv.Itoa(x.N)+")", t.amount(x.Amount, x.Currency))
	}
	if len(r.NotFinal) > 0 {
		section("slip.day.open")
	}
	for _, i := range r.NotFinal {
		states, name := t.kind(i)
		line(name, t.amount(i.Amount, i.Currency))
		line(t.known(states, i.State, ".label"), i.Ticket)
		line(t.known("who.", i.Who, ""), t.clock(i.Since))
		line(i.ID, "")
	}
	if len(r.Orphans) > 0 {
		section("slip.day.orphans")
	}
	for _, o := range r.Orphans {
		line(t.clock(o.At)+" "+o.Ticket, t.amount(o.Amount, o.Currency))
	}
	w.put(pos.SlipLine{Rule: true})
	if r.Z != nil {
		line(t.say("report.foot.rows", "rows", strconv.FormatInt(r.Chain.Rows, 10)), "")
		line(r.Chain.Head, "")
	} else if r.Opened != nil {
		line(t.say("report.foot.open"), "")
	}
	return pos.Slip{Kind: pos.SlipDay, About: string(r.Day), Lines: w.lines}
}
