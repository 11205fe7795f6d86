package display

import (
	"fmt"
	"strings"

	"golang.org/x/text/encoding/charmap"
	"golang.org/x/text/encoding/simplifiedchinese"
)

// alphabet is the letters that a display has, as its bytes.
type alphabet func(r rune) (bytes []byte, ok bool)

// alphabets is every alphabet that a profile may name.
var alphabets = map[string]alphabet{
	"ascii":        func(r rune) ([]byte, bool) { return []byte{byte(r)}, r >= ' ' && r <= '~' },
	"utf-8":        func(r rune) ([]byte, bool) { return []byte(string(r)), true },
	"utf-16be":     func(r rune) ([]byte, bool) { return []byte{byte(r >> 8), byte(r)}, r <= 0xffff },
	"gbk":          gbk,
	"cp437":        western(charmap.CodePage437),
	"cp850":        western(charmap.CodePage850),
	"cp858":        western(charmap.CodePage858),
	"cp863":        western(charmap.CodePage863), // French in Canada
	"iso8859-1":    western(charmap.ISO8859_1),
	"windows-1252": western(charmap.Windows1252),
}

func western(table *charmap.Charmap) alphabet {
	return func(r rune) ([]byte, bool) {
		b, ok := table.EncodeRune(r)
		return []byte{b}, ok && b >= ' ' && b != 0x7f
	}
}

// gbk leaves out what would take four bytes: no display's font has it.
func gbk(r rune) ([]byte, bool) {
	b, err := simplifiedchinese.GBK.NewEncoder().Bytes([]byte(string(r)))
	return b, err == nil && len(b) <= 2
}

func alphabetOf(name, otherwise string) (alphabet, error) {
	if name == "" {
		name = otherwise
	}
	a, ok := alphabets[name]
	if !ok {
		return nil, fmt.Errorf("encoding %q is not known; write ascii, utf-8, utf-16be, gbk, cp437, cp850, cp858, cp863, iso8859-1 or windows-1252", name)
	}
	return a, nil
}

// near is what stands for a letter that an alphabet lacks and that reads the same.
var near = map[rune]string{
	'\u00a0': " ", '\u202f': " ", '·': "-", '–': "-", '—': "-", '’': "'", '‘': "'", '“': "\"", '”': "\"", '"': "'", '\\': "/", '…': "...", '€': "EUR",
	'¥': "\uffe5", '\uffe5': "Y", 'à': "a", 'â': "a", 'ä': "a", 'ç': "c", 'é': "e", 'è': "e", 'ê': "e", 'ë': "e", 'î': "i", 'ï': "i", 'ô': "o",
	'ö': "o", 'ù': "u", 'û': "u", 'ü': "u", 'ÿ': "y", 'œ': "oe", 'À': "A", 'Â': "A", 'Ç': "C", 'É': "E", 'È': "E", 'Ê': "E", 'Î': "I",
	'Ô': "O", 'Ù': "U", 'Û': "U", 'Œ': "OE", '：': ":", '，': ",", '。': ".",
}

// write is as much of a line as fits most bytes, cut between letters. A letter without a near one becomes a question
// mark; then, and where it was cut, the line is not whole. but are bytes that would end the line or begin a command: a
// letter with one of them is as good as missing.
func (a alphabet) write(line, but string, most int) (out []byte, whole bool) {
	whole = true
	for _, r := range clean(line) {
		b, ok := a.letter(r, but, 0)
		if len(out)+len(b) > most {
			return out, false
		}
		out, whole = append(out, b...), whole && ok
	}
	return out, whole
}

func (a alphabet) letter(r rune, but string, deep int) ([]byte, bool) {
	if b, ok := a(r); ok && !holds(b, but) {
		return b, true
	}
	if deep > 1 || near[r] == "" {
		b, _ := a('?')
		return b, false
	}
	var out []byte
	whole := true
	for _, n := range near[r] {
		b, ok := a.letter(n, but, deep+1)
		out, whole = append(out, b...), whole && ok
	}
	return out, whole
}

// holds reports whether one of the bytes is among those that may not be written.
func holds(b []byte, but string) bool {
	for _, c := range b {
		if strings.IndexByte(but, c) >= 0 {
			return true
		}
	}
	return false
}
