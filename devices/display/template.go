package display

import (
	"bytes"
	"encoding/hex"
	"errors"
	"fmt"
	"slices"
	"strings"

	"posd/pos"
)

// TemplateSettings describes a box by a table of what it is told. A message is bytes in hex, 'text' in quotes, fields
// in braces, and marks, with blanks between them, such as
//
//	02 F2 02 {len16} ( {qr} ) 02 F2 03
//
// The fields are {qr}, {amount}, {line1} to {line4} and {hint}. {len8}, {len16} and {len16le} are how many bytes stand
// between ( and ). {xor}, {sum}, {crc16be} and {crc16le} are a check sum over what stands between [ and ].
type TemplateSettings struct {
	Encoding   string            `toml:"encoding"`    // of fields: ascii
	Strip      []string          `toml:"strip"`       // what would end a field; it is taken out of every one, and a QR with it is not drawn
	MostQR     int               `toml:"most_qr"`     // bytes; 0 when it shows no QR
	FieldBytes int               `toml:"field_bytes"` // that a field other than the QR holds: 40
	Columns    int               `toml:"columns"`     // of {hint}: 20
	Open       string            `toml:"open"`        // told first on every new line
	Clear      string            `toml:"clear"`       // told where there is no message for a prompt
	ClearFirst bool              `toml:"clear_first"` // also told before every other message
	Show       map[string]string `toml:"show"`        // by prompt: qr, idle, scan, ...; text is for those without their own
	Answers    []TemplateAnswer  `toml:"answer"`
}

// TemplateAnswer is something that a box says. What it says beside these is nothing to the register.
type TemplateAnswer struct {
	Bytes     string `toml:"bytes"` // in hex
	Fault     string `toml:"fault"` // it refused: a word for people
	Restarted bool   `toml:"restarted"`
}

const (
	templateText  = "text" // the message for prompts without their own
	templateField = 40
	mostMessage   = 4096 // bytes
	mostAnswers   = 32
)

// Template is the dialect of any box that a profile describes.
func Template(s Settings) (Dialect, error) {
	if s.Template == nil {
		return Dialect{}, errors.New("a box by a template needs a profile with a table [display.template]: what it is told")
	}
	t, err := newBox(*s.Template)
	if err != nil {
		return Dialect{}, err
	}
	d := Dialect{Open: t.open.write(t, Page{}), Draws: noQR, Encode: t.encode, Omits: t.omits}
	if _, draws := t.show[string(pos.PromptQR)]; draws {
		d.MostQR, d.Draws = t.own.MostQR, t.draws
	}
	if len(t.answers) > 0 {
		d.Listen = t.listen
	}
	if n := d.Longest(); n > mostMessage {
		return Dialect{}, fmt.Errorf("its longest page is %d bytes, more than %d", n, mostMessage)
	}
	return d, errors.Join(t.holds(d.MostQR), s.only("template"))
}

// box is a template read.
type box struct {
	own         TemplateSettings
	letters     alphabet
	but         string // bytes that end a field by themselves, and so may not stand inside a letter either
	open, clear message
	show        map[string]message
	answers     map[string]Heard // by their bytes
}

func newBox(own TemplateSettings) (*box, error) {
	t := &box{own: own, show: map[string]message{}, answers: map[string]Heard{}}
	if t.own.FieldBytes == 0 {
		t.own.FieldBytes = templateField
	}
	if t.own.Columns == 0 {
		t.own.Columns = poleColumns
	}
	var err error
	if t.letters, err = alphabetOf(own.Encoding, "ascii"); err != nil {
		return nil, err
	}
	for _, s := range own.Strip {
		if len(s) == 1 {
			t.but += s
		}
	}
	if slices.Contains(own.Strip, "") || t.own.FieldBytes < 1 || t.own.FieldBytes > maxBytes || t.own.Columns < 1 || t.own.Columns > maxLine {
		return nil, fmt.Errorf("strip has no empty text, field_bytes is 1 to %d and columns 1 to %d", maxBytes, maxLine)
	}
	read := func(key, text string) (m message) {
		var wrong error
		if m, wrong = parseMessage(text); wrong != nil {
			err = errors.Join(err, fmt.Errorf("%s: %w", key, wrong))
		}
		if m.has("qr") && key != "show.qr" {
			err = errors.Join(err, fmt.Errorf("%s: a QR stands in show.qr only", key))
		}
		return m
	}
	t.open, t.clear = read("open", own.Open), read("clear", own.Clear)
	for kind, text := range own.Show {
		if kind != templateText && !slices.Contains(kinds, pos.PromptKind(kind)) {
			return nil, fmt.Errorf("show.%s is no prompt; write %s or one of %q", kind, templateText, kinds)
		}
		t.show[kind] = read("show."+kind, text)
	}
	qr, draws := t.show[string(pos.PromptQR)]
	_, words := t.show[templateText]
	switch {
	case err != nil:
		return nil, err
	case draws && (!qr.has("qr") || own.MostQR < 1):
		return nil, errors.New("show.qr needs the field {qr}, and most_qr how many bytes it holds")
	case !words && own.Clear == "":
		return nil, errors.New("it needs show.text or clear: a QR that is given up must come off")
	case own.ClearFirst && own.Clear == "":
		return nil, errors.New("clear_first needs clear")
	}
	return t, t.readAnswers()
}

