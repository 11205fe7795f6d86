package ports

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"posd/pos"
)

// counter is a desk with everything on it: a scanner with a serial number, two equal ones without, a display
// behind a chip in its cable, a scanner that speaks HID, one that types, the cashier's keyboard, a mouse and a printer.
func counter(t *testing.T) tree {
	m := newTree(t)
	honeywell := m.plug(usb{"1-1", "0C2E", "0B6A", "20123A0042", "Honeywell Imaging & Mobility", "Vuquest 3310"})
	m.acm(m.face(honeywell, "0", "cdc_acm"), "ttyACM0", "usb-Honeywell_Vuquest_20123A0042-if00", "pci-0000:00:14.0-usb-0:1:1.0")
	// Two of a kind: udev has one by-id name for both, and the last one has it.
	for i, socket := range []string{"1-2.1", "1-2.2"} {
		name, byID := fmt.Sprintf("ttyACM%d", i+1), ""
		if i == 1 {
			byID = "usb-Newland_NLS-FM3080-if00"
		}
		m.acm(m.face(m.plug(usb{socket, "1eab", "8206", "", "Newland", "NLS-FM3080"}), "0", "cdc_acm"), name, byID, "pci-0000:00:14.0-usb-0:"+socket[2:]+":1.0")
	}
	// A chip in a cable: the line's own folder lies below the interface and has the driver.
	ftdi := m.plug(usb{"1-3", "0403", "6001", "A50285BI", "FTDI", "FT232R USB UART"})
	port := m.folder(filepath.Join(m.face(ftdi, "0", "ftdi_sio"), "ttyUSB0"))
	m.link(filepath.Join(port, "driver"), m.folder(m.sys("bus/usb-serial/drivers/ftdi_sio")))
	m.link(filepath.Join(m.folder(filepath.Join(port, "tty/ttyUSB0")), "device"), port)
	m.link(m.sys("class/tty/ttyUSB0"), filepath.Join(port, "tty/ttyUSB0"))
	m.node("ttyUSB0", "usb-FTDI_FT232R_USB_UART_A50285BI-if00-port0", "pci-0000:00:14.0-usb-0:3:1.0-port0")
	// HID: two interfaces of one device.
	xenon := m.plug(usb{"1-4", "0c2e", "1007", "", "Honeywell", "Xenon"})
	m.file(filepath.Join(xenon, "power/control"), "auto\n")
	m.hidraw(m.face(xenon, "0", "usbhid"), "hidraw0", "0C2E:1007", "0003:00000C2E:00001007", []byte{0x05, 0x8c, 0x09, 0x02, 0xa1, 0x01})
	m.hidraw(m.face(xenon, "1", "usbhid"), "hidraw1", "0C2E:1007", "0003:00000C2E:00001007", []byte{0x06, 0x8c, 0xff, 0x09, 0x01})
	// Input: a scanner that types, and a mouse, which cannot.
	wedge := m.face(m.plug(usb{"1-5", "05e0", "1200", "S/N:1@2", "Symbol", "Bar Code Scanner"}), "0", "usbhid")
	m.event(wedge, "input7", "event3", "1000000000007 ff9f207ac14057ff febeffdfffefffff fffffffffffffffe")
	m.event(m.face(m.plug(usb{"1-6", "046d", "c077", "", "Logitech", "Mouse"}), "0", "usbhid"), "input8", "event4", "ff0000 0 0 0 0")
	// A printer.
	star := m.face(m.plug(usb{"1-7", "04b8", "0e03", "J5NF", "EPSON", "TM-m30"}), "0", "usblp")
	m.link(filepath.Join(m.folder(filepath.Join(star, "usbmisc/lp0")), "device"), star)
	m.link(m.sys("class/usbmisc/lp0"), filepath.Join(star, "usbmisc/lp0"))
	// The board: one real serial port, one that is only in the kernel's table, and the kernel's own terminals.
	for name, kind := range map[string]string{"ttyS0": "4", "ttyS1": "0"} {
		board := m.folder(m.sys("devices/platform/serial8250/tty", name))
		m.file(filepath.Join(board, "type"), kind+"\n")
		m.link(filepath.Join(board, "device"), m.sys("devices/platform/serial8250"))
		m.link(m.sys("class/tty", name), board)
	}
	m.folder(m.sys("class/tty/tty0"))
	m.folder(m.sys("class/tty/ptmx"))
	return m
}

