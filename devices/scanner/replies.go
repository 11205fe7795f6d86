package scanner

import (
	"bytes"
	"time"
)

// How scanners answer settings, on the line that codes come by. Honeywell repeats the command with a status
// byte before each punctuation mark and ends with the mark of its storage, without a terminator. Newland
// wraps the same in 02 01 ... 03.
const (
	repliesHoneywell = "honeywell"
	repliesNewland   = "newland"
)

const longReply = 512 // bytes

// replied takes a byte that belongs to an answer. A code never holds its marks, so nothing of a code can be
// taken for one; what stood on the line before an answer began is dropped with it, as half a code is.
func (d *Decoder) replied(c byte, at time.Time) (events []Event, taken bool) {
	switch d.c.Replies {
	case repliesHoneywell:
		if d.bad != "" || (!d.reply && c != ack && c != nak && c != enq) {
			return nil, false
		}
		d.reply, d.touched = true, at
		last := len(d.line) > 0 && status(d.line[len(d.line)-1])
		ends := last && (c == '.' || c == '!')
		if !ends && (status(c) || !bytes.ContainsRune(d.c.Terminators, rune(c))) {
			return d.answering(c, at), true
		}
	case repliesNewland:
		if !d.reply && c != stx {
			return nil, false
		}
		if !d.reply {
			d.reset()
			d.reply, d.touched = true, at
			return nil, true
		}
		d.touched = at
		if c == 0x01 && len(d.line) == 0 {
			return nil, true
		}
		if c != etx {
			return d.answering(c, at), true
		}
	default:
		return nil, false
	}
	line := d.line
	d.reset()
	return answers(line, d.c.Setup, at), true
}

// answering takes one more byte of an answer.
func (d *Decoder) answering(c byte, at time.Time) []Event {
	if len(d.line) >= longReply {
		d.reset()
		return []Event{{Rejected: Oversize, At: at}}
	}
	if !status(c) && !data(c) { // noise after all
		d.bad, d.line, d.reply = ControlChar, nil, false
		return nil
	}
	d.line = append(d.line, c)
	return nil
}

func status(c byte) bool { return c == ack || c == nak || c == enq }

// answers reads what became of each setting. A setting is named only as the profile has it: whatever else
// stands there could be part of a code.
func answers(line []byte, sent []Bytes, at time.Time) (events []Event) {
	for len(line) > 0 {
		end := bytes.IndexFunc(line, func(r rune) bool { return r == ack || r == nak || r == enq })
		if end < 0 {
			return events
		}
		said, what := line[:end], line[end]
		line = line[end+1:]
		said = bytes.TrimLeft(said, ",;.!")
		name := "a setting"
		for n := len(said); n >= 4; n-- { // from its end: half a code may stand before it
			tail := said[len(said)-n:]
			for _, s := range sent {
				if name == "a setting" && bytes.Contains(s, tail) {
					name = string(tail)
				}
			}
		}
		switch what {
		case ack:
			events = append(events, Event{Said: "took " + name, At: at})
		case enq:
			events = append(events, Event{Rejected: Refused, Said: name + " is unknown to it", At: at})
		default:
			events = append(events, Event{Rejected: Refused, Said: name + " is out of its range", At: at})
		}
	}
	return events
}