func (t *box) readAnswers() error {
	if len(t.own.Answers) > mostAnswers {
		return fmt.Errorf("%d answers; at most %d", len(t.own.Answers), mostAnswers)
	}
	for _, a := range t.own.Answers {
		said, err := hex.DecodeString(strings.ReplaceAll(a.Bytes, " ", ""))
		if err != nil || len(said) == 0 {
			return fmt.Errorf("answer %q is not bytes in hex", a.Bytes)
		}
		t.answers[string(said)] = Heard{Redraw: a.Restarted, Fault: a.Fault}
	}
	return nil
}

// of is the message for a page, and whether its words are shown.
func (t *box) of(p Page) (m message, shown bool) {
	if p.Kind == pos.PromptQR || p.Kind == pos.PromptTest {
		p.Kind = pos.PromptQR
		if p.QR == "" || t.draws(p.QR) != nil {
			p.Kind = templateText
		}
	}
	if m, ok := t.show[string(p.Kind)]; ok {
		return m, true
	}
	if m, ok := t.show[templateText]; ok {
		return m, true
	}
	return t.clear, p.Kind == pos.PromptIdle // an idle display may well be dark
}

func (t *box) encode(p Page) []byte {
	m, _ := t.of(p)
	out := m.write(t, p)
	if t.own.ClearFirst {
		return append(t.clear.write(t, Page{}), out...)
	}
	return out
}

func (t *box) omits(p Page) error {
	if _, shown := t.of(p); !shown {
		return ErrNoWords
	}
	return nil
}

func (t *box) draws(text string) error {
	if err := draws(t.own.MostQR, "")(text); err != nil {
		return err
	}
	if slices.ContainsFunc(t.own.Strip, func(s string) bool { return strings.Contains(text, s) }) {
		return errLetter
	}
	return nil
}

// field is what stands for a name in braces.
func (t *box) field(name string, p Page) []byte {
	var text string
	switch name {
	case "qr":
		return []byte(p.QR)
	case "amount":
		text = p.Amount
	case "hint":
		lines := t.letters.short(Page{Hints: p.Hints, Lines: p.Lines}, t.own.Columns)
		return []byte(t.strip(string(lines[0])))
	default: // line1 to line4
		if i := int(name[len(name)-1] - '1'); i < len(p.Lines) {
			text = p.Lines[i]
		}
	}
	out, _ := t.letters.write(t.strip(clean(text)), t.but, t.own.FieldBytes)
	return out
}

// strip takes out what would end a field, also where taking out made another.
func (t *box) strip(text string) string {
	for {
		before := text
		for _, s := range t.own.Strip {
			text = strings.ReplaceAll(text, s, "")
		}
		if text == before {
			return text
		}
	}
}

// holds refuses a message whose length does not fit its own field.
func (t *box) holds(mostQR int) error {
	wide := strings.Repeat("验", maxLine/2) + strings.Repeat("w", maxLine)
	full := Page{Kind: pos.PromptQR, Lines: []string{wide, wide, wide, wide}, Hints: []string{wide}, Amount: wide, QR: strings.Repeat("a", mostQR)}
	for kind, m := range t.show {
		if n, most := m.counted(t, full); n > most {
			return fmt.Errorf("show.%s: %d bytes are more than its length counts", kind, n)
		}
	}
	return nil
}

// listen finds the answers in what the box says. Where one ends with another, the longer counts.
func (t *box) listen() Listener {
	longest := 0
	for said := range t.answers {
		longest = max(longest, len(said))
	}
	var got []byte
	return func(b []byte) (heard []Heard) {
		for _, c := range b {
			got = append(got, c)
			if len(got) > longest {
				got = got[1:]
			}
			for from := range got {
				h, ok := t.answers[string(got[from:])]
				if !ok {
					continue
				}
				if h != (Heard{}) {
					heard = append(heard, h)
				}
				got = nil
				break
			}
		}
		return heard
	}
}

// has reports whether a message has a field.
func (m message) has(field string) bool {
	return slices.ContainsFunc(m, func(p part) bool { return p.kind == aField && p.name == field })
}

// counted is how many bytes stand between ( and ), and how many its length can say.
func (m message) counted(t *box, p Page) (n, most int) {
	var b bytes.Buffer
	from, most := 0, mostMessage
	for _, part := range m {
		switch part.kind {
		case aText:
			b.Write(part.text)
		case aField:
			b.Write(t.field(part.name, p))
		case aLength:
			if part.name == "len8" {
				most = 255
			}
		case aMark:
			switch part.name {
			case "(":
				from = b.Len()
			case ")":
				n = b.Len() - from
			}
		}
	}
	return n, most
}
