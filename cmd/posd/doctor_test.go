package main

import (
	"context"
	"encoding/json"
	"encoding/pem"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"posd/devices/ports"
	"posd/pos"
	"posd/pos/words"
	"posd/store"
)

func discard() *slog.Logger { return slog.New(slog.DiscardHandler) }

// healthy is a doctor on a machine where nothing is wrong.
func healthy(t *testing.T) *doctor {
	t.Helper()
	file, data := sound(t)
	l, err := loadConfig(file, nil, able())
	if err != nil {
		t.Fatal(err)
	}
	if err := os.Mkdir(data, 0o700); err != nil {
		t.Fatal(err)
	}
	acquirer := httptest.NewTLSServer(http.NotFoundHandler())
	t.Cleanup(acquirer.Close)
	acquirer.Config.ErrorLog = slog.NewLogLogger(slog.DiscardHandler, slog.LevelError)
	roots := filepath.Join(filepath.Dir(file), "roots.pem")
	write(t, roots, 0o600, string(pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: acquirer.Certificate().Raw})))
	l.Acquirer.URL, l.Acquirer.CAFile = acquirer.URL+"/posp/rest/", roots
	l.Listen = "127.0.0.1:1"
	l.Devices = []Device{{Name: "scanner", Role: pos.RoleScanner, Driver: "line", Port: os.DevNull, Baud: 9600}, {Name: "display", Role: pos.RoleDisplay, Driver: "text", Port: os.DevNull, Baud: 9600}}
	machine := ports.Roots{Sys: filepath.Join(filepath.Dir(file), "sys"), Dev: filepath.Join(filepath.Dir(file), "dev")}
	return &doctor{cfg: l.Config, parts: parts{roots: machine, verify: verify, waiting: store.Waiting, copies: func(string) (time.Time, error) { return time.Now(), nil }, signIn: func(context.Context, Config) error { return nil }},
		now: time.Now(), user: "posd", memberOf: []string{"posd"}, proc: filepath.Join(filepath.Dir(file), "proc"), rules: []string{filepath.Join(filepath.Dir(file), "rules")},
		mayOpen: func(string) bool { return true }, groupOf: func(string) string { return "dialout" },
		storeOf:  func(string) (disk, error) { return disk{Kind: "ext4", Free: 40 << 30}, nil },
		keptTime: func() (bool, bool) { return true, true }}
}

// plugIn puts a scanner on a serial line of USB into a machine of the test's own.
func plugIn(t *testing.T, r ports.Roots, vendor, product, control string) {
	t.Helper()
	device := filepath.Join(r.Sys, "devices/1-1")
	face := filepath.Join(device, "1-1:1.0", "tty", "ttyACM0")
	for _, dir := range []string{face, filepath.Join(device, "power"), filepath.Join(r.Sys, "class/tty"), r.Dev} {
		if err := os.MkdirAll(dir, 0o700); err != nil {
			t.Fatal(err)
		}
	}
	for name, text := range map[string]string{"idVendor": vendor, "idProduct": product, "power/control": control, "1-1:1.0/bInterfaceNumber": "00"} {
		write(t, filepath.Join(device, name), 0o600, text+"\n")
	}
	if err := errors.Join(os.Symlink(filepath.Join(device, "1-1:1.0"), filepath.Join(face, "device")), os.Symlink(face, filepath.Join(r.Sys, "class/tty/ttyACM0"))); err != nil {
		t.Fatal(err)
	}
}

