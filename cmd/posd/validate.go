package main

import (
	"fmt"
	"net"
	"net/netip"
	"net/url"
	"path/filepath"
	"regexp"
	"runtime"
	"slices"
	"strconv"
	"strings"
	"time"

	"posd/devices"
	"posd/devices/ports"
	"posd/pos"
)

// Limits of what a configuration may say.
const (
	mostHold       = 40 * time.Second // a payment code rotates at a moment we do not know
	mostUnfinished = 200
	mostDevices    = 16
	mostCopies     = 1000
	mostStore      = 40 // columns of the customer display
)

var (
	shapeRegister = regexp.MustCompile(`^[0-9A-Za-z-]{1,14}$`)
	shapeDevice   = regexp.MustCompile(`^[0-9A-Za-z][0-9A-Za-z_-]{0,31}$`)
	shapeCutoff   = regexp.MustCompile(`^([01][0-9]|2[0-3]):([0-5][0-9])$`)
	shapeCOM      = regexp.MustCompile(`^(\\\\\.\\)?COM[0-9]{1,3}$`)
)

// bauds are the speeds that serial adapters agree on.
var bauds = []int{1200, 2400, 4800, 9600, 19200, 38400, 57600, 115200, 230400, 460800, 921600}

// checker collects what is wrong, one fault a key: where the decoder already said something, a second
// sentence would only repeat it.
type checker struct {
	known  Faults
	faults Faults
}

func (c *checker) fault(key string, value any, why, remedy string) {
	section, _, _ := strings.Cut(key, ".")
	if !c.known.has(key) && !c.known.has(section) && !c.faults.has(key) {
		c.faults = append(c.faults, Fault{Key: key, Value: shown(key, value), Why: why, Remedy: remedy})
	}
}

// validate holds the values against what a register can be. It fills in the calendar.
func validate(cfg *Config, k known, s secrets, before Faults) Faults {
	c := &checker{known: before}
	c.identity(cfg, k)
	c.places(cfg)
	c.acquirer(cfg.Acquirer, k, s)
	if n := cfg.Limits.Unfinished; n < 1 || n > mostUnfinished {
		c.fault("limits.unfinished", n, "is out of range", fmt.Sprintf("write 1 to %d", mostUnfinished))
	}
	c.backup(&cfg.Backup)
	c.devices(cfg, k)
	return c.faults
}

// clock reads HH:MM.
func clock(text string) (time.Duration, bool) {
	parts := shapeCutoff.FindStringSubmatch(text)
	if parts == nil {
		return 0, false
	}
	hours, _ := strconv.Atoi(parts[1])
	minutes, _ := strconv.Atoi(parts[2])
	return time.Duration(hours)*time.Hour + time.Duration(minutes)*time.Minute, true
}

func (c *checker) backup(b *Backup) {
	if b.Folder != "" && !filepath.IsAbs(b.Folder) {
		c.fault("backup.folder", b.Folder, "is not a whole path", `write it from the root, or "" for the folder backup among the data`)
	}
	after, ok := clock(b.At)
	if b.after = after; !ok {
		c.fault("backup.at", b.At, "is not a time of day", `write HH:MM from "00:00" to "23:59"`)
	}
	if b.Keep < 1 || b.Keep > mostCopies {
		c.fault("backup.keep", b.Keep, "is out of range", fmt.Sprintf("write 1 to %d", mostCopies))
	}
}

