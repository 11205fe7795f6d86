package report

import (
	"encoding/csv"
	"io"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"

	"posd/pos"
	"posd/pos/words"
)

// csvColumns are the names of the columns, the same in every language and version: later versions add
// columns at the end. section and item name a fact for a machine, label for a person.
var csvColumns = []string{"section", "item", "label", "currency", "wallet", "count", "amount_minor", "amount", "at", "reference", "detail"}

// CSV writes the report as RFC 4180 has it, one fact a row, labels in a language of the catalogue.
//
// It begins with a byte-order mark: without it the spreadsheet that most managers have reads é and 店 as
// nonsense, and every reader of UTF-8 since skips it. The comma and the decimal point stay whatever the
// language, because a file that changes with its reader cannot be read by a program; where a
// spreadsheet expects semicolons (fr-CA), its import from text asks and shows the columns.
// amount_minor is the exact figure, amount the same with decimals; times are RFC 3339 in UTC. A cell that
// came from outside and would be taken for a formula begins with an apostrophe.
func CSV(w io.Writer, r Report, catalogue *words.Catalogue, lang string) error {
	if _, err := io.WriteString(w, "\ufeff"); err != nil {
		return err
	}
	out := csv.NewWriter(w)
	out.UseCRLF = true
	s := sheet{out: out, page: page{r: r, words: catalogue, lang: lang, zone: time.UTC}}
	s.write(csvColumns)
	s.head()
	s.money()
	s.unproved()
	s.work()
	out.Flush()
	return out.Error()
}

// sheet writes rows; its first error is the writer's own, told at the end.
type sheet struct {
	out *csv.Writer
	page
}

// fact is one row.
type fact struct {
	section, item, label    string
	currency                pos.Currency
	wallet                  pos.Wallet
	count                   string
	minor                   *int64 // nil where no money is meant
	at                      *time.Time
	reference, more, detail string // more: a second word of the detail
}

func (s *sheet) write(cells []string) { _ = s.out.Write(cells) }

func (s *sheet) put(f fact) {
	minor, amount := "", ""
	if f.minor != nil {
		minor, amount = strconv.FormatInt(*f.minor, 10), pos.Amount{Minor: *f.minor, Currency: f.currency}.Decimal()
	}
	at := ""
	if f.at != nil {
		at = f.at.UTC().Format(time.RFC3339)
	}
	s.write([]string{f.section, spoken(f.item), spoken(f.label), string(f.currency), string(f.wallet), f.count, minor, amount, at, spoken(f.reference),
		spoken(strings.TrimSpace(f.detail + " " + f.more))})
}

func (s *sheet) sum(section, item, id string, c pos.Currency, w pos.Wallet, x Sum) {
	s.put(fact{section: section, item: item, label: s.say(id), currency: c, wallet: w, count: strconv.Itoa(x.N), minor: &x.Amount})
}

func (s *sheet) count(section, item, id string, n int) {
	s.put(fact{section: section, item: item, label: s.say(id, "n", strconv.Itoa(n)), count: strconv.Itoa(n)})
}

func (s *sheet) head() {
	r := s.r
	kind, title, z := "X", s.say("report.title.x"), ""
	if r.Z != nil {
		z = strconv.Itoa(*r.Z)
		kind, title = "Z", s.say("report.title.z", "z", z)
	}
	s.put(fact{section: "head", item: "report", label: title, count: z, detail: kind})
	s.put(fact{section: "head", item: "register", reference: r.Register, detail: r.Store})
	s.put(fact{section: "head", item: "day", label: s.say("report.head.day"), detail: string(r.Day)})
	s.put(fact{section: "head", item: "opened", label: s.say("report.head.opened"), at: r.Opened})
	s.put(fact{section: "head", item: "closed", label: s.say("report.head.closed"), at: r.Closed, detail: r.By})
	s.put(fact{section: "head", item: "note", label: s.say("report.head.note"), detail: r.Note})
	for _, d := range r.ChinaDays {
		s.put(fact{section: "head", item: "china_day", label: s.say("report.head.china"), detail: string(d)})
	}
	s.put(fact{section: "head", item: "chain", count: strconv.FormatInt(r.Chain.Rows, 10), reference: r.Chain.Head})
	for _, i := range r.NotFinal {
		states, label := s.kind(i)
		s.put(fact{section: "not_final", item: i.Kind, label: label + " " + s.known(states, i.State, ".label"), currency: i.Currency, count: "1",
			minor: &i.Amount, at: &i.Since, reference: i.ID, detail: i.Ticket, more: i.Who})
	}
}

