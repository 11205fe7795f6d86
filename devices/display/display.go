// Package display turns what a customer display is to show into its bytes. Each dialect is pure: a page
// in, bytes out, and the display's own words in, what they mean out. It never opens a line, waits,
// retries or logs.
package display

import (
	"errors"
	"fmt"
	"strings"
	"time"
	"unicode"

	"posd/pos"
	"posd/pos/words"
)

// Page is what a display is to show: finished lines in the languages it was given, and the text of a QR
// where there is one to scan.
type Page struct {
	Kind   pos.PromptKind
	Lines  []string // at most 40 columns each
	Hints  []string // what to do, in one short line for a display of two, once in each language; the first that it can write counts
	Amount string   // in plain letters, "129.50 USD"; empty when there is none
	QR     string
}

// Dialect is how one kind of display is spoken to.
type Dialect struct {
	Open   []byte                // sent first on every new line, and after it was restarted
	MostQR int                   // bytes of the longest QR that it draws; 0 when it shows no QR
	Draws  func(qr string) error // why a QR with this text cannot be drawn; nil when it can
	Encode func(Page) []byte     // a QR that Draws refuses is left out, never drawn in part
	Omits  func(Page) error      // nil, or why the words of a page are not shown; nil when they are
	Ask    []byte                // asked now and then, because it does not say by itself that it was restarted
	Listen func() Listener       // nil: it says nothing
}

// Listener reads what a display says, however its bytes were cut. It keeps the state of one line.
type Listener func(b []byte) []Heard

// Heard is one thing that a display said.
type Heard struct {
	Redraw bool   // it was restarted and shows nothing of ours
	Fault  string // it refused a command: a word for people, or empty
}

// Errors of pages. The text of a QR never stands in an error, because some QRs are worth money.
var (
	ErrNoQR    = errors.New("this display shows no QR") // any other error of Draws is about the one text
	ErrNoWords = errors.New("this display shows a QR and no words")
	errLetter  = errors.New("the display may misread a letter of this QR")
)

// Settings is what a profile says about a display, its table [display]: one table inside, named for the driver.
type Settings struct {
	Nextion  *NextionSettings  `toml:"nextion"`
	DWIN     *DWINSettings     `toml:"dwin"`
	Pole     *PoleSettings     `toml:"pole"` // cd5220 and epson
	Template *TemplateSettings `toml:"template"`
}

// only refuses settings that are for another driver.
func (s Settings) only(table string) error {
	for name, set := range map[string]bool{"nextion": s.Nextion != nil, "dwin": s.DWIN != nil, "pole": s.Pole != nil, "template": s.Template != nil} {
		if set && name != table {
			return fmt.Errorf("the table [display.%s] is for another driver", name)
		}
	}
	return nil
}

// Bounds of a line, so that the longest page is known.
const (
	maxLine  = 40 // columns
	maxBytes = 80 // in any alphabet
	mostWait = time.Second
)

// clean keeps what a display prints, as much as fits: a control character in a store's name would be a command.
func clean(line string) string {
	line = strings.Map(func(r rune) rune {
		if unicode.IsControl(r) {
			return ' '
		}
		return r
	}, strings.ToValidUTF8(line, "?"))
	columns := 0
	for i, r := range line {
		if columns += words.Wide(r); columns > maxLine || i+len(string(r)) > maxBytes {
			return line[:i]
		}
	}
	return line
}

// plain reports whether every byte of a QR's text is a letter that no dialect changes or takes for a command.
func plain(text, but string) bool {
	for _, c := range []byte(text) {
		if c < ' ' || c > '~' || strings.IndexByte(but, c) >= 0 {
			return false
		}
	}
	return true
}

// draws is the rule of a display that draws up to most bytes, but for some letters.
func draws(most int, but string) func(string) error {
	return func(text string) error {
		switch {
		case len(text) > most:
			return fmt.Errorf("a QR of more than %d bytes does not fit the display", most)
		case !plain(text, but):
			return errLetter
		}
		return nil
	}
}

func noQR(string) error { return ErrNoQR }

func omitsNothing(Page) error { return nil }

// kinds is every prompt there is.
var kinds = []pos.PromptKind{pos.PromptIdle, pos.PromptScan, pos.PromptHolding, pos.PromptSending, pos.PromptConfirm, pos.PromptQR,
	pos.PromptChecking, pos.PromptPaid, pos.PromptDeclined, pos.PromptUnsent, pos.PromptCancelled, pos.PromptWrongCode, pos.PromptTest}

// Longest is how many bytes the longest page takes, with what opens the line before it.
func (d Dialect) Longest() (most int) {
	wide := strings.Repeat("验", maxLine/2) + strings.Repeat("é", maxLine) // cut where a line ends
	full := Page{Lines: []string{wide, wide, wide, wide}, Hints: []string{wide}, Amount: strings.Repeat("0", maxLine), QR: strings.Repeat("a", d.MostQR)}
	for _, kind := range kinds {
		full.Kind = kind
		most = max(most, len(d.Encode(full)))
	}
	return most + len(d.Open)
}

// OnWire is how long bytes take on a serial line 8N1: ten bits each, with their start and stop.
func OnWire(bytes, baud int) time.Duration {
	return time.Duration(bytes) * 10 * time.Second / time.Duration(max(1, baud))
}

// Slow says why a display is too slow at a speed to be any use: a shopper would wait for more than a second.
func (d Dialect) Slow(baud int) error {
	n := d.Longest()
	if took := OnWire(n, baud); took > mostWait {
		return fmt.Errorf("its longest page is %d bytes and takes %v at %d baud, more than %v; it needs %d baud or more, set in the display too",
			n, took.Round(10*time.Millisecond), baud, mostWait, n*10)
	}
	return nil
}
