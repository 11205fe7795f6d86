package printer

// State is what a printer says about itself. The zero value is nothing known.
type State struct {
	Known   bool
	Offline bool
	Cover   bool // open
	Paper   Paper
	Error   bool // the knife, the temperature, something that needs a person
}

// Paper is how much there is.
type Paper int

// Papers.
const (
	PaperOK Paper = iota
	PaperLow
	PaperOut
)

// Questions are the real-time status requests, DLE EOT: the printer, why it is offline, what is wrong, the paper. Each
// is answered with one byte, also while the printer is busy.
func Questions() []byte { return []byte{1, 2, 3, 4} }

// Question is one request.
func Question(n byte) []byte { return []byte{0x10, 0x04, n} }

// status reports whether a byte can be an answer: bits 1 and 4 are always set, 0 and 7 never.
func status(b byte) bool { return b&0x93 == 0x12 }

// Learn takes the answer to question n. Anything else than an answer teaches nothing.
func (s State) Learn(n, b byte) (State, bool) {
	if !status(b) {
		return s, false
	}
	s.Known = true
	switch n {
	case 1:
		s.Offline = b&0x08 != 0
	case 2:
		s.Cover = b&0x04 != 0
		if b&0x20 != 0 {
			s.Paper = PaperOut
		}
		s.Error = s.Error || b&0x40 != 0
	case 3:
		s.Error = s.Error || b&0x68 != 0
	case 4:
		switch {
		case b&0x60 != 0:
			s.Paper = PaperOut
		case b&0x0c != 0 && s.Paper != PaperOut:
			s.Paper = PaperLow
		}
	}
	return s, true
}

// Stops is why the printer prints nothing, in a word that sentences are found by; empty when it prints, or when
// nothing is known.
func (s State) Stops() string {
	switch {
	case !s.Known:
		return ""
	case s.Cover:
		return "cover"
	case s.Paper == PaperOut:
		return "paper"
	case s.Error:
		return "error"
	case s.Offline:
		return "offline"
	}
	return ""
}
