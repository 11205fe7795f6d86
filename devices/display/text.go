// Package display turns a prompt into a customer display's bytes. Each dialect is pure: finished lines
// in, bytes out. It never opens a line, waits, retries or logs.
package display

import (
	"bytes"
	"strings"
	"unicode"
)

// maxLine bounds a line of text, in runes.
const maxLine = 80

// Text is the plain dialect: a form feed that clears, then UTF-8 lines that end CR LF. It is what a
// virtual display and a serial console show; there is no QR in it.
func Text(lines []string) []byte {
	var b bytes.Buffer
	b.WriteByte('\f')
	for _, l := range lines {
		b.WriteString(clean(l))
		b.WriteString("\r\n")
	}
	return b.Bytes()
}

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
