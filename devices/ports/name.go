package ports

import (
	"errors"
	"fmt"
	"path/filepath"
	"regexp"
	"slices"
	"strings"

	"posd/pos"
)

// Errors about a name for which no one port is there.
var (
	ErrAbsent  = errors.New("nothing like it is plugged in: is the cable in?")
	ErrSeveral = errors.New("several devices fit")
)

// shape is a name of our own: usb:VID:PID, then the serial number, then where it is plugged in. It serves
// where udev makes no link, as for HID devices and printers.
var shape = regexp.MustCompile(`^usb:([0-9a-fA-F]{4}):([0-9a-fA-F]{4})(?::([^:@/\s]{1,126}))?(?:@([0-9][0-9.-]*(?::[0-9.]+)?|:[0-9.]+))?$`)

// IsName reports whether a port is written as such a name and not as a path.
func IsName(port string) bool { return shape.MatchString(port) }

// Resolve gives the node behind a port as the configuration has it now. A path is itself. A name that fits
// several ports chooses none of them: taking the wrong one of two scanners would be worse than saying so.
// Without kinds, any kind fits.
func Resolve(r Roots, port string, kinds ...pos.PortKind) (string, error) {
	if !strings.HasPrefix(port, "usb:") {
		return port, nil
	}
	if !IsName(port) {
		return "", fmt.Errorf("%s: is no name of a port; such a name is usb:0c2e:0b6a, usb:0c2e:0b6a:SERIAL or usb:0c2e:0b6a@1-1.2", port)
	}
	var fit []pos.Found
	for _, f := range List(r) {
		if (len(kinds) == 0 || slices.Contains(kinds, f.Kind)) && fits(f, port) {
			fit = append(fit, f)
		}
	}
	switch len(fit) {
	case 0:
		return "", fmt.Errorf("%s: %w", port, ErrAbsent)
	case 1:
		return fit[0].Node, nil
	}
	var names []string
	for _, f := range fit[:min(len(fit), 4)] {
		names = append(names, f.Port)
	}
	return "", fmt.Errorf("%s: %w; name one of them: %s", port, ErrSeveral, strings.Join(names, ", "))
}

// Is reports whether a port as the configuration has it leads to what was found, by whichever of its names.
func Is(f pos.Found, port string) bool {
	if port == "" {
		return false
	}
	if strings.HasPrefix(port, "usb:") {
		return fits(f, port)
	}
	if port == f.Node || port == f.ByID || port == f.ByPath || port == f.Port {
		return true
	}
	to, err := filepath.EvalSymlinks(port) // a link of the technician's own
	return err == nil && to == f.Node
}

// fits holds what was found against a name.
func fits(f pos.Found, name string) bool {
	parts := shape.FindStringSubmatch(name)
	if parts == nil || !strings.EqualFold(parts[1], f.Vendor) || !strings.EqualFold(parts[2], f.Product) {
		return false
	}
	if parts[3] != "" && parts[3] != f.Serial {
		return false
	}
	switch where := parts[4]; {
	case where == "":
		return true
	case where[0] == ':':
		return strings.HasSuffix(f.Interface, where)
	default:
		return where == f.Socket || where == f.Interface
	}
}

// alike reports whether nothing but where they are plugged in tells two ports apart.
func alike(a, b pos.Found) bool {
	return a.Kind == b.Kind && a.Vendor != "" && a.Vendor == b.Vendor && a.Product == b.Product && a.Serial == b.Serial &&
		place(a) == place(b)
}

// place is the interface within its device: ":1.0".
func place(f pos.Found) string {
	if i := strings.LastIndexByte(f.Interface, ':'); i >= 0 {
		return f.Interface[i:]
	}
	return ""
}

// lasting is the name to write into a configuration. A device with a serial number of its own keeps its name
// wherever it is plugged in; one without is known by its socket, because a second one like it may come.
func lasting(list []pos.Found, f pos.Found) string {
	own := f.Serial != "" && !f.Twin
	switch {
	case own && f.ByID != "":
		return f.ByID
	case !own && f.ByPath != "":
		return f.ByPath
	case f.Vendor == "":
		return f.Node // a port of the board: it stays where it is
	}
	name := "usb:" + f.Vendor + ":" + f.Product
	brothers := 0 // ports of the same kind on the same device
	for _, o := range list {
		if o.Kind == f.Kind && o.Socket == f.Socket && f.Socket != "" {
			brothers++
		}
	}
	where := ""
	if named := name + ":" + f.Serial; own && fits(f, named) {
		name = named
		if brothers > 1 {
			where = place(f)
		}
	} else if where = f.Socket; brothers > 1 {
		where = f.Interface
	}
	if where != "" {
		name += "@" + where
	}
	// A maker may write rubbish where four hex digits belong, and what is not on USB has no socket.
	if !fits(f, name) || slices.ContainsFunc(list, func(o pos.Found) bool { return o.Node != f.Node && o.Kind == f.Kind && fits(o, name) }) {
		return f.Node
	}
	return name
}
