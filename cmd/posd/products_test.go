package main

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"posd/configs"
	"posd/devices"
	"posd/pos"
)

// counter is a configuration whose data lie in a folder of their own, with these devices.
func counter(t *testing.T, text string) (config, own string) {
	t.Helper()
	data := t.TempDir()
	own = filepath.Join(data, "profiles")
	if err := os.Mkdir(own, 0o700); err != nil {
		t.Fatal(err)
	}
	base := strings.Replace(whole(t), `"/var/lib/posd"`, fmt.Sprintf("%q", data), 1)
	return base[:strings.Index(base, "[[device]]")] + text, own
}

// A device that names its product needs no more than a port; what is written beside it wins. A product that came
// into being after the register needs a file.
func TestDevicesByProfile(t *testing.T) {
	text, own := counter(t, `
[[device]]
name = "scanner"
profile = "honeywell-1900"
port = "/dev/ttyACM0"

[[device]]
name = "display"
profile = "acme-glass"
port = "/dev/ttyUSB0"

[[device]]
name = "other"
profile = "acme-glass"
port = "/dev/ttyUSB1"
driver = "text"
baud = 19200
`)
	write(t, filepath.Join(own, "acme-glass.toml"), 0o644, `name = "acme-glass"
maker = "Acme"
model = "Glass"
role = "display"
driver = "nextion"
baud = 115200
source = "its manual"
`)
	l, err := load(t, text)
	if err != nil {
		t.Fatal(err)
	}
	for i, want := range []devices.Config{
		{Name: "scanner", Role: pos.RoleScanner, Driver: "line", Port: "/dev/ttyACM0", Baud: 9600},
		{Name: "display", Role: pos.RoleDisplay, Driver: "nextion", Port: "/dev/ttyUSB0", Baud: 115200},
		{Name: "other", Role: pos.RoleDisplay, Driver: "text", Port: "/dev/ttyUSB1", Baud: 19200},
	} {
		if got := l.desk()[i]; got.Name != want.Name || got.Role != want.Role || got.Driver != want.Driver || got.Port != want.Port || got.Baud != want.Baud {
			t.Errorf("got  %+v\nwant %+v", got, want)
		}
	}

	write(t, filepath.Join(own, "nextion-35.toml"), 0o644, `name = "nextion-35"
speed = 9600
`)
	_, err = load(t, text)
	var faults Faults
	if !errors.As(err, &faults) || !strings.Contains(err.Error(), filepath.Join(own, "nextion-35.toml")+":2: speed: is not a key of a profile") {
		t.Errorf("a faulty profile that no device uses: %v", err)
	}
}

// Scanners of every kind stand in a configuration, by their product or by their driver.
func TestScannersOfEveryKind(t *testing.T) {
	text, _ := counter(t, `
[[device]]
name = "reports"
profile = "honeywell-3310"
port = "/dev/hidraw0"

[[device]]
name = "keys"
role = "scanner"
driver = "evdev"
port = "/dev/input/by-id/usb-Acme_Scanner-event-kbd"

[[device]]
name = "packets"
role = "scanner"
driver = "ssi"
port = "/dev/ttyS0"

[[device]]
name = "waiting"
profile = "honeywell-1900-ack"
port = "usb:0c2e:0720@1-1.2"
`)
	l, err := load(t, text)
	if err != nil {
		t.Fatal(err)
	}
	for i, want := range []string{"hidpos", "evdev", "ssi", "line"} {
		if got := l.desk()[i]; got.Driver != want {
			t.Errorf("%s is driven by %s", got.Name, got.Driver)
		}
	}
	if got := l.desk(); len(got[0].Scanner.Feature) != 2 || !got[3].Scanner.Ack || len(got[3].Scanner.Setup) != 1 {
		t.Errorf("%+v", got)
	}
}

// Every shipped profile is one that this desk can drive.
func TestShippedProfiles(t *testing.T) {
	k := known{Profiles: configs.Profiles(), Fits: devices.Fits}
	p := openProducts("", t.TempDir(), k)
	if len(p.faults) > 0 || len(p.set.All()) == 0 {
		t.Error(p.faults)
	}
	if got := posd(t, "config", "profiles"); got.code != 0 || !strings.Contains(got.out, "honeywell-1900") || got.errout != "" {
		t.Errorf("%+v", got)
	}
	if got := posd(t, "config", "profiles", "--json"); got.code != 0 || !strings.Contains(got.out, `"vid"`) && !strings.Contains(got.out, `"usb"`) {
		t.Errorf("%+v", got)
	}
}
