package report

import (
	"bufio"
	"cmp"
	"io"
	"slices"
	"strings"
	"time"

	"posd/pos"
	"posd/pos/words"
)

// Paper is what every slip of a register has in common. Slips for shoppers are written in the shopper's language
// and always in Chinese and in English too; the manager's in the cashier's alone.
type Paper struct {
	Store, Register string
	Zone            *time.Location
	Words           *words.Catalogue
	Languages       []string // the cashier's, then the shopper's
}

// Slip composes a slip about a sale; without a kind the one that fits. ok is false when the sale has no such slip:
// only a payment that the acquirer confirmed is paid, and only one that may have left is pending.
func (p Paper) Slip(kind pos.SlipKind, s pos.Sale) (slip pos.Slip, ok bool) {
	pending, paid, refund := unknown(s), confirmed(s), given(s)
	switch {
	case pending != nil && (kind == pos.SlipPending || kind == ""):
		return p.pending(s, *pending), true
	case refund != nil && (kind == pos.SlipRefund || kind == ""):
		return p.refund(s, *refund), true
	case paid != nil && (kind == pos.SlipPaid || kind == ""):
		return p.paid(s, *paid), true
	}
	return pos.Slip{}, false
}

// unknown is the attempt whose outcome nobody knows yet, or nil. A code that waits for the line was not sent.
func unknown(s pos.Sale) *pos.Attempt {
	if a := s.Current(); a != nil && !a.State.Final() && a.State != pos.Held {
		return a
	}
	return nil
}

// confirmed is the last payment that the acquirer confirmed, or nil.
func confirmed(s pos.Sale) *pos.Attempt {
	for i := len(s.Attempts) - 1; i >= 0; i-- {
		if s.Attempts[i].State == pos.Approved {
			return &s.Attempts[i]
		}
	}
	return nil
}

// given is the last refund that is under way or done, or nil.
func given(s pos.Sale) *pos.Refund {
	for i := len(s.Refunds) - 1; i >= 0; i-- {
		if s.Refunds[i].State.Binds() {
			return &s.Refunds[i]
		}
	}
	return nil
}

func (p Paper) pending(s pos.Sale, a pos.Attempt) pos.Slip {
	w := p.begin("slip.pending.title")
	w.row("slip.amount", a.Amount.Format(w.langs[0]))
	w.row("slip.ticket", s.Ticket)
	w.wallet(a.Wallet)
	w.row("slip.time", w.time(a.Started))
	w.row("slip.reference", a.Reference)
	next := "slip.pending.next"
	switch {
	case s.End == pos.EndSettled:
		next = "slip.pending.settled"
	case s.GivenUp || s.End != "":
		next = "slip.pending.cancelled"
	}
	w.say("slip.pending.means", next, "slip.pending.again", "slip.ask")
	return pos.Slip{Kind: pos.SlipPending, About: s.ID, Lines: w.lines}
}

func (p Paper) paid(s pos.Sale, a pos.Attempt) pos.Slip {
	w := p.begin("slip.paid.title")
	if s.Tip > 0 {
		w.row("slip.sum", s.Amount.Format(w.langs[0]))
		w.row("slip.tip", pos.Amount{Minor: s.Tip, Currency: s.Amount.Currency}.Format(w.langs[0]))
	}
	w.row("slip.amount", a.Amount.Format(w.langs[0]))
	at := a.Since
	if a.Paid != nil {
		at = a.Paid.At
		if f := a.Paid.Shopper; f != nil {
			w.row("slip.shopper", pos.Amount{Minor: f.Amount, Currency: f.Currency}.Format(w.langs[0]))
			w.row("slip.rate", f.Rate)
		}
		w.row("slip.promotions", strings.Join(a.Paid.Promotions, ", "))
	}
	w.row("slip.ticket", s.Ticket)
	w.wallet(a.Wallet)
	w.row("slip.time", w.time(at))
	w.row("slip.reference", a.Reference)
	w.row("slip.acquirer", a.Theirs)
	w.say("slip.thanks")
	return pos.Slip{Kind: pos.SlipPaid, About: s.ID, Lines: w.lines}
}

func (p Paper) refund(s pos.Sale, r pos.Refund) pos.Slip {
	title, means, at := "slip.refund.asked", "slip.refund.comes", r.Asked
	if r.State == pos.Refunded {
		title, means, at = "slip.refund.done", "slip.refund.back", r.Since
	}
	w := p.begin(title)
	w.row("slip.amount", r.Amount.Format(w.langs[0]))
	w.row("slip.ticket", s.Ticket)
	if a := s.Attempt(r.Attempt); a != nil {
		w.wallet(a.Wallet)
	}
	w.row("slip.time", w.time(at))
	w.row("slip.reference", r.Reference)
	w.row("slip.of", r.Attempt)
	w.say(means, "slip.ask")
	return pos.Slip{Kind: pos.SlipRefund, About: r.ID, Lines: w.lines}
}