// Each fault that a technician meets, and nothing else, is named with its fix, in every language.
func TestDoctor(t *testing.T) {
	catalogue, err := words.Open()
	if err != nil {
		t.Fatal(err)
	}
	for name, c := range map[string]struct {
		breaks func(t *testing.T, d *doctor)
		want   []string // result and check of everything that is not ok
		says   string
		fix    string
	}{
		"nothing": {func(*testing.T, *doctor) {}, nil, "", ""},
		"the key is open": {func(t *testing.T, d *doctor) { write(t, filepath.Join(d.cfg.Data, keyFile), 0o644, "k") },
			[]string{"fail secret files"}, "mode 0644", "chmod 600 "},
		"a token is open": {func(t *testing.T, d *doctor) {
			if err := os.Mkdir(filepath.Join(d.cfg.Data, "tokens"), 0o700); err != nil {
				t.Fatal(err)
			}
			write(t, filepath.Join(d.cfg.Data, "tokens", "manager"), 0o644, "secret-of-the-manager")
		}, []string{"fail secret files"}, "tokens/manager", "chmod 640 "},
		"never started": {func(t *testing.T, d *doctor) {
			if err := os.Remove(d.cfg.Data); err != nil {
				t.Fatal(err)
			}
		}, []string{"warn data folder"}, "the first start makes it", ""},
		"the data folder is a file": {func(t *testing.T, d *doctor) {
			d.cfg.Data = filepath.Join(d.cfg.Data, "file")
			write(t, d.cfg.Data, 0o600, "")
		}, []string{"fail data folder"}, "is not a folder", "data"},
		"the data folder is everybody's": {func(t *testing.T, d *doctor) {
			if err := os.Chmod(d.cfg.Data, 0o755); err != nil {
				t.Fatal(err)
			}
		}, []string{"fail data folder"}, "mode 0755", "chmod o-rwx"},
		"the disk is full": {func(_ *testing.T, d *doctor) {
			d.storeOf = func(string) (disk, error) { return disk{Kind: "ext4", Free: 50 << 20}, nil }
		}, []string{"fail data folder"}, "Only 50 MB", "1 GB"},
		"the disk fills": {func(_ *testing.T, d *doctor) {
			d.storeOf = func(string) (disk, error) { return disk{Kind: "ext4", Free: 500 << 20}, nil }
		}, []string{"warn data folder"}, "500 MB", "1 GB"},
		"a network drive": {func(_ *testing.T, d *doctor) {
			d.storeOf = func(string) (disk, error) { return disk{Kind: "nfs", Free: 40 << 30, Network: true}, nil }
		}, []string{"fail drive"}, "nfs", "on this machine"},
		"a drive in memory": {func(_ *testing.T, d *doctor) {
			d.storeOf = func(string) (disk, error) { return disk{Kind: "tmpfs", Free: 40 << 30, Volatile: true}, nil }
		}, []string{"warn drive"}, "gone with the power", "on a disk"},
		"an empty battery": {func(_ *testing.T, d *doctor) { d.now = time.Date(2000, 1, 1, 0, 0, 0, 0, time.UTC) }, []string{"fail clock"}, "2000-01-01", "set-ntp"},
		"a clock behind the file": {func(t *testing.T, d *doctor) {
			file, _ := journal(t, d.cfg.Data)
			later := d.now.Add(3 * time.Hour)
			if err := os.Chtimes(file, later, later); err != nil {
				t.Fatal(err)
			}
		}, []string{"fail clock"}, "3h0m0s behind", "set-ntp"},
		"no time service": {func(_ *testing.T, d *doctor) { d.keptTime = func() (bool, bool) { return false, true } }, []string{"warn clock"}, "no time service", "set-ntp"},
		"a changed journal": {func(t *testing.T, d *doctor) {
			file, _ := journal(t, d.cfg.Data)
			text, err := os.ReadFile(file)
			if err != nil {
				t.Fatal(err)
			}
			write(t, file, 0o600, strings.ReplaceAll(string(text), "TICKET-07", "TICKET-17"))
		}, []string{"fail journal"}, "from row 9 on", "call support"},
		"a journal without its key": {func(t *testing.T, d *doctor) {
			_, key := journal(t, d.cfg.Data)
			if err := os.Remove(key); err != nil {
				t.Fatal(err)
			}
		}, []string{"fail journal"}, "its key is not", "own key"},
		"no file but its name": {func(t *testing.T, d *doctor) {
			_, _ = journal(t, d.cfg.Data)
			write(t, filepath.Join(d.cfg.Data, registerFile), 0o600, strings.Repeat("garbage ", 999))
		}, []string{"fail journal", "skip queue"}, "cannot be read", "call support"},
		"no scanner": {func(_ *testing.T, d *doctor) { d.cfg.Devices = d.cfg.Devices[1:] }, []string{"warn scanner"}, "No scanner", "[[device]]"},
		"a pulled scanner": {func(t *testing.T, d *doctor) {
			plugIn(t, d.parts.roots, "1eab", "8206", "on")
			write(t, d.rules[0], 0o600, "")
			d.cfg.Devices[0].Port = filepath.Join(d.parts.roots.Dev, "serial/by-id/usb-Honeywell-if00")
		}, []string{"fail scanner"}, "usb-Honeywell-if00 is not there", "usb:1eab:8206@1-1"},
		"a scanner that may sleep, without rules": {func(t *testing.T, d *doctor) {
			plugIn(t, d.parts.roots, "1eab", "8206", "auto")
			d.cfg.Devices[0].Port = "usb:1eab:8206"
			if err := os.Symlink(os.DevNull, filepath.Join(d.parts.roots.Dev, "ttyACM0")); err != nil {
				t.Fatal(err)
			}
		}, []string{"warn ports", "warn ports"}, "let scanner sleep", "udev rules"},
		"ModemManager": {func(t *testing.T, d *doctor) {
			if err := os.MkdirAll(filepath.Join(d.proc, "77"), 0o700); err != nil {
				t.Fatal(err)
			}
			write(t, filepath.Join(d.proc, "77", "comm"), 0o600, "ModemManager\n")
		}, []string{"warn ports"}, "modem commands", "apt-get remove modemmanager"},
		"another program holds the scanner": {func(t *testing.T, d *doctor) {
			if err := os.MkdirAll(filepath.Join(d.proc, "78", "fd"), 0o700); err != nil {
				t.Fatal(err)
			}
			write(t, filepath.Join(d.proc, "78", "comm"), 0o600, "minicom\n")
			if err := os.Symlink(os.DevNull, filepath.Join(d.proc, "78", "fd", "3")); err != nil {
				t.Fatal(err)
			}
			d.cfg.Devices = d.cfg.Devices[:1]
		}, []string{"fail scanner", "warn display"}, "held by minicom (78)", "End that program"},
		"root looks":       {func(_ *testing.T, d *doctor) { d.root, d.user = true, "root" }, []string{"warn groups"}, "root", "sudo -u posd"},
		"a stranger looks": {func(_ *testing.T, d *doctor) { d.user, d.memberOf = "mroy", []string{"users"} }, []string{"warn groups"}, "mroy is neither", "usermod -aG"},
		"something waits too long": {func(t *testing.T, d *doctor) {
			journal(t, d.cfg.Data)
			d.parts.waiting = func(context.Context, string) (int, time.Time, error) { return 2, d.now.Add(-50 * time.Hour), nil }
		}, []string{"warn queue"}, "2 payments or refunds have not ended; the oldest waits 50h0m0s", "posctl queue"},
		"no copy": {func(t *testing.T, d *doctor) { journal(t, d.cfg.Data); d.parts.copies = newestCopy }, []string{"warn backup"}, "no copy", "posd journal backup"},
		"an old copy": {func(t *testing.T, d *doctor) {
			journal(t, d.cfg.Data)
			d.parts.copies = func(string) (time.Time, error) { return d.now.Add(-72 * time.Hour), nil }
		}, []string{"warn backup"}, "newest copy", "at night"},
		"copies cannot be written": {func(t *testing.T, d *doctor) {
			d.cfg.Backup.Folder = "/proc/copies"
		}, []string{"fail backup"}, "may not write copies", "install -d"},
		"a scanner without rights": {func(_ *testing.T, d *doctor) {
			d.mayOpen = func(string) bool { return false }
			d.cfg.Devices = d.cfg.Devices[:1]
		},
			[]string{"fail scanner", "warn display"}, "posd may not open", "usermod -aG dialout posd"},
		"a display that is a file": {func(_ *testing.T, d *doctor) { d.cfg.Devices[1].Port = d.cfg.Acquirer.TokenFile }, []string{"fail display"}, "is not a device", "by-id"},
		"no name service":          {func(_ *testing.T, d *doctor) { d.cfg.Acquirer.URL = "https://register.invalid/" }, []string{"fail DNS", "skip acquirer", "skip TLS"}, "register.invalid is not found", "name server"},
		"a firewall":               {func(_ *testing.T, d *doctor) { d.cfg.Acquirer.URL = "https://127.0.0.1:1/" }, []string{"fail acquirer", "skip TLS"}, "port 1 does not answer", "firewall"},
		"a stranger's certificate": {func(_ *testing.T, d *doctor) { d.cfg.Acquirer.CAFile = "" }, []string{"fail TLS"}, "not trusted", "ca_file"},
		"no TLS": {func(t *testing.T, d *doctor) {
			plain := httptest.NewServer(http.NotFoundHandler())
			t.Cleanup(plain.Close)
			d.cfg.Acquirer.URL = strings.Replace(plain.URL, "http:", "https:", 1)
		}, []string{"fail TLS"}, "not in TLS", "proxy"},
		"a simulation": {func(t *testing.T, d *doctor) {
			plain := httptest.NewServer(http.NotFoundHandler())
			t.Cleanup(plain.Close)
			d.cfg.Acquirer.URL = plain.URL
		}, []string{"warn TLS"}, "without encryption", ""},
		"a refused token": {func(_ *testing.T, d *doctor) {
			d.parts.signIn = func(context.Context, Config) error { return fmt.Errorf("ready: %w", pos.ErrMisfit) }
		}, []string{"fail sign-in"}, "refuses the token", "test or live"},
		"a silent acquirer": {func(_ *testing.T, d *doctor) {
			d.parts.signIn = func(context.Context, Config) error { return errors.New("timeout") }
		}, []string{"fail sign-in"}, "no usable answer", "first"},
	} {
		t.Run(name, func(t *testing.T) {
			d := healthy(t)
			c.breaks(t, d)
			var found []string
			var all string
			for _, r := range d.examine(t.Context(), catalogue, "en", nil) {
				all += fmt.Sprintln(r)
				if r.Result == wentWell {
					continue
				}
				found = append(found, r.Result+" "+r.Check)
				if c.says != "" && len(found) == 1 && (!strings.Contains(r.Message, c.says) || !strings.Contains(r.Fix, c.fix) || (r.Fix == "") != (c.fix == "")) {
					t.Errorf("says %q, fix %q", r.Message, r.Fix)
				}
			}
			if !slices.Equal(found, c.want) {
				t.Errorf("found %q, want %q\n%s", found, c.want, all)
			}
			for _, lang := range catalogue.Languages() {
				for _, r := range d.examine(t.Context(), catalogue, lang, nil) {
					if text := r.Check + r.Message + r.Fix; strings.Contains(text, "doctor.") || strings.Contains(text, "<no value>") || strings.Contains(text, "not-a-real-token") || strings.Contains(text, "secret-of") {
						t.Errorf("%s: %+v", lang, r)
					}
				}
			}
		})
	}
}