func (c *checker) identity(cfg *Config, k known) {
	switch store := cfg.Store; {
	case store == "":
		c.fault("store", nil, "is not set", `write the store's short name, such as "NYC5AV"`)
	case len([]rune(store)) > mostStore || strings.ContainsFunc(store, func(r rune) bool { return r < ' ' || r == 0x7f }):
		c.fault("store", store, "does not fit a line of the customer display", fmt.Sprintf("write at most %d printable characters", mostStore))
	}
	switch {
	case cfg.Register == "":
		c.fault("register", nil, "is not set", `write this register's own name, such as "NYC5AV-03"`)
	case !shapeRegister.MatchString(cfg.Register):
		c.fault("register", cfg.Register, "does not fit a payment reference", "write 1 to 14 of 0-9 A-Z a-z and -")
	}
	zone, err := time.LoadLocation(cfg.Timezone)
	switch {
	case cfg.Timezone == "":
		c.fault("timezone", nil, "is not set", `write the store's time zone, such as "America/New_York"`)
	case err != nil || cfg.Timezone == "Local":
		c.fault("timezone", cfg.Timezone, "is not a known time zone", `write an IANA name, such as "America/New_York"`)
	}
	cutoff, ok := clock(cfg.DayCutoff)
	if cfg.calendar = (pos.Calendar{Zone: zone, Cutoff: cutoff}); !ok {
		c.fault("day_cutoff", cfg.DayCutoff, "is not a time of day", `write HH:MM from "00:00" to "23:59"`)
	}
	if _, err := pos.ParseCurrency(string(cfg.Currency)); cfg.Currency == "" {
		c.fault("currency", nil, "is not set", `write the currency of the till, such as "USD"`)
	} else if err != nil {
		c.fault("currency", string(cfg.Currency), "is not a currency code", `write three capital letters, such as "USD"`)
	}
	spoken := strings.Join(k.Languages, ", ")
	if len(cfg.Languages) != 2 {
		c.fault("languages", nil, fmt.Sprintf("has %d languages", len(cfg.Languages)), "write two: the cashier's, then the shopper's, of "+spoken)
	}
	for _, l := range cfg.Languages {
		if !slices.Contains(k.Languages, l) {
			c.fault("languages", l, "is not spoken by this register", "write two of "+spoken)
		}
	}
}

func (c *checker) places(cfg *Config) {
	if !filepath.IsAbs(cfg.Data) {
		c.fault("data", cfg.Data, "is not a whole path", `write it from the root, such as "/var/lib/posd"`)
	}
	if cfg.Profiles != "" && !filepath.IsAbs(cfg.Profiles) {
		c.fault("profiles", cfg.Profiles, "is not a whole path", `write it from the root, or "" for the folder profiles among the data`)
	}
	host, port, err := net.SplitHostPort(cfg.Listen)
	n, numErr := strconv.Atoi(port)
	switch {
	case err != nil || numErr != nil || n < 1 || n > 65535:
		c.fault("listen", cfg.Listen, "is not an address and a port", `write "127.0.0.1:17080"`)
	case host != "127.0.0.1" && host != "::1":
		c.fault("listen", cfg.Listen, "is not loopback: the network could reach the register", `write "127.0.0.1:`+port+`" or "[::1]:`+port+`"`)
	}
}

func (c *checker) acquirer(a Acquirer, k known, s secrets) {
	if !slices.Contains(k.Dialects, a.Dialect) {
		c.fault("acquirer.dialect", a.Dialect, "is not a dialect that this register speaks", "write one of: "+strings.Join(k.Dialects, ", "))
	}
	c.address(a.URL)
	switch {
	case a.TokenFile == "":
		c.fault("acquirer.token_file", nil, "is not set", `write the path of the file with the acquirer's token, such as "/etc/posd/citcon.token"`)
	case !filepath.IsAbs(a.TokenFile):
		c.fault("acquirer.token_file", s.written, "is not a whole path, and systemd hands over no credentials here", `write it from the root, such as "/etc/posd/citcon.token"`)
	default:
		if why, remedy := secretFault(a.TokenFile, s.credentials); why != "" {
			c.fault("acquirer.token_file", s.written, why, remedy)
		}
	}
	if a.CAFile != "" {
		if _, err := rootsOf(a.CAFile); err != nil {
			c.fault("acquirer.ca_file", a.CAFile, err.Error(), `name a file of PEM certificates by its whole path, or write "" for the system's`)
		}
	}
	if a.Hold < 0 || a.Hold > mostHold {
		c.fault("acquirer.hold", a.Hold.String(), "is out of range: a payment code is dead by then", `write "0s" to "40s"`)
	}
}

// address takes https anywhere, and http where nobody can listen in.
func (c *checker) address(text string) {
	const key, such = "acquirer.url", `such as "https://citconpay.com/posp/rest/"`
	if text == "" {
		c.fault(key, nil, "is not set", "write the acquirer's address, "+such)
		return
	}
	u, err := url.Parse(text)
	switch {
	case err != nil || u.Host == "" || u.Hostname() == "" || (u.Scheme != "https" && u.Scheme != "http"):
		c.fault(key, text, "is not an address", "write one that begins with https://, "+such)
	case u.User != nil || u.RawQuery != "" || u.ForceQuery || u.Fragment != "":
		c.fault(key, text, "carries more than an address", "write scheme, host and path only; the token has a file of its own")
	case u.Scheme == "http" && !loopback(u.Hostname()):
		c.fault(key, text, "would send payment codes in clear", "write https://; http is for loopback only")
	}
}

