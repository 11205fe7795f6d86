package pos

import "fmt"

// A Slip is paper for a person, laid out in lines: whoever composes it knows no printer, and whoever prints it knows
// no payment.
type Slip struct {
	Kind  SlipKind
	About string // what it is about: a sale's id, a refund's id or a day; a reprint has the same
	Lines []SlipLine
}

// Said is what its lines say, the same for the same lines; it stays so from version to version.
func (s Slip) Said() (b []byte) {
	for _, l := range s.Lines {
		b = fmt.Appendf(b, "%q %q %q %t %t %t %t\n", l.Text, l.Right, l.QR, l.Center, l.Bold, l.Large, l.Rule)
	}
	return b
}

// SlipKind is what a slip is for.
type SlipKind string

// Kinds of slips.
const (
	SlipPaid    SlipKind = "paid"    // the shopper's, after PAID
	SlipPending SlipKind = "pending" // the shopper's, when the outcome is not known yet
	SlipRefund  SlipKind = "refund"  // the shopper's, after a refund was asked for or done
	SlipDay     SlipKind = "day"     // the manager's
	SlipTest    SlipKind = "test"    // a technician looks whether a printer works
)

// Printed is what became of printing a slip. Printing decides nothing about money, and is never repeated by itself: a
// person looks at the paper.
type Printed struct {
	OK    bool          `json:"ok"`
	What  PrintedAs     `json:"what"`  // the word that sentences are found by
	Why   string        `json:"why"`   // for a technician; may be empty
	Copy  bool          `json:"copy"`  // the paper says that it is a copy
	Told  bool          `json:"told"`  // the printer itself answered how it stands
	Lacks []PrinterLack `json:"lacks"` // what the printer could not print
}

// PrintedAs is what became of a slip.
type PrintedAs string

// What may become of a slip. Only after uncertain may there be paper that nobody knows of.
const (
	SlipPrinted   PrintedAs = "printed"
	SlipUncertain PrintedAs = "uncertain" // the printer was lost or stopped in the middle
	SlipNoPrinter PrintedAs = "no_printer"
	SlipNotReady  PrintedAs = "not_ready" // the printer is not connected, or is silent
	SlipBusy      PrintedAs = "busy"
	SlipPaper     PrintedAs = "paper"
	SlipCover     PrintedAs = "cover"
	SlipError     PrintedAs = "error" // of the printer
	SlipOffline   PrintedAs = "offline"
)

// PrinterLack is something that a printer cannot print.
type PrinterLack string

// What a printer may lack.
const (
	LackLetters PrinterLack = "letters" // its fonts have no Chinese
	LackQR      PrinterLack = "qr"
)

// SlipLine is one line of a slip. A text that is longer than the paper is wide is wrapped between words.
type SlipLine struct {
	Text   string // on the left, or in the middle
	Right  string // at the right edge of the same line, usually an amount
	Center bool
	Bold   bool
	Large  bool   // twice as high and wide
	Rule   bool   // a line across the paper, instead of text
	QR     string // a QR of this text, instead of text
}
