package main

import (
	"bytes"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/creack/pty"
)

const setUpToken = "T0KEN-of-a-register"

// A script sets a register up without a person: everything is a flag, what is missing is named, and nothing is
// written over.
func TestSetUpByFlags(t *testing.T) {
	dir := t.TempDir()
	file, token := filepath.Join(dir, "posd.toml"), filepath.Join(dir, "token")
	write(t, token, 0o600, setUpToken+"\n")
	if got := posd(t, "setup", "--config", file, "--timezone", "America/Toronto"); got.code != exitUsage || !strings.Contains(got.errout, "--store, --register, ") || !strings.Contains(got.errout, "--token-file") {
		t.Errorf("without answers: %+v", got)
	}
	args := []string{"setup", "--config", file, "--store", "YUL01", "--register", "YUL01-02", "--timezone", "America/Toronto", "--currency", "CAD",
		"--acquirer", "test", "--token-file", token, "--languages", "fr-CA,zh-Hans", "--data", filepath.Join(dir, "data"),
		"--scanner", "/dev/serial/by-id/usb-x=honeywell-1900", "--display", "usb:0403:6001@1-2=nextion", "--printer", "/dev/usb/lp0=epson-tm-m30"}
	for flag, bad := range map[string]string{"--register": "a name that is too long", "--currency": "dollars", "--acquirer": "http://example.com/", "--timezone": "Mars/Olympus",
		"--scanner": "/dev/ttyUSB0=telepathy", "--printer": "/dev/usb/lp0=goose-quill", "--store": "a\x1b[2J"} {
		wrong := append([]string(nil), args...)
		for i := range wrong {
			if wrong[i] == flag {
				wrong[i+1] = bad
			}
		}
		if got := posd(t, wrong...); got.code != exitUsage || !strings.Contains(got.errout, strings.TrimPrefix(flag, "--")) {
			t.Errorf("%s %s: %+v", flag, bad, got)
		}
	}
	if _, err := os.Stat(file); err == nil {
		t.Fatal("a faulty configuration was written")
	}
	if got := posd(t, args...); got.code != 0 || !strings.Contains(got.out, "is written and sound") {
		t.Fatalf("%+v", got)
	}
	text, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	for _, line := range []string{`store = "YUL01"`, `languages = ["fr-CA", "zh-Hans"]`, `url = "https://uat.citconpay.com/posp/rest/"`, `profile = "honeywell-1900"`, `profile = "epson-tm-m30"`, `port = "/dev/usb/lp0"`,
		`port = "usb:0403:6001@1-2"`, "# When the business day ends"} {
		if !strings.Contains(string(text), line) {
			t.Errorf("%s is not in the configuration", line)
		}
	}
	if strings.Contains(string(text), setUpToken) || strings.Contains(string(text), "EDIT. ") {
		t.Error("the token, or a mark to edit, is in the configuration")
	}
	if info, err := os.Stat(file); err != nil || info.Mode().Perm()&0o027 != 0 {
		t.Errorf("mode %v, %v", info.Mode(), err)
	}
	if got := posd(t, "config", "check", "--config", file); got.code != 0 {
		t.Errorf("not sound: %+v", got)
	}
	if got := posd(t, args...); got.code != exitCannotCreate || !strings.Contains(got.errout, "--force") {
		t.Errorf("twice: %+v", got)
	}
	if got := posd(t, append(args, "--force")...); got.code != 0 {
		t.Errorf("by force: %+v", got)
	}
	if old, err := os.ReadFile(file + ".old"); err != nil || string(old) != string(text) {
		t.Errorf("the old one is lost: %v", err)
	}
}

// A technician sits at the terminal: wrong answers are told at once and asked again, offers are taken with Enter, and
// the token goes into its file and onto no screen.
func TestSetUpByHand(t *testing.T) {
	dir := t.TempDir()
	file := filepath.Join(dir, "posd.toml")
	keyboard, tty, err := pty.Open()
	if err != nil {
		t.Fatal(err)
	}
	defer keyboard.Close()
	defer tty.Close()
	var echo, says spoken
	go func() {
		b := make([]byte, 1024)
		for {
			n, err := keyboard.Read(b)
			if err != nil {
				return
			}
			_, _ = echo.Write(b[:n])
		}
	}()
	code := make(chan int, 1)
	go func() {
		code <- runAt(t.Context(), []string{"setup", "--config", file, "--data", filepath.Join(dir, "data"), "--timezone", "America/New_York", "--currency", "USD"}, tty, &says, &says)
	}()
	said := ""
	for _, step := range [][2]string{
		{"short name", "NYC5AV"}, {"another one [NYC5AV-01]", "much too long a name"}, {"does not fit", ""}, {"test, live", "ftp://x"}, {"is not an address", ""},
		{"token (made", ""}, {"not shown", setUpToken}, {"the scanner?", "7000"}, {"write a number", "/dev/ttyNONE"}, {"its driver", "line"}, {"the display?", "none"},
		{"the printer?", "/dev/ttyNOPE"}, {"its driver", ""}, {"test sale", "no"}, {"test slip", "no"},
	} {
		says.awaitBehind(t, said, step[0])
		said = says.String()
		if _, err := keyboard.WriteString(step[1] + "\n"); err != nil {
			t.Fatal(err)
		}
	}
	if got := <-code; got != 0 {
		t.Fatalf("exit %d:\n%s", got, &says)
	}
	if got := posd(t, "config", "check", "--config", file); got.code != 0 {
		t.Errorf("not sound: %+v", got)
	}
	secret, err := os.ReadFile(filepath.Join(dir, "citcon.token"))
	if info, statErr := os.Stat(filepath.Join(dir, "citcon.token")); err != nil || statErr != nil || string(secret) != setUpToken+"\n" || info.Mode().Perm() != 0o600 {
		t.Errorf("the token: %q %v %v", secret, err, statErr)
	}
	if strings.Contains(echo.String()+says.String(), setUpToken) {
		t.Error("the token is on the screen")
	}
}