// A register that runs is looked at without being disturbed.
func TestDoctorBesideTheDaemon(t *testing.T) {
	d := healthy(t)
	journal(t, d.cfg.Data)
	daemon := httptest.NewServer(http.NotFoundHandler())
	defer daemon.Close()
	d.cfg.Listen = strings.TrimPrefix(daemon.URL, "http://")
	if got := d.journal(t.Context()); len(got) != 1 || got[0].what != "in_use" {
		t.Errorf("got %v", got)
	}
}

// The whole command, on a configuration that is wrong and on one that leads nowhere.
func TestDoctorCommand(t *testing.T) {
	got := posd(t, "doctor", "--config", "testdata/config/bad-everything-at-once.toml")
	golden(t, "testdata/doctor-bad-configuration.want", got.out)
	if got.code != exitConfiguration || got.errout != "" {
		t.Errorf("%+v", got)
	}
	file, _ := sound(t)
	text, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	write(t, file, 0o600, strings.Replace(string(text), "https://uat.citconpay.com/posp/rest/", "https://127.0.0.1:1/posp/rest/", 1))
	asJSON := posd(t, "doctor", "--json", "--lang", "zh-Hans", "--config", file)
	var answer struct {
		OK     bool
		Checks []row
	}
	if err := json.Unmarshal([]byte(asJSON.out), &answer); err != nil || answer.OK || asJSON.code != exitFailed || len(answer.Checks) < 10 {
		t.Errorf("%v %+v", err, asJSON)
	}
}
