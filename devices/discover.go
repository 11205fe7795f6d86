package devices

import (
	"slices"

	"posd/devices/ports"
	"posd/devices/profiles"
	"posd/pos"
)

// Discover is what is plugged in: which configured device it is, and which products it may be.
func Discover(r ports.Roots, known profiles.Set, configured []Config) []pos.Found {
	list := ports.List(r)
	for i := range list {
		f := &list[i]
		for _, c := range configured {
			if ports.Is(*f, c.Port) && f.Device == "" {
				f.Device = c.Name
			}
		}
		f.Matches = []pos.Matching{}
		if f.Vendor == "" {
			continue
		}
		for _, p := range known.ForUSB(f.Vendor, f.Product) {
			if speaks(*f, p) {
				f.Matches = append(f.Matches, pos.Matching{Profile: p.Name, Name: p.Maker + " " + p.Model, Role: p.Role, Driver: p.Driver, Baud: p.Baud})
			}
		}
	}
	return list
}

// carriers says over which kinds of ports a driver speaks; one that is not here speaks over serial lines.
var carriers = map[string][]pos.PortKind{
	"hidpos": {pos.PortHID},
	"evdev":  {pos.PortKeys},
	"escpos": {pos.PortPrinter, pos.PortSerial},
}

// Carriers are the kinds of ports that a driver speaks over.
func Carriers(driver string) []pos.PortKind {
	if kinds, ok := carriers[driver]; ok {
		return kinds
	}
	return []pos.PortKind{pos.PortSerial}
}

// speaks reports whether a product of that profile would be found at such a port: the same scanner stands
// in one table of the kernel when it is set to a serial line, and in another when it is set to HID.
func speaks(f pos.Found, p profiles.Profile) bool {
	return slices.Contains(Carriers(p.Driver), f.Kind)
}

// Discover is what is plugged in now, beside what is configured.
func (d *Desk) Discover() []pos.Found { return Discover(d.o.Roots, d.o.Known, d.o.Devices) }
