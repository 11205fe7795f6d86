package printer

import (
	"bytes"

	"golang.org/x/text/encoding/charmap"
	"golang.org/x/text/encoding/simplifiedchinese"
)

// pages are the code pages that a profile may name.
var pages = map[string]*charmap.Charmap{
	"cp437": charmap.CodePage437, "cp850": charmap.CodePage850, "cp858": charmap.CodePage858, "cp863": charmap.CodePage863,
	"iso8859-1": charmap.ISO8859_1, "windows-1252": charmap.Windows1252,
}

// Modes of letters: double bytes are Chinese in one and nothing but accents in the other.
const (
	chineseOn  = "\x1c&"
	chineseOff = "\x1c."
)

// near is what stands for a letter that a printer lacks and that reads the same.
var near = map[rune]string{
	'\u00a0': " ", '\u202f': " ", '\u2009': " ", '·': "-", '–': "-", '—': "-", '’': "'", '‘': "'", '“': "\"", '”': "\"", '…': "...", '€': "EUR", '×': "x",
	'¥': "\uffe5", '\uffe5': "CNY ", 'à': "a", 'â': "a", 'ä': "a", 'ç': "c", 'é': "e", 'è': "e", 'ê': "e", 'ë': "e", 'î': "i", 'ï': "i", 'ô': "o",
	'ö': "o", 'ù': "u", 'û': "u", 'ü': "u", 'ÿ': "y", 'œ': "oe", 'À': "A", 'Â': "A", 'Ç': "C", 'É': "E", 'È': "E", 'Ê': "E", 'Î': "I", 'Ô': "O",
	'Ù': "U", 'Û': "U", 'Œ': "OE", '：': ":", '，': ",", '。': ".", '（': "(", '）': ")", '、': ",", '；': ";", '！': "!", '？': "?",
}

// pen writes letters and remembers which mode the printer is in.
type pen struct {
	bytes.Buffer
	page    *charmap.Charmap // nil: ASCII
	chinese string
	inside  bool            // the printer takes double bytes for Chinese
	drawn   map[rune][]byte // letters that are sent as pictures
	lacks   bool            // a letter was written that the printer does not have
}

func (p *pen) mode(chinese bool) {
	if p.inside == chinese || p.chinese == "" {
		return
	}
	p.inside = chinese
	p.WriteString(map[bool]string{true: chineseOn, false: chineseOff}[chinese])
}

// text writes a line without its end. ASCII is the same in both modes; a control character would be a command.
func (p *pen) text(line string) {
	for _, r := range line {
		p.letter(r, 0)
	}
}

func (p *pen) letter(r rune, deep int) {
	switch {
	case r >= ' ' && r <= '~':
		p.WriteByte(byte(r))
		return
	case r < ' ' || (r >= 0x7f && r <= 0xa0): // a blank that breaks no line is none of a printer's
		p.WriteByte(' ')
		return
	}
	if p.page != nil {
		if b, ok := p.page.EncodeRune(r); ok && b >= 0x80 {
			p.mode(false)
			p.WriteByte(b)
			return
		}
	}
	if b := p.han(r); b != nil {
		p.mode(true)
		p.Write(b)
		return
	}
	if dots := p.drawn[r]; dots != nil {
		p.WriteString(columnHead)
		p.Write(dots)
		return
	}
	if deep < 2 && near[r] != "" {
		for _, n := range near[r] {
			p.letter(n, deep+1)
		}
		return
	}
	p.lacks = true
	p.WriteByte('?')
}

// han is a letter in GB 18030, or nothing. One of four bytes is printed as rubbish by a font of GBK, and so is a
// currency sign outside the table by any.
func (p *pen) han(r rune) []byte {
	if p.chinese == "" {
		return nil
	}
	b, err := simplifiedchinese.GB18030.NewEncoder().Bytes([]byte(string(r)))
	if err != nil || len(b) < 2 || (len(b) > 2 && (p.chinese != "gb18030" || r < 0x2e80)) {
		return nil
	}
	return b
}
