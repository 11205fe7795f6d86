// Package profiles is what is known about products: which dialect a scanner, a display or a printer
// speaks, at which speed, and what is particular about it. A profile is data, a file of TOML. Those that
// are shipped with the register are embedded; those in a folder of the register are read beside them, and
// one with the name of a shipped one counts in its place.
//
// A new product that speaks a known dialect needs a file and no code.
package profiles

import (
	"slices"
	"strings"

	"posd/devices/display"
	"posd/devices/printer"
	"posd/devices/scanner"
	"posd/pos"
)

// Profile is one product, or one way to set it up.
type Profile struct {
	Name   string   `toml:"name"` // as a [[device]] names it, and as the file is named without .toml
	Maker  string   `toml:"maker"`
	Model  string   `toml:"model"`
	Role   pos.Role `toml:"role"`
	Driver string   `toml:"driver"`
	Baud   int      `toml:"baud"` // as the maker ships it; 0 where there is no serial line
	USB    []USB    `toml:"usb"`  // what it calls itself on USB; empty behind a serial adapter
	Source string   `toml:"source"`
	Notes  string   `toml:"notes"` // what a technician should know: settings to scan, a panel's project

	Scanner scanner.Settings `toml:"scanner"`
	Display display.Settings `toml:"display"`
	Printer printer.Settings `toml:"printer"`

	File string `toml:"-"` // where it was read
}

// USB is an identity on USB, in hex digits. A ? in the product stands for any digit, and an empty product
// for any product of the maker.
type USB struct {
	Vendor  string `toml:"vid" json:"vid"`
	Product string `toml:"pid" json:"pid"`
}

// Is reports whether a device with these identities is meant.
func (u USB) Is(vendor, product string) bool {
	if !strings.EqualFold(u.Vendor, vendor) {
		return false
	}
	if u.Product == "" {
		return true
	}
	if len(product) != len(u.Product) {
		return false
	}
	for i := range u.Product {
		if u.Product[i] != '?' && !strings.EqualFold(u.Product[i:i+1], product[i:i+1]) {
			return false
		}
	}
	return true
}

// Set is every profile of a register, in the order of their names. The zero value is none.
type Set struct{ list []Profile }

// All lists the profiles.
func (s Set) All() []Profile { return slices.Clone(s.list) }

// Names lists the profiles by name.
func (s Set) Names() []string {
	names := make([]string, len(s.list))
	for i, p := range s.list {
		names[i] = p.Name
	}
	return names
}

// Find finds a profile by its name.
func (s Set) Find(name string) (Profile, bool) {
	i, ok := slices.BinarySearchFunc(s.list, name, func(p Profile, name string) int { return strings.Compare(p.Name, name) })
	if !ok {
		return Profile{}, false
	}
	return s.list[i], true
}

// ForUSB lists the profiles of a USB device, those that name its product before those that name its maker.
func (s Set) ForUSB(vendor, product string) (list []Profile) {
	var loose []Profile
	for _, p := range s.list {
		var exact, fits bool
		for _, u := range p.USB {
			if u.Is(vendor, product) {
				fits, exact = true, exact || u.Product != ""
			}
		}
		switch {
		case exact:
			list = append(list, p)
		case fits:
			loose = append(loose, p)
		}
	}
	return append(list, loose...)
}