// event makes an input node of an interface that has these keys.
func (m tree) event(face, input, name, keys string) {
	at := filepath.Join(face, "input", input)
	m.file(filepath.Join(at, "capabilities/key"), keys+"\n")
	m.link(filepath.Join(m.folder(filepath.Join(at, name)), "device"), at)
	m.link(m.sys("class/input", name), filepath.Join(at, name))
	m.link(m.sys("class/input", input), at)
}

// A technician plugs everything in and reads what is there, each with a name that will still be its own tomorrow.
func TestWhatIsPluggedIn(t *testing.T) {
	m := counter(t)
	var got []string
	for _, f := range List(m.Roots) {
		words := []string{string(f.Kind), strings.TrimPrefix(f.Node, m.dev()+"/"), f.Vendor + ":" + f.Product, f.Serial, f.Model, f.Driver, f.Speaks,
			strings.TrimPrefix(f.Port, m.dev()+"/")}
		if f.Twin {
			words = append(words, "twin")
		}
		if f.Sleeps {
			words = append(words, "sleeps")
		}
		got = append(got, strings.Join(words, "|"))
	}
	want := []string{
		"serial|ttyACM0|0c2e:0b6a|20123A0042|Vuquest 3310|cdc_acm||serial/by-id/usb-Honeywell_Vuquest_20123A0042-if00",
		"serial|ttyACM1|1eab:8206||NLS-FM3080|cdc_acm||serial/by-path/pci-0000:00:14.0-usb-0:2.1:1.0|twin",
		"serial|ttyACM2|1eab:8206||NLS-FM3080|cdc_acm||serial/by-path/pci-0000:00:14.0-usb-0:2.2:1.0|twin",
		"serial|ttyS0|:||||" + "|ttyS0",
		"serial|ttyUSB0|0403:6001|A50285BI|FT232R USB UART|ftdi_sio||serial/by-id/usb-FTDI_FT232R_USB_UART_A50285BI-if00-port0",
		"hid|hidraw0|0c2e:1007||Xenon|usbhid|pos|usb:0c2e:1007@1-4:1.0|sleeps",
		"hid|hidraw1|0c2e:1007||Xenon|usbhid||usb:0c2e:1007@1-4:1.1|sleeps",
		"keys|input/event3|05e0:1200|S/N:1@2|Bar Code Scanner|usbhid||usb:05e0:1200@1-5",
		"printer|usb/lp0|04b8:0e03|J5NF|TM-m30|usblp||usb:04b8:0e03:J5NF",
	}
	if !slices.Equal(got, want) {
		t.Errorf("got\n%s\nwant\n%s", strings.Join(got, "\n"), strings.Join(want, "\n"))
	}
	for _, f := range List(m.Roots) { // the name that is handed out leads back, alone
		node, err := Resolve(m.Roots, f.Port, f.Kind)
		if strings.HasPrefix(f.Port, "usb:") && (err != nil || node != f.Node) {
			t.Errorf("%s leads to %q, %v", f.Port, node, err)
		}
		if !Is(f, f.Port) || !Is(f, f.Node) || Is(f, "") || Is(f, "/dev/null") {
			t.Errorf("%s does not know its own names", f.Node)
		}
	}
}

// A scanner is pulled and comes back under another number, in another socket: its name leads to it all the same.
func TestANameSurvivesRenumbering(t *testing.T) {
	m := newTree(t)
	scanner := usb{"1-1", "0c2e", "0b6a", "42", "Honeywell", "Vuquest"}
	m.acm(m.face(m.plug(scanner), "0", "cdc_acm"), "ttyACM0", "", "")
	name := List(m.Roots)[0].Port
	if node, err := Resolve(m.Roots, name); err != nil || node != m.dev("ttyACM0") {
		t.Fatal(name, node, err)
	}
	m.must(errors.Join(os.RemoveAll(m.sys()), os.Remove(m.dev("ttyACM0"))))
	if _, err := Resolve(m.Roots, name); !errors.Is(err, ErrAbsent) {
		t.Errorf("pulled: %v", err)
	}
	m.folder(m.sys("class/tty"))
	scanner.socket = "1-2"
	m.acm(m.face(m.plug(scanner), "0", "cdc_acm"), "ttyACM7", "", "")
	if node, err := Resolve(m.Roots, name); err != nil || node != m.dev("ttyACM7") {
		t.Errorf("back: %s %s %v", name, node, err)
	}
}

