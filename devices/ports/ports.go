// Package ports finds what is plugged into this machine: serial lines, HID devices, keyboards that may be
// scanners, and printers, each with who made it and with a name that lasts when the numbers change.
//
// It reads the kernel's own tables and the links that udev makes; it opens no device, because opening one
// may reset it, and it decides nothing about what a device is for.
package ports

import (
	"os"
	"path/filepath"
	"slices"
	"strings"

	"posd/pos"
)

// Roots are the folders to look below; the zero value is this machine's own.
type Roots struct {
	Sys string // "/sys"
	Dev string // "/dev"
}

func (r Roots) sys(parts ...string) string { return below(r.Sys, "/sys", parts) }
func (r Roots) dev(parts ...string) string { return below(r.Dev, "/dev", parts) }

func below(root, usual string, parts []string) string {
	if root == "" {
		root = usual
	}
	return filepath.Join(append([]string{root}, parts...)...)
}

// mostPorts bounds a list: a machine with more has something else wrong with it.
const mostPorts = 256

// class is one table of the kernel.
type class struct {
	name string // the folder below /sys/class
	kind pos.PortKind
	node func(name string) []string // below /dev
	sees func(dir string) bool      // whether an entry is worth listing at all
}

func classes() []class {
	itself := func(name string) []string { return []string{name} }
	return []class{
		{"tty", pos.PortSerial, itself, realLine},
		{"hidraw", pos.PortHID, itself, nil},
		{"input", pos.PortKeys, func(name string) []string { return []string{"input", name} }, typesCodes},
		{"usbmisc", pos.PortPrinter, func(name string) []string { return []string{"usb", name} }, nil},
	}
}

// prefixes are the names of entries that are nodes of the kind; a class holds other entries too.
var prefixes = map[pos.PortKind]string{pos.PortKeys: "event", pos.PortPrinter: "lp", pos.PortHID: "hidraw", pos.PortSerial: "tty"}

// List is everything that is plugged in, in the order of kind and node. What vanishes while it is looked at
// is left out.
func List(r Roots) []pos.Found {
	ids := links(r, "by-id")
	paths := links(r, "by-path")
	var list []pos.Found
	for _, c := range classes() {
		entries, err := os.ReadDir(r.sys("class", c.name)) // in the order of their names
		if err != nil {
			continue
		}
		for _, e := range entries {
			dir := r.sys("class", c.name, e.Name())
			if !strings.HasPrefix(e.Name(), prefixes[c.kind]) || (c.sees != nil && !c.sees(dir)) || len(list) == mostPorts {
				continue
			}
			device, err := filepath.EvalSymlinks(filepath.Join(dir, "device"))
			if err != nil {
				continue
			}
			node := r.dev(c.node(e.Name())...)
			f := pos.Found{Kind: c.kind, Node: node, ByID: ids[node], ByPath: paths[node]}
			describe(&f, r, device)
			list = append(list, f)
		}
	}
	for i := range list {
		list[i].Twin = slices.ContainsFunc(list, func(o pos.Found) bool { return alike(o, list[i]) && o.Node != list[i].Node })
	}
	for i := range list {
		list[i].Port = lasting(list, list[i])
	}
	return list
}

// realLine leaves out the terminals of the kernel, and the serial ports of a board that has none there.
func realLine(dir string) bool {
	if _, err := os.Stat(filepath.Join(dir, "device")); err != nil {
		return false
	}
	return attribute(dir, "type") != "0" // PORT_UNKNOWN; other lines have no such file
}

// typesCodes leaves out what has no Enter and no digits: mice, power buttons, lids.
func typesCodes(dir string) bool {
	words := strings.Fields(attribute(dir, "device/capabilities/key"))
	if len(words) == 0 {
		return false
	}
	last := words[len(words)-1] // the lowest 64 keys
	var bits uint64
	for _, c := range []byte(last) {
		digit := strings.IndexByte("0123456789abcdef", c)
		if digit < 0 {
			return false
		}
		bits = bits<<4 | uint64(digit)
	}
	const digitsAndEnter = 0x3ff<<2 | 1<<28 // KEY_1 to KEY_0, KEY_ENTER
	return bits&digitsAndEnter == digitsAndEnter
}

