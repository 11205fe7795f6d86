package ports

import (
	"os"
	"path/filepath"
	"testing"
)

// tree is a machine of the test's own: a /sys and a /dev in a temporary folder.
type tree struct {
	t *testing.T
	Roots
}

func newTree(t *testing.T) tree {
	t.Helper()
	top, err := filepath.EvalSymlinks(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	m := tree{t, Roots{filepath.Join(top, "sys"), filepath.Join(top, "dev")}}
	m.folder(m.dev())
	for _, class := range classes() {
		m.folder(m.sys("class", class.name))
	}
	return m
}

func (m tree) must(err error) {
	m.t.Helper()
	if err != nil {
		m.t.Fatal(err)
	}
}

func (m tree) folder(dir string) string {
	m.t.Helper()
	m.must(os.MkdirAll(dir, 0o700))
	return dir
}

func (m tree) file(path, text string) {
	m.t.Helper()
	m.folder(filepath.Dir(path))
	m.must(os.WriteFile(path, []byte(text), 0o600))
}

// link points at a whole path, as udev does: relative to where the link lies.
func (m tree) link(path, to string) {
	m.t.Helper()
	from, err := filepath.Rel(m.folder(filepath.Dir(path)), to)
	m.must(err)
	m.must(os.Symlink(from, path))
}

// usb is a device in a socket.
type usb struct{ socket, vendor, product, serial, maker, model string }

// plug puts a USB device into its socket and gives its folder.
func (m tree) plug(u usb) string {
	m.t.Helper()
	dir := m.sys("devices/pci0000:00/usb1", u.socket)
	for name, text := range map[string]string{"idVendor": u.vendor, "idProduct": u.product, "serial": u.serial, "manufacturer": u.maker, "product": u.model, "power/control": "on"} {
		if text != "" {
			m.file(filepath.Join(dir, name), text+"\n")
		}
	}
	return dir
}

// face adds an interface with a driver of the kernel's to a device.
func (m tree) face(device, number, driver string) string {
	m.t.Helper()
	dir := filepath.Join(device, filepath.Base(device)+":1."+number)
	m.file(filepath.Join(dir, "bInterfaceNumber"), "0"+number+"\n")
	m.link(filepath.Join(dir, "driver"), m.folder(m.sys("bus/usb/drivers", driver)))
	return dir
}

// acm makes a serial line of an interface, with udev's links; byID may be empty.
func (m tree) acm(face, name, byID, byPath string) string {
	m.t.Helper()
	at := m.folder(filepath.Join(face, "tty", name))
	m.link(filepath.Join(at, "device"), face)
	m.link(m.sys("class/tty", name), at)
	return m.node(name, byID, byPath)
}

// node makes the file and its links below /dev.
func (m tree) node(name, byID, byPath string) string {
	m.t.Helper()
	m.file(m.dev(name), "")
	if byID != "" {
		m.link(m.dev("serial/by-id", byID), m.dev(name))
	}
	if byPath != "" {
		m.link(m.dev("serial/by-path", byPath), m.dev(name))
	}
	return m.dev(name)
}

// hidraw makes a HID node of an interface.
func (m tree) hidraw(face, name, id, title string, descriptor []byte) string {
	m.t.Helper()
	at := m.folder(filepath.Join(face, "0003:"+id+".0001"))
	m.file(filepath.Join(at, "uevent"), "DRIVER=hid-generic\nHID_ID="+title+"\nHID_UNIQ=\n")
	m.file(filepath.Join(at, "report_descriptor"), string(descriptor))
	raw := m.folder(filepath.Join(at, "hidraw", name))
	m.link(filepath.Join(raw, "device"), at)
	m.link(m.sys("class/hidraw", name), raw)
	m.file(m.dev(name), "")
	return m.dev(name)
}
