package display

import (
	"bytes"
	"fmt"
)

// Text is the plain dialect: a form feed that clears, then UTF-8 lines that end CR LF. It is what a
// virtual display and a serial console show. It has no QR: a page with one is shown without, and says so.
func Text() Dialect {
	return Dialect{Encode: func(p Page) ([]byte, error) {
		var b bytes.Buffer
		b.WriteByte('\f')
		for _, l := range p.Lines {
			b.WriteString(clean(l))
			b.WriteString("\r\n")
		}
		if p.QR != "" {
			return b.Bytes(), fmt.Errorf("a text display has no QR: %w", ErrQR)
		}
		return b.Bytes(), nil
	}}
}
