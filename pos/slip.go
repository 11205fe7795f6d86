package pos

// A Slip is paper for a person, laid out in lines: whoever composes it knows no printer, and whoever prints it knows
// no payment.
type Slip struct {
	Kind  SlipKind
	About string // what it is about: a sale's id, a refund's id or a day; a reprint has the same
	Lines []SlipLine
}

// SlipKind is what a slip is for.
type SlipKind string

// Kinds of slips.
const (
	SlipPaid    SlipKind = "paid"    // the shopper's, after PAID
	SlipPending SlipKind = "pending" // the shopper's, when the outcome is not known yet
	SlipRefund  SlipKind = "refund"  // the shopper's, after a refund was asked for or done
	SlipDay     SlipKind = "day"     // the manager's
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
