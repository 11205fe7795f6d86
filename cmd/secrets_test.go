package cmd_test

import (
	"encoding/base64"
	"encoding/binary"
	"encoding/hex"
	"strings"
)

// secrets finds, in one pass over any text, whatever was named to it: as it is and in every way somebody may
// have encoded it. It needs eight bytes of a secret at least.
type secrets struct {
	byHead map[uint64][]needle // by the first eight bytes
	maybe  []uint64            // bits of heads: most places in a text are nobody's
}

type needle struct{ what, text string }

const maybeBits = 1 << 22

func (s *secrets) add(what string, secret []byte) {
	forms := map[string]string{
		what:                         string(secret),
		what + " in hex":             hex.EncodeToString(secret),
		what + " in HEX":             strings.ToUpper(hex.EncodeToString(secret)),
		what + " in base64":          base64.RawStdEncoding.EncodeToString(secret),
		what + " in base64url":       base64.RawURLEncoding.EncodeToString(secret),
		what + " as decimal numbers": decimals(secret),
	}
	if s.byHead == nil {
		s.byHead, s.maybe = map[uint64][]needle{}, make([]uint64, maybeBits/64)
	}
	for name, text := range forms {
		if len(text) < 8 {
			continue
		}
		head := binary.LittleEndian.Uint64([]byte(text))
		s.byHead[head] = append(s.byHead[head], needle{name, text})
		bit := spread(head)
		s.maybe[bit/64] |= 1 << (bit % 64)
	}
}

// decimals is how fmt prints bytes that nobody told it were a text.
func decimals(b []byte) string {
	var out []byte
	for i, x := range b {
		if i > 0 {
			out = append(out, ' ')
		}
		if x >= 100 {
			out = append(out, '0'+x/100)
		}
		if x >= 10 {
			out = append(out, '0'+x/10%10)
		}
		out = append(out, '0'+x%10)
	}
	return string(out)
}

func spread(head uint64) uint64 { return head * 0x9E3779B97F4A7C15 >> 42 }

// in names every secret that stands in the text, each once.
func (s *secrets) in(text []byte) []string {
	var found []string
	seen := map[string]bool{}
	if len(text) < 8 || s.byHead == nil {
		return nil
	}
	for i := 0; i+8 <= len(text); i++ {
		head := binary.LittleEndian.Uint64(text[i:])
		bit := spread(head)
		if s.maybe[bit/64]&(1<<(bit%64)) == 0 {
			continue
		}
		for _, n := range s.byHead[head] {
			if i+len(n.text) <= len(text) && string(text[i:i+len(n.text)]) == n.text && !seen[n.what] {
				seen[n.what] = true
				found = append(found, n.what)
			}
		}
	}
	return found
}
