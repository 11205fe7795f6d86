package display

import "bytes"

// Text is the plain dialect: a form feed that clears, then UTF-8 lines that end CR LF. It is what a
// virtual display and a serial console show. It has no QR, and never prints the text of one.
func Text(s Settings) (Dialect, error) {
	return Dialect{
		Draws: noQR,
		Omits: omitsNothing,
		Encode: func(p Page) []byte {
			var b bytes.Buffer
			b.WriteByte('\f')
			for _, l := range p.Lines {
				b.WriteString(clean(l))
				b.WriteString("\r\n")
			}
			return b.Bytes()
		},
	}, s.only("")
}
