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
	Open   []byte                     // sent first on every new line
	Encode func(Page) ([]byte, error) // an error says what cannot be shown; the bytes show the rest
	Listen func() Listener            // nil: it says nothing
}

// Listener reads what a display says, however its bytes were cut. It keeps the state of one line.
type Listener func(b []byte) []Heard

// Heard is one thing that a display said.
type Heard struct {
	Redraw bool   // it was restarted and shows nothing of ours
	Fault  string // it refused a command: a word for people, or empty
}

// ErrQR says that a QR cannot be shown on this display.
var ErrQR = errors.New("the QR cannot be shown")

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