// The last step: a sale through the real scanner and the real display, against a simulator in the same process, and a
// test slip out of the real printer.
func TestRehearse(t *testing.T) {
	dir := t.TempDir()
	scanner, display := plug(t, filepath.Join(dir, "scanner")), plug(t, filepath.Join(dir, "display"))
	config := withDevice(t, "scanner", "scanner", "line", filepath.Join(dir, "scanner"))
	text, err := os.ReadFile(config)
	if err != nil {
		t.Fatal(err)
	}
	printer := plug(t, filepath.Join(dir, "printer"))
	write(t, config, 0o600, string(text)+"\n[[device]]\nname = \"display\"\nrole = \"display\"\ndriver = \"text\"\nport = \""+filepath.Join(dir, "display")+
		"\"\n\n[[device]]\nname = \"till\"\nrole = \"printer\"\ndriver = \"escpos\"\nport = \""+filepath.Join(dir, "printer")+"\"\n")
	var shown, says, printed spoken
	go func() {
		b := make([]byte, 1024)
		for {
			n, err := printer.Read(b)
			if err != nil {
				return
			}
			_, _ = printed.Write(b[:n])
			for range bytes.Count(b[:n], []byte{0x10, 0x04}) { // asked how it stands: well
				_, _ = printer.Write([]byte{0x12})
			}
		}
	}()
	go func() {
		b := make([]byte, 1024)
		for {
			n, err := display.Read(b)
			if err != nil {
				return
			}
			_, _ = shown.Write(b[:n])
		}
	}()
	code := make(chan int, 1)
	go func() {
		code <- run(t.Context(), []string{"rehearse", "--config", config, "--test-slip"}, &says, &says)
	}()
	shown.await(t, "show your payment code")
	if _, err := scanner.WriteString("289012345678901234\r"); err != nil {
		t.Fatal(err)
	}
	if got := <-code; got != 0 || !strings.Contains(says.String(), "was paid") || !strings.Contains(says.String(), "till printed a test slip, but has no Chinese letters") {
		t.Errorf("exit %d:\n%s", got, &says)
	}
	printed.await(t, "TEST: NOT A RECEIPT")
	shown.await(t, "Paid: ")
	if strings.Contains(says.String(), "289012345678901234") {
		t.Error("the code is on the screen")
	}
	// Without any device, a code is typed in: the configuration can still be proven.
	file, _ := sound(t)
	if got := posd(t, "rehearse", "--config", file); got.code != 0 || !strings.Contains(got.out, "typed in") {
		t.Errorf("%+v", got)
	}
}

// What a machine knows of its place, and what it does not.
func TestWhereThisIs(t *testing.T) {
	dir := t.TempDir()
	table := filepath.Join(dir, "zone.tab")
	write(t, table, 0o600, "# country zone\nCA\t+4339-07923\tAmerica/Toronto\tEastern\nUS\t+404251-0740023\tAmerica/New_York\nTV\t-0831+17913\tPacific/Funafuti\n")
	for zone, want := range map[string]string{"America/Toronto": "CAD", "America/New_York": "USD", "Pacific/Funafuti": "", "Mars/Olympus": "", "": ""} {
		if got := zoneCurrency(table, zone); got != want {
			t.Errorf("%s: %q, want %q", zone, got, want)
		}
	}
	for to, want := range map[string]string{"/usr/share/zoneinfo/America/Toronto": "America/Toronto", "../usr/share/zoneinfo/Etc/UTC": "", "/usr/share/zoneinfo/UTC": "", "/elsewhere": ""} {
		link := filepath.Join(dir, "localtime")
		_ = os.Remove(link)
		if err := os.Symlink(to, link); err != nil {
			t.Fatal(err)
		}
		if got := machineZone(link); got != want {
			t.Errorf("%s: %q, want %q", to, got, want)
		}
	}
}