func (s *sheet) money() {
	for _, net := range s.r.Net {
		s.put(fact{section: "net", item: "net", label: s.say("report.net"), currency: net.Currency, minor: &net.Minor})
	}
	for _, t := range s.r.Totals {
		s.sum("money", "sales", "report.sales", t.Currency, t.Wallet, t.Sales)
		s.sum("money", "tips", "report.tips", t.Currency, t.Wallet, t.Tips)
		s.sum("money", "refunds", "report.refunds", t.Currency, t.Wallet, t.Refunds)
		s.put(fact{section: "money", item: "net", label: s.say("report.net"), currency: t.Currency, wallet: t.Wallet, minor: &t.Net})
	}
	for _, t := range s.r.Totals {
		for _, paid := range t.Shopper {
			s.put(fact{section: "shopper", item: "paid", label: s.say("report.shopper", "wallet", s.wallet(t.Wallet), "n", strconv.Itoa(paid.N),
				"amount", s.amount(paid.Amount, paid.Currency)), currency: paid.Currency, wallet: t.Wallet, count: strconv.Itoa(paid.N), minor: &paid.Amount,
				detail: strings.TrimSpace(s.rate(t.Currency, paid))})
		}
	}
	for _, p := range s.r.Promotions {
		s.put(fact{section: "promotion", item: p.Name, label: s.say("report.promotion", "name", p.Name, "n", strconv.Itoa(p.N)), count: strconv.Itoa(p.N)})
	}
	for _, g := range s.r.Refunds {
		s.sum("refund", "asked", "report.refund.asked", g.Currency, "", g.Asked)
		s.sum("refund", "done", "report.refund.done", g.Currency, "", g.Done)
		s.sum("refund", "refused", "report.refund.refused", g.Currency, "", g.Refused)
		s.sum("refund", "withdrawn", "report.refund.withdrawn", g.Currency, "", g.Withdrawn)
	}
}

func (s *sheet) unproved() {
	for _, x := range s.r.Ruled {
		s.sum("ruled", "paid", "report.ruled.paid", x.Currency, x.Wallet, x.Paid)
		s.sum("ruled", "unpaid", "report.ruled.unpaid", x.Currency, x.Wallet, x.Unpaid)
		s.sum("ruled", "refunded", "report.ruled.refunded", x.Currency, x.Wallet, x.Refunded)
		s.sum("ruled", "not_refunded", "report.ruled.refused", x.Currency, x.Wallet, x.Refused)
	}
	for _, x := range s.r.Unconfirmed {
		s.sum("unconfirmed", "declined", "report.unconfirmed", x.Currency, x.Wallet, x.Sum)
	}
	for _, a := range s.r.Adjustments {
		s.put(fact{section: "adjustment", item: string(a.Kind), label: s.known("report.adjustment.", strings.ReplaceAll(string(a.Kind), ".", "_"), ""),
			currency: a.Currency, wallet: a.Wallet, count: "1", minor: &a.Net, at: &a.At, reference: a.Reference, detail: string(a.Of)})
	}
	for _, o := range s.r.Orphans {
		s.put(fact{section: "orphan", item: "money", label: s.say("report.orphan"), currency: o.Currency, wallet: o.Wallet, count: "1", minor: &o.Amount,
			at: &o.At, reference: o.Reference, detail: o.Ticket})
	}
	for _, id := range s.r.CarriedIn {
		s.put(fact{section: "carried", item: "in", label: s.say("report.carried_in"), count: "1", reference: id})
	}
	for _, id := range s.r.CarriedOut {
		s.put(fact{section: "carried", item: "out", label: s.say("report.carried_out"), count: "1", reference: id})
	}
}

func (s *sheet) work() {
	for _, f := range s.r.Failed {
		label := s.known("report.reason.", f.Reason, "")
		if f.Reason == "" {
			label = s.say("report.reason.none")
		}
		s.put(fact{section: "failed", item: f.Reason, label: label, count: strconv.Itoa(f.N)})
	}
	for _, p := range s.r.People {
		s.put(fact{section: "person", item: "sales", label: s.say("report.sales"), currency: p.Currency, count: strconv.Itoa(p.Sales.N), minor: &p.Sales.Amount, detail: p.Cashier})
		s.put(fact{section: "person", item: "tips", label: s.say("report.tips"), currency: p.Currency, count: strconv.Itoa(p.Tips.N), minor: &p.Tips.Amount, detail: p.Cashier})
	}
	for _, d := range s.r.Deeds {
		for _, deed := range d.list() {
			s.put(fact{section: "decided", item: deed.item, label: s.say("report.deed."+deed.item, "n", strconv.Itoa(deed.n)), count: strconv.Itoa(deed.n), detail: d.By})
		}
	}
	for _, h := range s.r.Hours {
		s.put(fact{section: "hour", item: "payments", label: s.say("report.hours"), count: strconv.Itoa(h.N), at: &h.From})
		for _, a := range h.Sums {
			s.put(fact{section: "hour", item: "charged", label: s.say("report.hours"), currency: a.Currency, minor: &a.Minor, at: &h.From})
		}
	}
	for _, c := range s.r.Counts.list() {
		s.count("count", c.item, "report.count."+c.item, c.n)
	}
}

// formulas begin what a spreadsheet would compute; the wide ones do so where Chinese is typed.
const formulas = "=+-@\t\r\n＝＋－＠"

// spoken is a cell whose text may come from outside.
func spoken(text string) string {
	if first, _ := utf8.DecodeRuneInString(text); text != "" && strings.ContainsRune(formulas, first) {
		return "'" + text
	}
	return text
}