// Two equal scanners: a name that fits both chooses neither, and says how to tell them apart.
func TestTwoOfAKind(t *testing.T) {
	m := counter(t)
	for name, want := range map[string]string{
		"usb:1EAB:8206@1-2.1":     "ttyACM1",
		"usb:1eab:8206@1-2.2:1.0": "ttyACM2",
		"usb:0c2e:1007@:1.1":      "hidraw1",
		"usb:04b8:0e03":           "usb/lp0",
		"/dev/somewhere":          "",
	} {
		node, err := Resolve(m.Roots, name)
		if want == "" {
			want = name
		} else {
			want = m.dev(want)
		}
		if err != nil || node != want {
			t.Errorf("%s: %s, %v", name, node, err)
		}
	}
	_, err := Resolve(m.Roots, "usb:1eab:8206")
	if !errors.Is(err, ErrSeveral) || !strings.Contains(err.Error(), "by-path/pci-0000:00:14.0-usb-0:2.1:1.0") {
		t.Errorf("both: %v", err)
	}
	if _, err := Resolve(m.Roots, "usb:04b8:0e03", pos.PortSerial); !errors.Is(err, ErrAbsent) {
		t.Errorf("a printer is no serial line: %v", err)
	}
	for _, bad := range []string{"usb:", "usb:12:34", "usb:0c2e:0b6a:a b", "usb:0c2e:0b6a@../x", "usb:0c2e:0b6a:1:2"} {
		if _, err := Resolve(m.Roots, bad); err == nil || IsName(bad) {
			t.Errorf("%s is taken for a name", bad)
		}
	}
}

// A machine without any of it has nothing plugged in, and says no more.
func TestNothingThere(t *testing.T) {
	if got := List(Roots{t.TempDir(), t.TempDir()}); len(got) != 0 {
		t.Error(got)
	}
	if got := List(Roots{filepath.Join(t.TempDir(), "none"), "/none"}); len(got) != 0 {
		t.Error(got)
	}
	List(Roots{}) // this machine, whatever it has
}

// Whatever a maker writes into its strings, they move nobody's cursor, and the name that is handed out fits that
// one port alone, also beside a twin and beside a second interface.
func FuzzNames(f *testing.F) {
	f.Add("20123A0042", "0c2e", "0b6a", "1-1")
	f.Add("S/N:1@2", "ffff", "0000", "1-1.4")
	f.Add("\x1b[2J\r\n", "zzzz", "", "")
	f.Fuzz(func(t *testing.T, serial, vendor, product, socket string) {
		serial, vendor, product = printable(serial), printable(vendor), printable(product)
		if strings.ContainsFunc(serial+vendor+product, func(r rune) bool { return r < ' ' || r == 0x7f }) {
			t.Fatalf("%q moves a cursor", serial+vendor+product)
		}
		one := pos.Found{Kind: pos.PortHID, Node: "/dev/hidraw0", Vendor: vendor, Product: product, Serial: serial, Socket: socket, Interface: socket + ":1.0"}
		second, twin := one, one
		second.Node, second.Interface = "/dev/hidraw1", socket+":1.1"
		twin.Node, twin.Socket, twin.Interface = "/dev/hidraw2", socket+".7", socket+".7:1.0"
		for _, list := range [][]pos.Found{{one}, {one, second}, {one, twin}, {one, second, twin}} {
			for i := range list {
				list[i].Twin = slices.ContainsFunc(list, func(o pos.Found) bool { return alike(o, list[i]) && o.Node != list[i].Node })
			}
			name := lasting(list, list[0])
			for i, p := range list {
				if IsName(name) && fits(p, name) != (i == 0) {
					t.Errorf("%q of %+v fits %+v", name, list[0], p)
				}
			}
			if !IsName(name) && name != list[0].Node {
				t.Errorf("%q is no name", name)
			}
		}
	})
}
