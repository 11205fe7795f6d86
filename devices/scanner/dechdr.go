package scanner

import (
	"bytes"
	"encoding/binary"
	"strconv"
	"time"
)

// Honeywell's decode header (DECHDR1) before each code: 16 FE, the length of what follows as 32 bits,
// 0D, "MSGGET", the length of the code as four digits, Honeywell's own letter, two characters of the AIM
// identifier, 1D, and the code, which ends with a CR that counts. Source: enioka_scan, BarcodeParser.java.
const (
	headerBytes  = 7  // up to and with the 0D
	messageBytes = 14 // from "MSGGET" to the 1D
)

var headerStart = []byte{0x16, 0xfe}

// headers reads codes with such headers. What stands outside them is skipped.
type headers struct {
	end     finish
	buf     []byte
	touched time.Time
}

func (h *headers) feed(b []byte, at time.Time) []Event {
	events := h.idle(at)
	for _, c := range b {
		h.buf, h.touched = append(h.buf, c), at
		n := len(h.buf)
		switch {
		case n <= len(headerStart):
			if !bytes.HasPrefix(headerStart, h.buf) {
				h.buf = h.buf[:0]
				if c == headerStart[0] {
					h.buf = append(h.buf, c)
				}
			}
			continue
		case n < headerBytes:
			continue
		}
		length := int64(binary.LittleEndian.Uint32(h.buf[2:6]))
		if h.buf[6] != '\r' || length < messageBytes || length > messageBytes+longest {
			h.buf = h.buf[:0]
			events = append(events, Event{Rejected: BadLength, At: at})
			continue
		}
		if int64(n) == headerBytes+length {
			events = append(events, h.message(h.buf[headerBytes:], at)...)
			h.buf = h.buf[:0]
		}
	}
	return events
}

func (h *headers) message(m []byte, at time.Time) []Event {
	n, err := strconv.Atoi(string(m[6:10]))
	if !bytes.HasPrefix(m, []byte("MSGGET")) || err != nil || n != len(m)-messageBytes || m[messageBytes-1] != 0x1d {
		return []Event{{Rejected: BadLength, At: at}}
	}
	aim := "]" + string(m[11:13])
	if !isAIM([]byte(aim)) {
		aim = ""
	}
	if e, ok := h.end.code(trimEnd(m[messageBytes:]), aim, "", true, at); ok {
		return []Event{e}
	}
	return nil
}

func (h *headers) idle(at time.Time) []Event {
	if end := h.deadline(); end.IsZero() || at.Before(end) {
		return nil
	}
	at = h.deadline()
	h.buf = h.buf[:0]
	return []Event{{Rejected: Unterminated, At: at}}
}

func (h *headers) deadline() time.Time {
	if len(h.buf) == 0 {
		return time.Time{}
	}
	return h.touched.Add(silence)
}
