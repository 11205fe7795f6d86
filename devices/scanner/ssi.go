package scanner

import (
	"bytes"
	"fmt"
	"time"
)

// Zebra's Simple Serial Interface: packets of length, opcode, source, status, data and a sum of two bytes.
// The length counts all but the sum. Sources: Symbol SE-923 integration guide 6-15, Zebra DS4308 and DS9908
// guides.
const (
	ssiAck, ssiNak   = 0xd0, 0xd1
	ssiStart, ssiEnd = 0xe4, 0xe5 // a decode session
	ssiBeep          = 0xe6
	ssiParam         = 0xc6
	ssiDecode        = 0xf3
	ssiEvent         = 0xf6
	ssiFromScanner   = 0x00
	ssiFromHost      = 0x04

	ssiAgain, ssiMore = 1 << 0, 1 << 1 // status: sent again, more packets follow

	ssiResend    = 0x01            // cause of a NAK: send it again
	ssiHigh      = 0x00            // one short high beep
	ssiLow       = 0x05            // one short low beep
	ssiNoBeep    = 0xff            // when a parameter is set
	ssiTries     = 3               // a packet leaves at most so often
	ssiPatience  = 2 * time.Second // for an acknowledgement
	ssiNextPart  = 7 * time.Second // a scanner tries a part three times, 2 s apart
	ssiMostWaits = mostSetup + 8
)

// ssiSetup is what the dialect needs of every scanner: packets instead of bare text, acknowledgements, and
// no programming by bar codes that a customer shows.
var ssiSetup = []Bytes{{0xee, 0x01}, {0x9f, 0x01}, {0xec, 0x00}}

// SSI is the dialect of Zebra scanners on a serial line that speak in packets.
type SSI struct {
	s       Settings
	end     finish
	buf     []byte
	touched time.Time // the last byte of an unfinished packet

	part    []byte // of a code in several packets
	kind    byte   // its type
	pending bool
	wide    bool
	parted  time.Time

	last []byte // the packet that was acknowledged last, without status; nil when another was lost since
	told bool   // a code was sent on this line before, whole or broken

	waits [][]byte // commands: the first has left and waits for its acknowledgement
	tries int
	again time.Time
}

// NewSSI makes an SSI scanner whose line has just been opened.
func NewSSI(s Settings) *SSI {
	return &SSI{s: s, end: finish{prefix: s.Prefix, suffix: s.Suffix, dedupe: s.Dedupe}}
}

// ssiPacket is a packet from the host.
func ssiPacket(opcode byte, data ...byte) []byte {
	return sealed(append([]byte{byte(4 + len(data)), opcode, ssiFromHost, 0}, data...))
}

// sealed adds the sum: what makes it all zero, the high byte first.
func sealed(p []byte) []byte {
	sum := ssiSum(p)
	return append(p, byte(sum>>8), byte(sum))
}

func ssiSum(p []byte) uint16 {
	var sum uint16
	for _, c := range p {
		sum -= uint16(c)
	}
	return sum
}

// Say is what to write for a word. Only one command is under way at a time.
func (s *SSI) Say(w Word, at time.Time) []byte {
	switch w {
	case Setup:
		wake := []byte{0} // a lone zero wakes a scanner that sleeps; it is no packet
		for _, p := range append(append([]Bytes(nil), ssiSetup...), s.s.Setup...) {
			wake = append(wake, s.command(ssiPacket(ssiParam, append([]byte{ssiNoBeep}, p...)...), at)...)
		}
		return wake
	case Trigger:
		return s.command(ssiPacket(ssiStart), at)
	case Stop:
		return s.command(ssiPacket(ssiEnd), at)
	case Good:
		return s.command(ssiPacket(ssiBeep, ssiHigh), at)
	case Bad:
		return s.command(ssiPacket(ssiBeep, ssiLow), at)
	}
	return nil
}

// command sends a command, or puts it behind those that are under way.
func (s *SSI) command(p []byte, at time.Time) []byte {
	if len(s.waits) >= ssiMostWaits {
		return nil // a scanner that answers nothing beeps no more either
	}
	s.waits = append(s.waits, p)
	if len(s.waits) > 1 {
		return nil
	}
	return s.leave(at)
}

// leave sends the first command for the first time.
func (s *SSI) leave(at time.Time) []byte {
	if len(s.waits) == 0 {
		return nil
	}
	s.tries, s.again = 1, at.Add(ssiPatience)
	return s.waits[0]
}

// done ends the first command and sends the next.
func (s *SSI) done(at time.Time) []byte {
	s.waits = s.waits[1:]
	return s.leave(at)
}

// repeat sends the first command again, or gives it up.
func (s *SSI) repeat(at time.Time) ([]Event, []byte) {
	if s.tries >= ssiTries {
		return []Event{{Rejected: NoAnswer, Said: fmt.Sprintf("no answer to command %02X", s.waits[0][1]), At: at}}, s.done(at)
	}
	s.tries, s.again = s.tries+1, at.Add(ssiPatience)
	p := bytes.Clone(s.waits[0][:len(s.waits[0])-2])
	p[3] |= ssiAgain
	return nil, sealed(p)
}

// Feed takes bytes that were read at one instant, and gives what to write.
func (s *SSI) Feed(b []byte, at time.Time) (events []Event, write []byte) {
	events, write = s.Idle(at)
	s.buf = append(s.buf, b...)
	if len(b) > 0 {
		s.touched = at
	}
	for len(s.buf) > 0 {
		length := int(s.buf[0])
		if length < 4 {
			s.buf = s.buf[1:]
			events = append(events, Event{Rejected: Resync, At: at})
			continue
		}
		if len(s.buf) < length+2 {
			break
		}
		packet := s.buf[:length]
		sum := uint16(s.buf[length])<<8 | uint16(s.buf[length+1])
		s.buf = s.buf[length+2:]
		if ssiSum(packet) != sum {
			s.last, s.told = nil, true
			events, write = append(events, Event{Rejected: Checksum, At: at}), append(write, ssiPacket(ssiNak, ssiResend)...)
			continue
		}
		e, w := s.packet(packet, at)
		events, write = append(events, e...), append(write, w...)
	}
	s.buf = append([]byte(nil), s.buf...) // at most one packet is kept
	return events, write
}

