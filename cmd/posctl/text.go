package main

import (
	"encoding/json"
	"fmt"
	"io"
	"strings"
	"time"

	"posd/pos"
	"posd/pos/words"
)

// reads takes an answer of the API apart; false is an answer that no register gives.
func reads(text []byte, into any) bool { return json.Unmarshal(text, into) == nil }

// passes prints what the API answered, byte for byte, with a line's end.
func (f *face) passes(text []byte) error {
	if len(text) > 0 && text[len(text)-1] != '\n' {
		text = append(text, '\n')
	}
	_, err := f.stdout.Write(text)
	return err
}

// shows prints a sale: for a program as it came, for a person as a page.
func (f *face) shows(text []byte) error {
	if f.json {
		return f.passes(text)
	}
	var s sale
	if !reads(text, &s) || s.ID == "" {
		return errAnswer
	}
	rows := [][]string{{f.say("sale.id"), s.ID}}
	add := func(id, value string) {
		if value != "" {
			rows = append(rows, []string{f.say("sale." + id), value})
		}
	}
	add("ticket", s.Ticket)
	add("amount", f.money(s.Amount, s.Currency))
	if s.Tip > 0 {
		add("tip", f.money(s.Tip, s.Currency))
		add("charged", f.money(s.Charged, s.Currency))
	}
	add("cashier", s.Cashier)
	add("note", s.Note)
	add("opened", f.clock(s.Created))
	add("status", f.stands(s))
	for _, o := range s.Orphans {
		if o.Proposed > 0 {
			add("orphan", f.due(o.Say, s.ID, o.Proposed, o.Currency, o.Due))
		}
	}
	p := s.Paid
	for _, a := range s.Attempts {
		if p == nil {
			p = a.Paid
		}
	}
	if p != nil {
		add("paid", f.money(p.Amount, p.Currency)+"  "+f.clock(p.At))
		if p.Shopper != nil {
			line := f.money(p.Shopper.Amount, p.Shopper.Currency)
			if p.Shopper.Rate != "" {
				line += "  " + f.say("sale.rate", "rate", p.Shopper.Rate)
			}
			add("shopper", line)
		}
	}
	if s.Refunded > 0 {
		add("refunded", f.money(s.Refunded, s.Currency))
		add("refundable", f.money(s.Refundable, s.Currency))
	}
	table(f.stdout, rows)
	if len(s.Attempts) == 0 {
		return nil
	}
	rows = [][]string{f.heads("attempt", "reference", "wallet", "code", "state", "since", "reason")}
	for _, a := range s.Attempts {
		rows = append(rows, []string{a.Reference, f.word("wallet."+a.Wallet+".name", a.Wallet), a.Code, f.label(a.State, false),
			f.clock(a.Since), f.word("reason."+a.Reason, a.Reason)})
	}
	fmt.Fprintln(f.stdout)
	table(f.stdout, rows)
	if len(s.Refunds) == 0 {
		return nil
	}
	rows = [][]string{f.heads("refund", "head", "amount", "state", "since", "who", "why")}
	for _, r := range s.Refunds {
		word := r.Status
		if r.NeedsManager {
			word = "needs_manager"
		}
		rows = append(rows, []string{r.ID, f.money(r.Amount, r.Currency), f.word("refund."+word+".label", word), f.clock(r.Since), r.By, r.Reason})
	}
	fmt.Fprintln(f.stdout)
	table(f.stdout, rows)
	return nil
}

// stands is the word of the screens for where a sale stands, and the register's sentence.
func (f *face) stands(s sale) string {
	return strings.TrimSpace(f.label(s.Status, s.NeedsManager) + "  " + s.Say)
}

func (f *face) label(state string, needsManager bool) string {
	if needsManager {
		return f.sentence("state.needs_manager.label")
	}
	return f.word("state."+state+".label", state)
}

func (f *face) heads(group string, names ...string) (cells []string) {
	for _, n := range names {
		cells = append(cells, f.say(group+"."+n))
	}
	return cells
}

func (f *face) money(minor int64, c pos.Currency) string {
	return pos.Amount{Minor: minor, Currency: c}.Format(f.lang)
}

// clock is a time of today, or a time with its date.
func (f *face) clock(t time.Time) string {
	if t.IsZero() {
		return ""
	}
	t, today := t.In(f.zone), f.now().In(f.zone)
	if t.Format(time.DateOnly) == today.Format(time.DateOnly) {
		return t.Format(time.TimeOnly)
	}
	return t.Format(time.DateTime)
}

// age is how long something waits: 45 s, 12 min, 3 h 05 min.
func (f *face) age(since time.Time) string {
	d := f.now().Sub(since)
	switch {
	case d < time.Minute:
		return fmt.Sprintf("%d s", max(0, int(d.Seconds())))
	case d < time.Hour:
		return fmt.Sprintf("%d min", int(d.Minutes()))
	}
	return fmt.Sprintf("%d h %02d min", int(d.Hours()), int(d.Minutes())%60)
}

// table writes rows in columns; the last cell of a row is as long as it is.
func table(w io.Writer, rows [][]string) {
	var widths []int
	for _, row := range rows {
		for i, cell := range row {
			if i == len(widths) {
				widths = append(widths, 0)
			}
			widths[i] = max(widths[i], columns(cell))
		}
	}
	for _, row := range rows {
		var line strings.Builder
		for i, cell := range row {
			cell = plain(cell)
			line.WriteString(cell)
			if i < len(row)-1 {
				line.WriteString(strings.Repeat(" ", widths[i]-columns(cell)+2))
			}
		}
		fmt.Fprintln(w, strings.TrimRight(line.String(), " "))
	}
}

// plain takes out what would move the cursor: a ticket number comes from other software.
func plain(text string) string {
	return strings.Map(func(r rune) rune {
		if r < ' ' || (r >= 0x7f && r < 0xa0) {
			return -1
		}
		return r
	}, text)
}

// columns is how wide a text stands on a screen.
func columns(text string) int { return words.Columns(plain(text)) }