// describe climbs from an entry's device to the USB interface and the USB device above it.
func describe(f *pos.Found, r Roots, device string) {
	top, err := filepath.EvalSymlinks(r.sys())
	if err != nil {
		return
	}
	if f.Kind == pos.PortHID {
		f.Speaks = usage(device)
		hidIdentity(f, device)
	}
	for dir := device; len(dir) > len(top); dir = filepath.Dir(dir) {
		if f.Driver == "" {
			if to, err := os.Readlink(filepath.Join(dir, "driver")); err == nil {
				f.Driver = filepath.Base(to)
			}
		}
		if f.Interface == "" && attribute(dir, "bInterfaceNumber") != "" {
			f.Interface = filepath.Base(dir)
		}
		if vendor := attribute(dir, "idVendor"); vendor != "" {
			f.Vendor, f.Product = strings.ToLower(vendor), strings.ToLower(attribute(dir, "idProduct"))
			f.Serial, f.Maker, f.Model = attribute(dir, "serial"), attribute(dir, "manufacturer"), attribute(dir, "product")
			f.Socket = filepath.Base(dir)
			f.Sleeps = attribute(dir, "power/control") == "auto"
			return
		}
	}
}

// hidIdentity takes what the kernel says of a HID device, for one without a USB device above it.
func hidIdentity(f *pos.Found, device string) {
	b, err := os.ReadFile(filepath.Join(device, "uevent"))
	if err != nil {
		return
	}
	for line := range strings.SplitSeq(string(b[:min(len(b), longestAttribute)]), "\n") {
		key, value, _ := strings.Cut(line, "=")
		switch key {
		case "HID_ID": // bus:vendor:product, each in eight hex digits
			if parts := strings.Split(value, ":"); len(parts) == 3 && len(parts[1]) >= 4 && len(parts[2]) >= 4 {
				f.Vendor, f.Product = strings.ToLower(parts[1][len(parts[1])-4:]), strings.ToLower(parts[2][len(parts[2])-4:])
			}
		case "HID_NAME":
			f.Model = printable(value)
		case "HID_UNIQ":
			f.Serial = printable(value)
		}
	}
}

// usage tells from the head of a report descriptor what a HID device speaks: bar codes, or a keyboard.
func usage(device string) string {
	b, err := os.ReadFile(filepath.Join(device, "report_descriptor"))
	switch {
	case err != nil || len(b) < 4:
		return ""
	case b[0] == 0x05 && b[1] == 0x8c, b[0] == 0x06 && b[1] == 0x8c && b[2] == 0: // usage page: bar code scanner
		return "pos"
	case b[0] == 0x05 && b[1] == 0x01 && b[2] == 0x09 && b[3] == 0x06: // generic desktop, keyboard
		return "keyboard"
	}
	return ""
}

// longestAttribute bounds what is read of a file of the kernel; they are a page at most.
const longestAttribute = 4096

// attribute reads a small file of the kernel, or gives nothing.
func attribute(dir, name string) string {
	b, err := os.ReadFile(filepath.Join(dir, name))
	if err != nil {
		return ""
	}
	return printable(string(b[:min(len(b), longestAttribute)]))
}

// printable keeps a maker's string from moving anybody's cursor.
func printable(text string) string {
	return strings.TrimSpace(strings.Map(func(r rune) rune {
		if r < ' ' || (r >= 0x7f && r < 0xa0) {
			return -1
		}
		return r
	}, strings.ToValidUTF8(text, "")))
}

// links maps nodes to the link that udev made for them.
func links(r Roots, how string) map[string]string {
	found := map[string]string{}
	for _, group := range []string{"serial", "input"} {
		dir := r.dev(group, how)
		entries, err := os.ReadDir(dir)
		if err != nil {
			continue // none of that group is plugged in
		}
		for _, e := range entries {
			to, err := os.Readlink(filepath.Join(dir, e.Name()))
			if err != nil {
				continue
			}
			if !filepath.IsAbs(to) {
				to = filepath.Join(dir, to)
			}
			if _, known := found[to]; !known { // the first by name: the same at every look
				found[to] = filepath.Join(dir, e.Name())
			}
		}
	}
	return found
}