// TestSlip is for whoever looks whether a printer works: the letters of every language, both edges of the paper, and a QR
// for a phone.
func (p Paper) TestSlip(now time.Time) pos.Slip {
	w := &writing{Paper: p, langs: p.Words.Languages()}
	w.head()
	for _, l := range w.langs {
		w.put(pos.SlipLine{Text: p.Words.Say(l, "slip.test.title", nil), Center: true, Bold: true})
	}
	w.put(pos.SlipLine{Text: "|<", Right: ">|"})
	w.row("slip.time", w.time(now))
	w.say("slip.test.say")
	w.put(pos.SlipLine{Rule: true})
	text := "posd " + p.Register + " " + now.In(p.Zone).Format("2006-01-02 15:04:05")
	w.put(pos.SlipLine{QR: text})
	w.put(pos.SlipLine{Text: text, Center: true})
	return pos.Slip{Kind: pos.SlipTest, About: p.Register, Lines: w.lines}
}

// writing is a slip in the making, in several languages.
type writing struct {
	Paper
	langs []string
	lines []pos.SlipLine
}

// begin writes the head: who, and what it is in each language.
func (p Paper) begin(title string) *writing {
	w := &writing{Paper: p}
	for _, l := range append(slices.Clone(p.Languages[min(len(p.Languages), 1):]), "zh-Hans", "en") {
		if l = p.Words.Match(l); !slices.Contains(w.langs, l) {
			w.langs = append(w.langs, l)
		}
	}
	w.head()
	for _, l := range w.langs {
		w.put(pos.SlipLine{Text: p.Words.Say(l, title, nil), Center: true, Bold: true})
	}
	w.put(pos.SlipLine{Rule: true})
	return w
}

func (w *writing) head() {
	w.put(pos.SlipLine{Text: cmp.Or(w.Store, w.Register), Center: true, Bold: true, Large: true})
	if w.Store != "" && w.Register != w.Store {
		w.put(pos.SlipLine{Text: w.Register, Center: true})
	}
	w.put(pos.SlipLine{Rule: true})
}

func (w *writing) put(l pos.SlipLine) { w.lines = append(w.lines, l) }

func (w *writing) time(at time.Time) string { return at.In(w.Zone).Format("2006-01-02 15:04") }

// narrow is what fits beside a label on the narrowest paper, in columns.
const narrow = 16

// row writes a fact under its name in every language; one that is long gets lines of its own.
func (w *writing) row(id, value string) {
	if value == "" {
		return
	}
	var names []string
	for _, l := range w.langs {
		if name := w.Words.Say(l, id, nil); !slices.Contains(names, name) {
			names = append(names, name)
		}
	}
	label := strings.Join(names, " / ")
	if wide(value) > narrow {
		w.put(pos.SlipLine{Text: label})
		w.put(pos.SlipLine{Text: value, Bold: true})
		return
	}
	w.put(pos.SlipLine{Text: label, Right: value, Bold: id == "slip.amount"})
}

func (w *writing) wallet(wallet pos.Wallet) {
	id := "wallet." + string(wallet) + ".name"
	if wallet == "" || !w.Words.Has(id) {
		return
	}
	var names []string
	for _, l := range w.langs {
		if name := w.Words.Say(l, id, nil); !slices.Contains(names, name) {
			names = append(names, name)
		}
	}
	w.row("slip.wallet", strings.Join(names, " "))
}

// say writes sentences in each language, one after the other.
func (w *writing) say(ids ...string) {
	for _, l := range w.langs {
		w.put(pos.SlipLine{Rule: true})
		for _, id := range ids {
			w.put(pos.SlipLine{Text: w.Words.Say(l, id, nil)})
		}
	}
}

// SlipColumns is the width of a slip as plain text: what the usual paper of 80 mm holds, with a margin.
const SlipColumns = 42

// SlipText writes a slip as plain text.
func SlipText(out io.Writer, s pos.Slip) error {
	b := bufio.NewWriter(out)
	put := func(line string) {
		b.WriteString(strings.TrimRight(line, " "))
		b.WriteByte('\n')
	}
	for _, l := range s.Lines {
		switch {
		case l.Rule:
			put(strings.Repeat("-", SlipColumns))
		case l.QR != "":
			put(l.QR)
		case l.Right != "" && wide(l.Text)+2+wide(l.Right) <= SlipColumns:
			put(spread(l.Text, l.Right, SlipColumns))
		default:
			for _, part := range wrap(l.Text, SlipColumns) {
				if l.Center {
					part = strings.Repeat(" ", (SlipColumns-wide(part))/2) + part
				}
				put(part)
			}
			if l.Right != "" {
				put(strings.Repeat(" ", max(0, SlipColumns-wide(l.Right))) + l.Right)
			}
		}
	}
	return b.Flush()
}