// loopback reports whether a host is this machine itself.
func loopback(host string) bool {
	if host == "localhost" {
		return true
	}
	ip, err := netip.ParseAddr(host)
	return err == nil && ip.IsLoopback()
}

func (c *checker) devices(cfg *Config, k known) {
	devices := cfg.Devices
	if len(devices) > mostDevices {
		c.fault("device", nil, fmt.Sprintf("%d devices stand here", len(devices)), fmt.Sprintf("keep at most %d", mostDevices))
	}
	names, taken := map[string]bool{}, map[string]string{}
	for i, d := range devices {
		key := func(k string) string { return deviceKey(i, d.Name, k) }
		switch {
		case d.Name == "":
			c.fault(key("name"), nil, "is not set", `write a name of its own, such as "scanner"`)
		case !shapeDevice.MatchString(d.Name):
			c.fault(key("name"), d.Name, "is not a device name", "write 1 to 32 of 0-9 A-Z a-z _ and -")
		case names[d.Name]:
			c.fault(key("name"), d.Name, "names two devices", "give each device a name of its own")
		}
		names[d.Name] = true
		drivers, ok := k.Drivers[d.Role]
		product, found := cfg.products.set.Find(d.Profile)
		switch {
		case d.Profile != "" && !found:
			c.fault(key("profile"), d.Profile, "is not a profile"+meant(d.Profile, cfg.products.set.Names()), "posd config profiles lists them")
			continue
		case found && d.Role != product.Role:
			c.fault(key("profile"), d.Profile, "is the profile of a "+string(product.Role), "correct one of the two")
			continue
		}
		switch {
		case !ok && !slices.Contains([]pos.Role{pos.RoleScanner, pos.RoleDisplay, pos.RolePrinter}, d.Role):
			c.fault(key("role"), string(d.Role), "is not a role", "write scanner, display or printer")
		case len(drivers) == 0:
			c.fault(key("role"), string(d.Role), "is a role that this version has no driver for", "remove the device")
		case !slices.Contains(drivers, d.Driver):
			c.fault(key("driver"), d.Driver, "is not a driver for a "+string(d.Role), "write one of: "+strings.Join(drivers, ", "))
		default:
			if err := k.fits(cfg.device(d)); err != nil {
				c.fault(key("driver"), d.Driver, err.Error(), "correct its profile, its driver or its baud")
			}
		}
		switch {
		case !filepath.IsAbs(d.Port) && !ports.IsName(d.Port) && (runtime.GOOS != "windows" || !shapeCOM.MatchString(d.Port)):
			c.fault(key("port"), d.Port, "is not the path of a port", `write it whole, such as "/dev/serial/by-id/..." or "/dev/ttyUSB0"`)
		case wrongKind(d.Driver, d.Port) != "":
			c.fault(key("port"), d.Port, "is no port for driver "+d.Driver, "name "+wrongKind(d.Driver, d.Port))
		case taken[d.Port] != "":
			c.fault(key("port"), d.Port, "is the port of "+taken[d.Port]+" too", "give each device a port of its own")
		}
		taken[d.Port] = d.Name
		if !slices.Contains(bauds, d.Baud) {
			c.fault(key("baud"), d.Baud, "is not a speed of a serial line", "write 9600, 19200, 38400, 57600, 115200 or what the device's manual says")
		}
	}
}

// wrongKind is what a driver's port looks like, when this one is certainly of another kind: the same scanner
// stands elsewhere below /dev in each of its modes.
func wrongKind(driver, port string) string {
	kinds := map[pos.PortKind]struct{ such, prefix string }{
		pos.PortHID:    {"its /dev/hidraw node, or usb:VID:PID", "/dev/hidraw"},
		pos.PortKeys:   {"its /dev/input/event node, or usb:VID:PID", "/dev/input/"},
		pos.PortSerial: {`a serial line, such as "/dev/serial/by-id/..." or "/dev/ttyACM0"`, "/dev/tty"},
	}
	for kind, is := range kinds {
		other := strings.HasPrefix(port, is.prefix) || kind == pos.PortSerial && strings.HasPrefix(port, "/dev/serial/")
		if carriers := devices.Carriers(driver); other && !slices.Contains(carriers, kind) {
			return kinds[carriers[0]].such
		}
	}
	return ""
}
