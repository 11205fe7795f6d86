package main

import (
	"context"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"posd/devices"
	"posd/devices/ports"
	"posd/devices/profiles"
	"posd/pos"
)

// findDevices looks at what is plugged in, and settles which of it is the scanner, the display and the slip printer.
func (w *wizard) findDevices(ctx context.Context, wanted map[pos.Role]string, yes bool) error {
	set, _, err := profiles.Open(w.known.Profiles, nil, "")
	if err != nil {
		return coded{exitInternal, err}
	}
	found := devices.Discover(w.f.parts.roots, set, nil)
	if w.f.sits {
		w.say("\nPlugged in:")
		if len(found) == 0 {
			w.say("  nothing that could be a scanner, a display or a printer")
		}
	}
	for i, f := range found {
		if w.f.sits {
			w.say("  %d  %s", i+1, shownAs(f))
		}
	}
	for _, role := range []pos.Role{pos.RoleScanner, pos.RoleDisplay, pos.RolePrinter} {
		wish := wanted[role]
		if wish == "" {
			wish = "auto"
			if w.f.sits && !yes {
				if wish, err = w.chooseDevice(ctx, role, found); err != nil {
					return err
				}
			}
		}
		d, err := w.device(ctx, role, wish, found, set, w.f.sits && !yes)
		if err != nil {
			return err
		}
		if d.Port == "" {
			w.say("  %s: none", role)
			continue
		}
		w.devices = append(w.devices, d)
		w.say("  %s: %s%s at %s", role, d.Profile, d.Driver, d.Port)
	}
	return nil
}

// shownAs is what a person reads of a thing that is plugged in.
func shownAs(f pos.Found) string {
	text := strings.TrimSpace(f.Maker + " " + f.Model)
	if text == "" {
		text = f.Node
	}
	text += " (" + string(f.Kind)
	if f.Vendor != "" {
		text += ", " + f.Vendor + ":" + f.Product
	}
	text += ")"
	if len(f.Matches) > 0 {
		text += ", " + f.Matches[0].Profile
	}
	if f.Twin {
		text += ", in socket " + f.Socket + "; another one like it is plugged in"
	}
	return text
}

// chooseDevice asks which thing has a role. What is recognised is offered.
func (w *wizard) chooseDevice(ctx context.Context, role pos.Role, found []pos.Found) (string, error) {
	offer := "none"
	if i := slices.IndexFunc(found, func(f pos.Found) bool { return f.Device == "" && matching(f, role) != "" }); i >= 0 {
		offer = strconv.Itoa(i + 1)
	}
	for {
		answer, err := w.line(ctx, fmt.Sprintf("Which is the %s? A number, none, or its port", role), offer)
		if err != nil || answer == "none" || strings.HasPrefix(answer, "/") || strings.HasPrefix(answer, "usb:") {
			return answer, err
		}
		if n, err := strconv.Atoi(answer); err == nil && n >= 1 && n <= len(found) {
			return found[n-1].Port, nil
		}
		w.say("  write a number from the list, none, or a port such as /dev/ttyUSB0")
	}
}

// matching is the profile of a role that fits best, or nothing.
func matching(f pos.Found, role pos.Role) string {
	for _, m := range f.Matches {
		if m.Role == role {
			return m.Profile
		}
	}
	return ""
}

// device makes a device of a wish: none, auto, or PORT[=PROFILE or DRIVER].
func (w *wizard) device(ctx context.Context, role pos.Role, wish string, found []pos.Found, set profiles.Set, ask bool) (Device, error) {
	d := Device{Name: string(role), Role: role}
	port, how, named := strings.Cut(wish, "=")
	switch port {
	case "none":
		return Device{}, nil
	case "auto":
		var fit []pos.Found
		for _, f := range found {
			if f.Device == "" && matching(f, role) != "" {
				fit = append(fit, f)
			}
		}
		if len(fit) != 1 {
			return Device{}, nil
		}
		port = fit[0].Port
	}
	d.Port = port
	kind := pos.PortSerial
	for i := range found {
		if ports.Is(found[i], port) {
			kind, found[i].Device = found[i].Kind, d.Name
			if !named {
				how = matching(found[i], role)
			}
		}
	}
	if how == "" {
		how = usual(role, kind)
		if ask {
			answer, err := w.line(ctx, "  Its profile (posd config profiles lists them) or its driver: "+strings.Join(w.known.Drivers[role], ", "), how)
			if err != nil {
				return Device{}, err
			}
			how = answer
		}
	}
	if _, ok := set.Find(how); ok {
		d.Profile = how
	} else {
		d.Driver = how
	}
	before := w.devices
	w.devices = append(slices.Clone(before), d)
	_, err := w.load(w.text())
	w.devices = before
	for _, f := range faultsOf(err) {
		if strings.HasPrefix(f.Key, "device[") {
			return Device{}, usage(fmt.Errorf("the %s at %s: %s", role, port, f))
		}
	}
	return d, nil
}

// usual is the driver of a role over a kind of port where no profile says more.
func usual(role pos.Role, kind pos.PortKind) string {
	switch {
	case role == pos.RoleDisplay:
		return "nextion"
	case role == pos.RolePrinter:
		return "escpos"
	case kind == pos.PortHID:
		return "hidpos"
	case kind == pos.PortKeys:
		return "evdev"
	}
	return "line"
}
