package cmd_test

import (
	"bufio"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"testing"
	"time"
)

// boutique is the simulated side: an acquirer, a scanner and a display, in a process of its own.
type boutique struct {
	*process
	Acquirer  string `json:"acquirer"`
	TokenFile string `json:"token_file"`
	Scanner   string `json:"scanner"`
	Display   string `json:"display"`
	Printer   string `json:"printer"`
	in        io.WriteCloser
	replies   chan reply
}

// reply is what the boutique says to one command.
type reply struct {
	OK     bool     `json:"ok"`
	Say    string   `json:"say"`
	Ledger []posted `json:"ledger"`
}

// posted is one line of the simulated acquirer's books.
type posted struct {
	ID        string `json:"id"`
	Reference string `json:"reference"`
	State     string `json:"state"`
	Amount    int64  `json:"amount"`
	Refunded  int64  `json:"refunded"`
	Currency  string `json:"currency"`
	Wallet    string `json:"wallet"`
}

// openBoutique opens one, beside those of other tests: most of a test's time is a shopper's, or another process's.
func openBoutique(t *testing.T, options ...string) *boutique {
	t.Helper()
	t.Parallel()
	fromUs, toThem, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	fromThem, toUs, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	b := &boutique{in: toThem, replies: make(chan reply, 100)}
	b.process = launch(t, "posim", fromUs, toUs, append([]string{"--json", "--listen", "127.0.0.1:0", "--dir", t.TempDir(), "--script", "-"}, options...)...)
	fromUs.Close()
	toUs.Close()
	lines := bufio.NewScanner(fromThem)
	lines.Buffer(nil, 1<<22)
	ready := make(chan error, 1)
	go func() {
		defer close(b.replies)
		defer fromThem.Close()
		if !lines.Scan() {
			ready <- fmt.Errorf("posim ended before it was ready: %w", lines.Err())
			return
		}
		ready <- json.Unmarshal(lines.Bytes(), b)
		for lines.Scan() {
			var r reply
			if err := json.Unmarshal(lines.Bytes(), &r); err != nil {
				r = reply{Say: "not JSON: " + lines.Text()}
			}
			b.replies <- r
		}
	}()
	t.Cleanup(func() { toThem.Close() })
	select {
	case err := <-ready:
		if err != nil {
			t.Fatalf("%v\n%s", err, b.stderr)
		}
	case <-time.After(startWithin):
		t.Fatal("posim does not come up")
	}
	return b
}

// do says one command and expects it to be carried out.
func (b *boutique) do(t *testing.T, format string, args ...any) reply {
	t.Helper()
	r := b.try(t, format, args...)
	if !r.OK {
		t.Fatalf("posim %q: %q", fmt.Sprintf(format, args...), r.Say)
	}
	return r
}

// try says one command, which may be refused.
func (b *boutique) try(t *testing.T, format string, args ...any) reply {
	t.Helper()
	said := fmt.Sprintf(format, args...)
	if _, err := io.WriteString(b.in, said+"\n"); err != nil {
		t.Fatal(err)
	}
	select {
	case r, ok := <-b.replies:
		if !ok {
			t.Fatalf("posim ended before it answered %q", said)
		}
		return r
	case <-time.After(startWithin):
		t.Fatalf("posim does not answer %q", said)
	}
	return reply{}
}

// scansQR lets the shopper scan the QR and pay; a panel that draws anew is blank for a moment.
func (b *boutique) scansQR(t *testing.T) {
	t.Helper()
	end := time.Now().Add(soon)
	for r := b.try(t, "shopper scans"); !r.OK; r = b.try(t, "shopper scans") {
		if time.Now().After(end) {
			t.Fatalf("after %v the phone says %q, and the display shows %q", soon, r.Say, b.shows(t))
		}
	}
}

// shows is what stands on the customer display now.
func (b *boutique) shows(t *testing.T) string {
	t.Helper()
	return b.do(t, "display").Say
}

// paid sums up what the acquirer has taken, less what went back, and how many charges that was.
func (b *boutique) paid(t *testing.T) (charges int, taken, returned int64) {
	t.Helper()
	for _, p := range b.do(t, "ledger").Ledger {
		if p.State == "paid" {
			charges++
			taken += p.Amount
			returned += p.Refunded
		}
	}
	return charges, taken, returned
}
