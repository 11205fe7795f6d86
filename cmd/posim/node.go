package main

import (
	"encoding/binary"
	"encoding/hex"
	"errors"
	"fmt"
	"net"
	"strings"
	"time"
)

// node is how a scanner that is no serial line is plugged in: no kernel makes such a device out of a program everywhere,
// so messages go over a socket that keeps them apart as the kernel's node does.
type node struct {
	first []byte // the report descriptor, which is asked for when a HID device is opened
	size  int    // of a message; 0 for all at once
}

// nodes is every scanner that is plugged in that way.
var nodes = map[string]*node{"hidpos": {first: reportDescriptor, size: reportBytes}, "evdev": {}}

// A scanner in HID POS mode, as most are: reports of 64 bytes with id 2, and commands with id FD.
const reportBytes = 64

var reportDescriptor, _ = hex.DecodeString("058c0902a1010912a1028502150026ff00750895010501093b81029503058c09fb09fc09fd8102953809fe8202010600ff9502090409008102058c25017501" +
	"950809ff8102c085fd9507750809009102c0")

// listen plugs the node in: whoever opens its path is the register.
func (c *cable) listen() error {
	socket, err := net.ListenUnix("unixpacket", &net.UnixAddr{Name: c.link, Net: "unixpacket"})
	if err != nil {
		return fmt.Errorf("plug in a node: %w", err)
	}
	c.socket, c.done = socket, make(chan struct{})
	go c.serve(socket, c.done)
	return nil
}

// serve speaks with whoever opens the node, one after the other, until it is pulled.
func (c *cable) serve(socket *net.UnixListener, done chan struct{}) {
	defer close(done)
	for {
		line, err := socket.AcceptUnix()
		if err != nil {
			return
		}
		c.mu.Lock()
		c.master = line
		err = line.SetWriteDeadline(time.Now().Add(writeWithin))
		if len(c.node.first) > 0 {
			err = errors.Join(err, ignoreCount(line.Write(c.node.first)))
		}
		c.mu.Unlock()
		if err == nil {
			c.answer(line)
		}
		c.mu.Lock()
		c.master = nil
		c.mu.Unlock()
		_ = line.Close()
	}
}

// reports is a scanner in HID POS mode. Its commands are those of the same maker on a serial line, wrapped in reports.
type reports struct{ waiting }

func (*reports) code(text string) (all []byte, err error) {
	for first := true; first || text != ""; first = false {
		report := make([]byte, reportBytes)
		n := copy(report[5:61], text)
		report[0], report[1] = 2, byte(n)
		copy(report[2:], "]Q1")
		if text = text[n:]; text != "" {
			report[63] = 1 // more follows
		}
		all = append(all, report...)
	}
	return all, nil
}

func (r *reports) hear(b []byte) []byte {
	if len(b) > 2 && b[0] == 0xfd && int(b[1]) <= len(b)-2 {
		r.waiting.hear(b[2 : 2+b[1]])
	}
	return nil
}

// typing is a scanner that types, on a keyboard for the United States.
type typing struct{ plain }

// usKeys are the characters of the keys whose codes begin there, and what they are with shift.
var usKeys = map[uint16][2]string{2: {"1234567890-=", "!@#$%^&*()_+"}, 16: {"qwertyuiop[]", "QWERTYUIOP{}"}, 30: {"asdfghjkl;'`", `ASDFGHJKL:"~`},
	43: {`\zxcvbnm,./`, "|ZXCVBNM<>?"}, 57: {" ", " "}}

const keyEnter, keyShift = 28, 42

func (typing) code(text string) (all []byte, err error) {
	press := func(code uint16, value uint32) {
		event := make([]byte, 24) // its time does not matter
		binary.LittleEndian.PutUint16(event[16:], 1)
		binary.LittleEndian.PutUint16(event[18:], code)
		binary.LittleEndian.PutUint32(event[20:], value)
		all = append(all, event...)
	}
	for _, c := range []byte(text) {
		found := false
		for from, row := range usKeys {
			for shift, characters := range row {
				i := strings.IndexByte(characters, c)
				if i < 0 || found {
					continue
				}
				found = true
				if shift == 1 {
					press(keyShift, 1)
				}
				press(from+uint16(i), 1)
				press(from+uint16(i), 0)
				if shift == 1 {
					press(keyShift, 0)
				}
			}
		}
		if !found {
			return nil, fmt.Errorf("there is no key for %q", c)
		}
	}
	press(keyEnter, 1)
	press(keyEnter, 0)
	return all, nil
}
