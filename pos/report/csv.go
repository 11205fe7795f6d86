package report

import (
	"encoding/csv"
	"io"
	"strconv"
	"strings"
	"time"

	"posd/pos"
)

// csvColumns are the names of the columns, the same in every language and version: later versions add
// columns at the end.
var csvColumns = []string{"section", "item", "currency", "wallet", "count", "amount_minor", "amount", "at", "reference", "detail"}

// CSV writes the report as RFC 4180 has it, one fact a row, with a byte-order mark: without it the
// spreadsheet that most managers have reads Chinese names as nonsense. Amounts stand in minor units and
// as decimals; times are RFC 3339 in UTC. A cell that came from a person and would be taken for a formula
// begins with an apostrophe.
func CSV(w io.Writer, r Report) error {
	if _, err := io.WriteString(w, "\ufeff"); err != nil {
		return err
	}
	out := csv.NewWriter(w)
	out.UseCRLF = true
	s := sheet{out}
	s.row(csvColumns...)
	kind, z := "X", ""
	if r.Z != nil {
		kind, z = "Z", strconv.Itoa(*r.Z)
	}
	s.row("head", "report", "", "", z, "", "", "", "", kind)
	s.row("head", "store", "", "", "", "", "", "", r.Register, r.Store)
	s.row("head", "day", "", "", "", "", "", "", "", string(r.Day))
	s.row("head", "opened", "", "", "", "", "", moment(r.Opened), "", "")
	s.row("head", "closed", "", "", "", "", "", moment(r.Closed), "", spoken(r.By))
	s.row("head", "note", "", "", "", "", "", "", "", spoken(r.Note))
	for _, d := range r.ChinaDays {
		s.row("head", "china_day", "", "", "", "", "", "", "", string(d))
	}
	for _, net := range r.Net {
		s.sum("net", "", net.Currency, "", Sum{Amount: net.Minor})
	}
	for _, t := range r.Totals {
		s.sum("money", "sales", t.Currency, t.Wallet, t.Sales)
		s.sum("money", "tips", t.Currency, t.Wallet, t.Tips)
		s.sum("money", "refunds", t.Currency, t.Wallet, t.Refunds)
		s.sum("money", "net", t.Currency, t.Wallet, Sum{Amount: t.Net})
		for _, paid := range t.Shopper {
			s.sum("shopper", "paid", paid.Currency, t.Wallet, paid.Sum)
		}
	}
	for _, i := range r.NotFinal {
		s.row("not_final", i.Kind, string(i.Currency), "", "1", strconv.FormatInt(i.Amount, 10), decimal(i.Amount, i.Currency),
			i.Since.UTC().Format(time.RFC3339), i.ID, strings.Join([]string{i.State, i.Who, spoken(i.Ticket)}, " "))
	}
	for _, x := range r.Ruled {
		s.sum("ruled", "paid", x.Currency, x.Wallet, x.Paid)
		s.sum("ruled", "unpaid", x.Currency, x.Wallet, x.Unpaid)
		s.sum("ruled", "refunded", x.Currency, x.Wallet, x.Refunded)
		s.sum("ruled", "not_refunded", x.Currency, x.Wallet, x.Refused)
	}
	for _, x := range r.Unconfirmed {
		s.sum("unconfirmed", "declined", x.Currency, x.Wallet, x.Sum)
	}
	for _, a := range r.Adjustments {
		s.row("adjustment", string(a.Kind), string(a.Currency), string(a.Wallet), "1", strconv.FormatInt(a.Net, 10), decimal(a.Net, a.Currency),
			a.At.UTC().Format(time.RFC3339), a.Reference, "of "+decimal(a.Amount, a.Currency))
	}
	for _, f := range r.Failed {
		s.row("failed", f.Reason, "", "", strconv.Itoa(f.N), "", "", "", "", "")
	}
	for _, p := range r.People {
		s.sum("person", spoken(p.Cashier), p.Currency, "", p.Sales)
		s.sum("person_tips", spoken(p.Cashier), p.Currency, "", p.Tips)
	}
	for _, h := range r.Hours {
		s.row("hour", "payments", "", "", strconv.Itoa(h.N), "", "", h.From.UTC().Format(time.RFC3339), "", "")
	}
	c := r.Counts
	for _, n := range []struct {
		item string
		n    int
	}{{"opened", c.Opened}, {"cancelled", c.Cancelled}, {"settled", c.Settled}, {"attempts", c.Attempts}, {"declined", c.Declined},
		{"voided", c.Voided}, {"unsent", c.Unsent}} {
		s.row("count", n.item, "", "", strconv.Itoa(n.n), "", "", "", "", "")
	}
	for _, id := range r.CarriedIn {
		s.row("carried", "in", "", "", "1", "", "", "", id, "")
	}
	for _, id := range r.CarriedOut {
		s.row("carried", "out", "", "", "1", "", "", "", id, "")
	}
	s.row("chain", "head", "", "", strconv.FormatInt(r.Chain.Rows, 10), "", "", "", r.Chain.Head, "")
	out.Flush()
	return out.Error()
}

// sheet writes rows; its first error is the writer's own, told at the end.
type sheet struct{ out *csv.Writer }

func (s sheet) row(cells ...string) { _ = s.out.Write(cells) }

func (s sheet) sum(section, item string, c pos.Currency, w pos.Wallet, x Sum) {
	s.row(section, item, string(c), string(w), strconv.Itoa(x.N), strconv.FormatInt(x.Amount, 10), decimal(x.Amount, c), "", "", "")
}

func decimal(minor int64, c pos.Currency) string {
	return pos.Amount{Minor: minor, Currency: c}.Decimal()
}

func moment(at *time.Time) string {
	if at == nil {
		return ""
	}
	return at.UTC().Format(time.RFC3339)
}

// spoken is a cell that a person wrote.
func spoken(text string) string {
	if text != "" && strings.ContainsRune("=+-@\t\r", rune(text[0])) {
		return "'" + text
	}
	return text
}
