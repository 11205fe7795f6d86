package display

import (
	"encoding/binary"
	"encoding/hex"
	"errors"
	"fmt"
	"slices"
	"strings"
)

// message is one thing that a box is told, in parts.
type message []part

type part struct {
	kind kindOfPart
	name string
	text []byte
}

type kindOfPart int

const (
	aText   kindOfPart = iota // bytes as they are
	aField                    // of the page
	aLength                   // of what stands between ( and )
	aSum                      // over what stands between [ and ]
	aMark                     // ( ) [ ]
)

// The words in braces, and how many bytes the counted ones take.
var (
	messageFields  = []string{"qr", "amount", "line1", "line2", "line3", "line4", "hint"}
	messageLengths = map[string]int{"len8": 1, "len16": 2, "len16le": 2}
	messageSums    = map[string]int{"xor": 1, "sum": 1, "crc16be": 2, "crc16le": 2}
)

var errQuote = errors.New("a text without its second quote")

// parseMessage reads the words of a message.
func parseMessage(text string) (m message, err error) {
	for rest := strings.TrimSpace(text); rest != ""; rest = strings.TrimSpace(rest) {
		if rest[0] == '\'' {
			end := strings.IndexByte(rest[1:], '\'')
			if end < 0 {
				return nil, errQuote
			}
			m = append(m, part{kind: aText, text: []byte(rest[1 : 1+end])})
			rest = rest[end+2:]
			continue
		}
		word, behind, _ := strings.Cut(rest, " ")
		p, err := parseWord(word)
		if err != nil {
			return nil, err
		}
		m, rest = append(m, p), behind
	}
	return m, m.check()
}

func parseWord(word string) (part, error) {
	if slices.Contains([]string{"(", ")", "[", "]"}, word) {
		return part{kind: aMark, name: word}, nil
	}
	if name, ok := strings.CutPrefix(word, "{"); ok {
		name = strings.TrimSuffix(name, "}")
		switch {
		case slices.Contains(messageFields, name):
			return part{kind: aField, name: name}, nil
		case messageLengths[name] > 0:
			return part{kind: aLength, name: name, text: make([]byte, messageLengths[name])}, nil
		case messageSums[name] > 0:
			return part{kind: aSum, name: name, text: make([]byte, messageSums[name])}, nil
		}
		return part{}, fmt.Errorf("%s is no field; there are {%s}, {len8}, {len16}, {len16le}, {xor}, {sum}, {crc16be}, {crc16le}", word, strings.Join(messageFields, "}, {"))
	}
	b, err := hex.DecodeString(word)
	if err != nil {
		return part{}, fmt.Errorf("%q is neither a byte in hex, nor 'text', nor a {field}", word)
	}
	return part{kind: aText, text: b}, nil
}

// check wants each pair of marks at most once, in order, and where something is counted or summed.
func (m message) check() error {
	at := map[string]int{}
	counted, summed := false, false
	for i, p := range m {
		switch p.kind {
		case aMark:
			if _, twice := at[p.name]; twice {
				return fmt.Errorf("%s stands here twice", p.name)
			}
			at[p.name] = i
		case aLength:
			counted = true
		case aSum:
			summed = true
		}
	}
	for _, pair := range []struct {
		open, end string
		wanted    bool
	}{{"(", ")", counted}, {"[", "]", summed}} {
		open, opened := at[pair.open]
		end, ended := at[pair.end]
		if opened != ended || end < open {
			return fmt.Errorf("%s and %s do not match", pair.open, pair.end)
		}
		if pair.wanted != opened {
			return fmt.Errorf("what stands between %s and %s is counted or summed, and nothing else is", pair.open, pair.end)
		}
	}
	return nil
}

// write is a message's bytes for a page: first everything that has its place, then the lengths, then the sums, which
// may lie over the lengths.
func (m message) write(t *box, p Page) []byte {
	var out []byte
	marks := map[string]int{}
	type hole struct{ part, at int }
	var holes []hole
	for i, one := range m {
		switch one.kind {
		case aText:
			out = append(out, one.text...)
		case aField:
			out = append(out, t.field(one.name, p)...)
		case aMark:
			marks[one.name] = len(out)
		case aLength, aSum:
			holes = append(holes, hole{i, len(out)})
			out = append(out, one.text...)
		}
	}
	for _, kind := range []kindOfPart{aLength, aSum} {
		for _, h := range holes {
			if m[h.part].kind == kind {
				count(out[h.at:], m[h.part].name, out, marks)
			}
		}
	}
	return out
}

// count puts a length or a sum into its place.
func count(at []byte, name string, all []byte, marks map[string]int) {
	n, body := marks[")"]-marks["("], all[marks["["]:marks["]"]]
	switch name {
	case "len8":
		at[0] = byte(n)
	case "len16":
		binary.BigEndian.PutUint16(at, uint16(n))
	case "len16le":
		binary.LittleEndian.PutUint16(at, uint16(n))
	case "xor":
		at[0] = 0
		for _, c := range body {
			at[0] ^= c
		}
	case "sum":
		sum := byte(0)
		for _, c := range body {
			sum += c
		}
		at[0] = sum
	case "crc16be":
		binary.BigEndian.PutUint16(at, crc16(body))
	case "crc16le":
		binary.LittleEndian.PutUint16(at, crc16(body))
	}
}
