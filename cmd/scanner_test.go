package cmd_test

import (
	"net/http"
	"os"
	"strings"
	"testing"
)

// What becomes of a scanned code is felt at the scanner: by Zebra's packets, and by a scanner that reads nothing
// until it is told. It looks for a code while the shopper is asked for one, and a code that it sends again,
// because it missed the register's answer, pays once.
func TestFeltAtTheScanner(t *testing.T) {
	t.Parallel()
	for kind, c := range map[string]struct{ device, refused string }{
		"ssi": {`profile = "zebra-ds9908"`, "a low tone"},
		"ack": {`profile = "honeywell-1900-ack"`, "an error tone"},
	} {
		t.Run(kind, func(t *testing.T) {
			r, b := scansWith(t, kind, c.device)
			r.devicesReady(t)
			b.do(t, "scan price-tag") // nobody is being asked to pay
			b.do(t, "scanner until %s 30s", c.refused)
			s := r.open(t, 12950, "A-1")
			r.post(t, http.StatusAccepted, request{path: "/v1/sales/" + s.ID + "/scan", role: "cashier", body: map[string]any{}}, nil)
			b.do(t, "scanner until looks for a code 30s")
			b.do(t, "scan receive-code")
			if kind == "ack" {
				b.do(t, "scanner until looks for a code 30s") // refused, it looks again
			} else {
				b.do(t, "scanner until %s 30s", c.refused)
				b.do(t, "scanner deaf")
			}
			b.do(t, "scan wechat")
			r.becomes(t, s.ID, "paid", soon)
			if kind == "ssi" {
				b.do(t, "wait 2500ms") // it sends the code again; were that another scan, it would feel a refusal
			}
			b.do(t, "scanner until rests 30s")
			agree(t, r, b, 1, 12950)
		})
	}
}

// scansWith opens a boutique with another scanner than a line's, and a register with the settings for it.
func scansWith(t *testing.T, kind, device string) (*register, *boutique) {
	t.Helper()
	b := openBoutique(t, "--scanner", kind)
	r := openRegister(t, b)
	r.kill(t)
	text, err := os.ReadFile(r.config)
	if err != nil {
		t.Fatal(err)
	}
	write(t, r.config, 0o600, strings.Replace(string(text), `driver = "line"`, device, 1))
	r.start(t)
	return r, b
}

// Scanners that are no serial line sell too, and again after their cable was out: one that sends reports, and one that
// types.
func TestScannersThatAreNoLine(t *testing.T) {
	t.Parallel()
	for kind, device := range map[string]string{"hidpos": `profile = "honeywell-3310"`, "evdev": `driver = "evdev"`} {
		t.Run(kind, func(t *testing.T) {
			r, b := scansWith(t, kind, device)
			pays := func(ticket string, amount int64, code string) {
				t.Helper()
				s := r.open(t, amount, ticket)
				r.scan(t, b, s, code)
				r.becomes(t, s.ID, "paid", soon)
			}
			pays("A-1", 12950, wechat())
			if kind == "hidpos" {
				b.do(t, "scanner until rests 30s")
			}
			b.do(t, "pull scanner")
			r.lacksScanner(t)
			b.do(t, "plug scanner")
			pays("A-2", 6600, alipay())
			agree(t, r, b, 2, 19550)
		})
	}
}
