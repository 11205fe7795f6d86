package scanner

import (
	"encoding/binary"
	"errors"
	"fmt"
)

// ErrNotHIDPOS means that a HID device is no scanner in HID POS mode: a keyboard, or a maker's own protocol.
var ErrNotHIDPOS = errors.New("the device is not in HID POS mode: scan its maker's code for HID POS, or use driver evdev for a keyboard")

// Usage pages and usages of the HID Usage Tables that a code is found by.
const (
	pageDesktop, usageCount                        = 0x01, 0x3b
	pageScanner, usageAIM1, usageData, usageMore   = 0x8c, 0xfb, 0xfe, 0xff
	layoutHoneywell, layoutOffset1                 = "honeywell", "offset1"
	layoutSymbolCOM, layoutMicroscan               = "symbol-com", "microscan"
	longDescriptor, longReportBytes, mostReportIDs = 4096, 4096, 256
)

// layout is where a code lies in a report; offsets are bytes from its first one, which is the id if it has
// one. -1 stands for a field that the report lacks.
type layout struct {
	id, count  int
	aim        [3]int
	data, size int
	more       int // a bit
	bytes      int // of the whole report
}

// described is what a report descriptor says: where codes lie, and how long each report is.
type described struct {
	numbered bool
	codes    map[int]layout
	in, out  map[int]int // bytes of each report, with its id
}

// The layouts of devices whose descriptors do not say where codes lie. Sources: Access-IS ATR110 manual p. 33
// (honeywell); WebHidBarcodeScanner, src/main.js (offset1); Microscan MS-4 help 02-45 (microscan).
func named(name string) (described, bool) {
	all := map[string]layout{
		layoutHoneywell: {id: 2, count: 1, aim: [3]int{2, 3, 4}, data: 5, size: 56, more: 63 * 8, bytes: 64},
		layoutOffset1:   {id: 2, count: 1, aim: [3]int{3, 4, 5}, data: 6, size: 56, more: 63 * 8, bytes: 64},
		layoutMicroscan: {id: 1, count: 1, aim: [3]int{-1, -1, -1}, data: 2, size: 62, more: -1, bytes: 64},
	}
	l, ok := all[name]
	return described{numbered: true, codes: map[int]layout{l.id: l}, in: map[int]int{l.id: l.bytes}}, ok
}

// items are the parts of a descriptor that stay until they are changed.
type items struct{ page, size, count, id int }

// describe reads a report descriptor as the HID specification 1.11 section 6.2.2 has it.
func describe(b []byte) (described, error) {
	d := described{codes: map[int]layout{}, in: map[int]int{}, out: map[int]int{}}
	if len(b) > longDescriptor {
		return d, fmt.Errorf("a report descriptor of %d bytes", len(b))
	}
	var at items
	var stack []items
	var usages []int
	var low int
	inBits, outBits := map[int]int{}, map[int]int{}
	for len(b) > 0 {
		prefix := b[0]
		if prefix == 0xfe { // a long item: none is defined
			if len(b) < 3 || len(b) < 3+int(b[1]) {
				return d, errors.New("a report descriptor that ends in the middle")
			}
			b = b[3+int(b[1]):]
			continue
		}
		n := []int{0, 1, 2, 4}[prefix&3]
		if len(b) < 1+n {
			return d, errors.New("a report descriptor that ends in the middle")
		}
		var wide [4]byte
		copy(wide[:], b[1:1+n])
		value := int(binary.LittleEndian.Uint32(wide[:]))
		b = b[1+n:]
		switch prefix &^ 3 {
		case 0x04:
			at.page = value & 0xffff
		case 0x74:
			at.size = value
		case 0x94:
			at.count = value
		case 0x84:
			at.id, d.numbered = value, true
		case 0xa4:
			if len(stack) == 16 {
				return d, errors.New("a report descriptor nested too deep")
			}
			stack = append(stack, at)
		case 0xb4:
			if len(stack) == 0 {
				return d, errors.New("a report descriptor that ends what it has not begun")
			}
			at, stack = stack[len(stack)-1], stack[:len(stack)-1]
		case 0x08: // usage; four bytes carry their page
			if n < 4 {
				value |= at.page << 16
			}
			usages = append(usages, value)
		case 0x18:
			low = value
		case 0x28:
			for u := low; u <= value && len(usages) < 1024; u++ {
				usages = append(usages, at.page<<16|u&0xffff)
			}
		case 0x80, 0x90: // input, output
			if at.size < 0 || at.count < 0 || at.size > 64 || at.count > 8*longReportBytes || at.id < 0 || at.id >= mostReportIDs {
				return d, errors.New("a report descriptor with a field that cannot be")
			}
			bits := inBits
			if prefix&^3 == 0x90 {
				bits = outBits
			} else {
				d.fields(at, usages, inBits[at.id])
			}
			if bits[at.id] += at.size * at.count; bits[at.id] > 8*longReportBytes {
				return d, errors.New("a report descriptor with a report that cannot be")
			}
			usages = nil
		case 0xa0, 0xc0, 0xb0: // collection, its end, feature
			usages = nil
		}
	}
	return d, d.measure(inBits, outBits)
}

// fields notes where a code's parts lie in one input item that begins at a bit.
func (d *described) fields(at items, usages []int, bit int) {
	if len(usages) == 0 || at.size == 0 {
		return // a field of no bits may begin where the report ends
	}
	l, ok := d.codes[at.id]
	if !ok {
		l = layout{id: at.id, count: -1, aim: [3]int{-1, -1, -1}, data: -1, more: -1}
	}
	first := 0
	if d.numbered {
		first = 8
	}
	for i := range at.count {
		usage := usages[min(i, len(usages)-1)]
		if i >= len(usages) && usage != pageScanner<<16|usageData {
			break // the last usage stands for all that follow; only the data is many
		}
		offset := first + bit + i*at.size
		whole := at.size == 8 && offset%8 == 0
		switch {
		case usage == pageScanner<<16|usageMore && l.more < 0:
			l.more = offset
		case !whole:
		case usage == pageDesktop<<16|usageCount && l.count < 0:
			l.count = offset / 8
		case usage >= pageScanner<<16|usageAIM1 && usage < pageScanner<<16|usageData:
			l.aim[usage-(pageScanner<<16|usageAIM1)] = offset / 8
		case usage == pageScanner<<16|usageData && l.data < 0:
			l.data, l.size = offset/8, 1
		case usage == pageScanner<<16|usageData && offset/8 == l.data+l.size:
			l.size++
		}
	}
	d.codes[at.id] = l
}

// measure counts the bytes of each report and keeps the layouts that hold a code.
func (d *described) measure(inBits, outBits map[int]int) error {
	first := 0
	if d.numbered {
		first = 1
	}
	for id, bits := range inBits {
		d.in[id] = first + (bits+7)/8
	}
	for id, bits := range outBits {
		d.out[id] = first + (bits+7)/8
	}
	for id, l := range d.codes {
		if l.data < 0 {
			delete(d.codes, id)
			continue
		}
		l.bytes = d.in[id]
		d.codes[id] = l
	}
	if len(d.codes) == 0 {
		return ErrNotHIDPOS
	}
	return nil
}
