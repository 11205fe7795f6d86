// Package display turns what a customer display is to show into its bytes. Each dialect is pure: a page
// in, bytes out, and the display's own words in, what they mean out. It never opens a line, waits,
// retries or logs.
package display

import (
	"errors"
	"strings"
	"unicode"
)

// Page is what a display is to show: finished lines in the languages it was given, and the text of a QR
// where there is one to scan.
type Page struct {
	Lines []string
	QR    string
}

// Dialect is how one kind of display is spoken to.
type Dialect struct {
	Open   []byte                // sent first on every new line, and after it was restarted
	Draws  func(qr string) error // why a QR with this text cannot be drawn; nil when it can
	Encode func(Page) []byte     // a QR that Draws refuses is left out, never drawn in part
	Listen func() Listener       // nil: it says nothing
}

// Listener reads what a display says, however its bytes were cut. It keeps the state of one line.
type Listener func(b []byte) []Heard

// Heard is one thing that a display said.
type Heard struct {
	Redraw bool   // it was restarted and shows nothing of ours
	Fault  string // it refused a command: a word for people, or empty
}

// ErrNoQR says that a display shows no QR at all; any other error of Draws is about the one text. The text
// itself never stands in an error, because some QRs are worth money.
var ErrNoQR = errors.New("this display shows no QR")

// maxLine bounds a line of text, in runes.
const maxLine = 80

// clean keeps what a display prints: a control character in a store's name would be a command.
func clean(line string) string {
	line = strings.Map(func(r rune) rune {
		if unicode.IsControl(r) {
			return ' '
		}
		return r
	}, strings.ToValidUTF8(line, "?"))
	if runes := []rune(line); len(runes) > maxLine {
		line = string(runes[:maxLine])
	}
	return line
}
