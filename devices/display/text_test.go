package display

import (
	"errors"
	"strings"
	"testing"
)

// What a display is told is a clean page: cleared first, each line ended, no command hidden in a name.
func TestText(t *testing.T) {
	text := speaks(t, Text, Settings{})
	for name, c := range map[string]struct {
		lines []string
		want  string
	}{
		"nothing":                {nil, "\f"},
		"two languages":          {[]string{"请出示付款码", "Show your code"}, "\f请出示付款码\r\nShow your code\r\n"},
		"a command in a name":    {[]string{"Maison\x1b@\f\r\nNYC"}, "\fMaison @   NYC\r\n"},
		"bytes that are no text": {[]string{"a\xffb"}, "\fa?b\r\n"},
		"too long":               {[]string{strings.Repeat("长", 100)}, "\f" + strings.Repeat("长", 20) + "\r\n"},
	} {
		if got := text.Encode(Page{Lines: c.lines}); string(got) != c.want {
			t.Errorf("%s: %q, want %q", name, got, c.want)
		}
	}
	got, err := text.Encode(Page{Lines: []string{"Scan"}, QR: "https://pay"}), text.Draws("https://pay")
	if !errors.Is(err, ErrNoQR) || string(got) != "\fScan\r\n" {
		t.Errorf("a QR on a text display: %q, %v", got, err)
	}
}