func (s *SSI) packet(p []byte, at time.Time) ([]Event, []byte) {
	opcode, source, state, body := p[1], p[2], p[3], p[4:]
	said := func(format string, args ...any) []Event { return []Event{{Said: fmt.Sprintf(format, args...), At: at}} }
	switch {
	case source == ssiFromHost:
		return nil, nil // our own, off a line that echoes
	case opcode == ssiAck:
		if len(s.waits) > 0 {
			return said("ack"), s.done(at)
		}
		return said("ack"), nil
	case opcode == ssiNak:
		return s.refused(body, at)
	case opcode == ssiDecode:
		return s.decode(state, body, at), ssiPacket(ssiAck)
	case opcode == ssiEvent && len(body) > 0:
		return said("event-%02x", body[0]), ssiPacket(ssiAck)
	}
	return said("opcode-%02x", opcode), ssiPacket(ssiAck)
}

func (s *SSI) refused(body []byte, at time.Time) ([]Event, []byte) {
	cause := byte(0)
	if len(body) > 0 {
		cause = body[0]
	}
	said := []Event{{Said: fmt.Sprintf("nak-%02x", cause), At: at}}
	switch {
	case len(s.waits) == 0:
		return said, nil
	case cause == ssiResend:
		events, write := s.repeat(at)
		return append(said, events...), write
	case s.waits[0][1] == ssiParam:
		said = append(said, Event{Rejected: Refused, Said: fmt.Sprintf("parameter %X is not taken", s.waits[0][5:len(s.waits[0])-2]), At: at})
	}
	return said, s.done(at)
}

// decode takes a code, or a part of one, that is acknowledged in any case.
func (s *SSI) decode(state byte, body []byte, at time.Time) []Event {
	key := append([]byte{state & ssiMore}, body...)
	if state&ssiAgain != 0 && s.last != nil && bytes.Equal(key, s.last) {
		return []Event{{Rejected: Retransmit, At: at}}
	}
	torn := state&ssiAgain != 0 && !s.told // what came before it was acknowledged on another line
	s.last, s.told = key, true
	if len(body) == 0 {
		s.drop()
		return []Event{{Rejected: BadLength, At: at}}
	}
	var events []Event
	if s.pending && body[0] != s.kind {
		s.drop()
		events = []Event{{Rejected: Incomplete, At: at}}
	}
	if len(s.part)+len(body)-1 > longest {
		s.part, s.wide = nil, true
	}
	if !s.wide {
		s.part = append(s.part, body[1:]...)
	}
	s.pending, s.kind, s.parted = true, body[0], at
	if state&ssiMore != 0 {
		return events
	}
	whole, wide, name := trimEnd(s.part), s.wide, ssiTypes(body[0])
	s.drop()
	if wide {
		return append(events, Event{Rejected: Oversize, At: at})
	}
	if e, ok := s.end.line(whole, true, at); ok {
		if e.AIM == "" && e.Rejected == "" {
			e.Symbology = name
		}
		if torn {
			e = s.end.torn(e)
		}
		events = append(events, e)
	}
	return events
}

func (s *SSI) drop() { s.part, s.pending, s.wide = nil, false, false }

// Idle takes the time: half a packet and half a code are dropped, and a command is sent again.
func (s *SSI) Idle(at time.Time) (events []Event, write []byte) {
	if len(s.buf) > 0 && !at.Before(s.touched.Add(silence)) {
		events = append(events, Event{Rejected: Unterminated, At: s.touched.Add(silence)})
		s.buf, s.last, s.told = nil, nil, true
	}
	if s.pending && !at.Before(s.parted.Add(ssiNextPart)) {
		events = append(events, Event{Rejected: Incomplete, At: s.parted.Add(ssiNextPart)})
		s.drop()
	}
	if len(s.waits) > 0 && !at.Before(s.again) {
		var e []Event
		e, write = s.repeat(at)
		events = append(events, e...)
	}
	return events, write
}

// Deadline is when Idle wants to be called, or zero.
func (s *SSI) Deadline() (end time.Time) {
	if len(s.buf) > 0 {
		end = s.touched.Add(silence)
	}
	if s.pending {
		end = sooner(end, s.parted.Add(ssiNextPart))
	}
	if len(s.waits) > 0 {
		end = sooner(end, s.again)
	}
	return end
}

// ssiTypes names the type byte of a code; 40 and 80 mark a supplement of two and of five digits.
func ssiTypes(t byte) string {
	names := map[byte]string{0x01: "code39", 0x02: "codabar", 0x03: "code128", 0x06: "itf", 0x07: "code93", 0x08: "upca", 0x09: "upce", 0x0a: "ean8",
		0x0b: "ean13", 0x0c: "code11", 0x0e: "msi", 0x0f: "gs1-128", 0x10: "upce", 0x11: "pdf417", 0x19: "isbt", 0x1a: "pdf417", 0x1b: "datamatrix",
		0x1c: "qr", 0x20: "code32", 0x25: "maxicode", 0x2d: "aztec", 0x30: "databar", 0x31: "databar", 0x32: "databar"}
	switch base := t & 0x3f; base {
	case 0x08, 0x09, 0x0a, 0x0b, 0x10:
		return names[base]
	}
	return names[t]
}
