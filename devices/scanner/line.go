package scanner

import "time"

// Framings of the line dialect beside terminators.
const (
	framedSTX    = "stx"
	framedDECHDR = "dechdr"
)

// Line is the dialect of most scanners on a serial line: codes with an end, and the maker's commands.
type Line struct {
	commands
	lines  *Decoder
	header *headers // instead of lines
}

// NewLine makes a line scanner whose line has just been opened.
func NewLine(s Settings) *Line {
	l := &Line{commands: commands{Settings: s}}
	if s.Framing == framedDECHDR {
		l.header = &headers{end: finish{prefix: s.Prefix, suffix: s.Suffix, dedupe: s.Dedupe}}
		return l
	}
	l.lines = NewDecoder(Config{Terminators: s.Terminator, Prefix: s.Prefix, Suffix: s.Suffix, Dedupe: s.Dedupe, Framed: s.Framing == framedSTX,
		Replies: s.Replies, Setup: s.Setup})
	return l
}

// Feed takes bytes that were read at one instant, and gives what to write.
func (l *Line) Feed(b []byte, at time.Time) ([]Event, []byte) {
	if l.header != nil {
		return l.header.feed(b, at), l.idle(at)
	}
	return l.lines.Feed(b, at), l.idle(at)
}

// Idle takes the time.
func (l *Line) Idle(at time.Time) ([]Event, []byte) {
	if l.header != nil {
		return l.header.idle(at), l.idle(at)
	}
	return l.lines.Idle(at), l.idle(at)
}

// Deadline is when Idle wants to be called, or zero.
func (l *Line) Deadline() time.Time {
	if l.header != nil {
		return sooner(l.header.deadline(), l.deadline())
	}
	return sooner(l.lines.Deadline(), l.deadline())
}

// Say is what to write for a word.
func (l *Line) Say(w Word, at time.Time) []byte { return l.say(w, at) }
