package cmd_test

import (
	"fmt"
	"math/rand/v2"
	"net/http"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"
)

// counter is a register in a boutique, with a shopper's phone.
func counter(t *testing.T) (*register, *boutique) {
	t.Helper()
	b := openBoutique(t)
	return openRegister(t, b), b
}

// wechat and alipay make a fresh payment code, as a phone does every minute.
func wechat() string { return fmt.Sprintf("13%016d", rand.Int64N(1e16)) }
func alipay() string { return fmt.Sprintf("28%016d", rand.Int64N(1e16)) }

// agree holds the three books against each other: the journal is whole, the day's report says what
// the acquirer says, and no reference was charged twice.
func agree(t *testing.T, r *register, b *boutique, charges int, taken int64) {
	t.Helper()
	var day struct {
		Totals []struct {
			Sales, Tips, Refunds struct {
				N      int
				Amount int64
			}
		}
	}
	r.get(t, "/v1/days/current", &day)
	var n int
	var reported, returned int64
	for _, l := range day.Totals {
		n += l.Sales.N
		reported += l.Sales.Amount + l.Tips.Amount
		returned += l.Refunds.Amount
	}
	atBank, took, gave := b.paid(t)
	if atBank != charges || took != taken {
		t.Errorf("the acquirer took %d in %d charges, want %d in %d", took, atBank, taken, charges)
	}
	if n != atBank || reported != took || returned != gave {
		t.Errorf("the day reports %d sales of %d and %d returned; the acquirer has %d of %d and %d", n, reported, returned, atBank, took, gave)
	}
	seen := map[string]bool{}
	for _, p := range b.do(t, "ledger").Ledger {
		if p.State == "paid" && seen[p.Reference] {
			t.Errorf("reference %s was charged twice", p.Reference)
		}
		seen[p.Reference] = true
	}
	r.verifies(t)
}

// verifies runs posd journal verify on the live file.
func (r *register) verifies(t *testing.T) {
	t.Helper()
	files, err := filepath.Glob(filepath.Join(r.data, "*.db"))
	if err != nil || len(files) != 1 {
		t.Fatalf("register files %q, %v", files, err)
	}
	got := run(t, "", "posd", "journal", "verify", "--file", files[0], "--key", filepath.Join(r.data, "register.key"))
	if got.code != 0 {
		t.Errorf("journal verify: exit %d\n%s%s", got.code, got.stdout, got.stderr)
	}
}

// told holds the statuses that the stream told against those a cashier must have seen, in order;
// others may lie between.
func told(t *testing.T, s *stream, id string, want ...string) {
	t.Helper()
	eventually(t, soon, fmt.Sprintf("the stream told of %q", want), func() bool {
		rest := want
		for _, got := range s.statuses(id) {
			if len(rest) > 0 && got == rest[0] {
				rest = rest[1:]
			}
		}
		return len(rest) == 0
	})
}

// A traveller shows a code, the money moves, and every screen says so once.
func TestPaid(t *testing.T) {
	r, b := counter(t)
	events := r.events(t, "")
	s := r.open(t, 12950, "A-1001")
	r.scan(t, b, s, wechat())
	got := r.becomes(t, s.ID, "paid", soon)
	if len(got.Attempts) != 1 || got.Attempts[0].Wallet != "wechat" || got.Attempts[0].AcquirerID == "" {
		t.Errorf("paid sale: %+v", got)
	}
	told(t, events, s.ID, "open", "paid")
	eventually(t, soon, "the display shows the outcome", func() bool { return strings.Contains(b.shows(t), "129.50") })
	agree(t, r, b, 1, 12950)
}

// The wallet refuses; the shopper opens another card, shows a fresh code, and pays the same sale.
func TestDeclineThenPaid(t *testing.T) {
	r, b := counter(t)
	events := r.events(t, "")
	b.do(t, "decline")
	s := r.open(t, 5000, "A-1002")
	r.scan(t, b, s, alipay())
	r.becomes(t, s.ID, "declined", soon)
	agree(t, r, b, 0, 0)
	r.scan(t, b, s, alipay())
	got := r.becomes(t, s.ID, "paid", soon)
	if len(got.Attempts) != 2 || got.Attempts[0].Reference == got.Attempts[1].Reference {
		t.Errorf("two codes are two attempts with two references: %+v", got.Attempts)
	}
	told(t, events, s.ID, "declined", "paid")
	agree(t, r, b, 1, 5000)
}

// The shopper types a password; the register waits and says for whom.
func TestPassword(t *testing.T) {
	r, b := counter(t)
	events := r.events(t, "")
	b.do(t, "password 4s")
	s := r.open(t, 88000, "A-1003")
	r.scan(t, b, s, wechat())
	r.becomes(t, s.ID, "awaiting", soon)
	r.becomes(t, s.ID, "paid", 2*soon)
	told(t, events, s.ID, "awaiting", "paid")
	agree(t, r, b, 1, 88000)
}

// The cashier gives up just as the shopper confirms: the money is there, and the sale is paid.
func TestCancelTooLate(t *testing.T) {
	r, b := counter(t)
	events := r.events(t, "")
	b.do(t, "password 1h")
	s := r.open(t, 7700, "A-1004")
	r.scan(t, b, s, alipay())
	r.becomes(t, s.ID, "awaiting", soon)
	b.do(t, "shopper confirm")
	r.post(t, http.StatusAccepted, request{path: "/v1/sales/" + s.ID + "/cancel", role: "cashier", body: map[string]any{"by": "mroy"}}, nil)
	r.becomes(t, s.ID, "paid", 2*soon)
	told(t, events, s.ID, "awaiting", "paid")
	agree(t, r, b, 1, 7700)
}

// The shopper walks away; the cancel closes the attempt at the acquirer and nothing is taken.
func TestCancelInTime(t *testing.T) {
	r, b := counter(t)
	b.do(t, "password 1h")
	s := r.open(t, 7700, "A-1005")
	r.scan(t, b, s, alipay())
	r.becomes(t, s.ID, "awaiting", soon)
	r.post(t, http.StatusAccepted, request{path: "/v1/sales/" + s.ID + "/cancel", role: "cashier", body: map[string]any{"by": "mroy"}}, nil)
	r.becomes(t, s.ID, "cancelled", 60*time.Second)
	agree(t, r, b, 0, 0)
}

// killedInFlight brings a register to the worst instant: the acquirer has the money, the reply is
// lost, and the power goes. It returns the sale as the restarted register first shows it.
func killedInFlight(t *testing.T, r *register, b *boutique, ticket string) sale {
	t.Helper()
	b.do(t, "lost-after")
	s := r.open(t, 31900, ticket)
	r.scan(t, b, s, wechat())
	eventually(t, soon, "the acquirer has the money", func() bool {
		n, _, _ := b.paid(t)
		return n == 1
	})
	r.kill(t)
	r.start(t)
	got := r.sale(t, s.ID)
	if got.Status != "checking" && got.Status != "paid" {
		t.Errorf("after the restart the sale is %q: neither in doubt nor known to be paid", got.Status)
	}
	return got
}

// The plug is pulled after the charge left: the register finds the payment in the acquirer's history.
func TestKilledThenFound(t *testing.T) {
	r, b := counter(t)
	s := killedInFlight(t, r, b, "A-1006")
	r.becomes(t, s.ID, "paid", 60*time.Second)
	agree(t, r, b, 1, 31900)
}

// The plug is pulled and nobody can be asked: a manager rules, and the books still agree.
func TestKilledThenRuled(t *testing.T) {
	r, b := counter(t)
	b.do(t, "history off")
	s := killedInFlight(t, r, b, "A-1007")
	eventually(t, 60*time.Second, "the sale needs a manager", func() bool { return r.sale(t, s.ID).NeedsManager })
	r.post(t, http.StatusOK, request{path: "/v1/attempts/" + s.Attempts[0].Reference + "/ruling",
		body: map[string]any{"paid": true, "why": "the shopper showed the payment", "by": "jdoe"}}, nil)
	if got := r.sale(t, s.ID); got.Status != "ruled_paid" {
		t.Errorf("status %q, want ruled_paid", got.Status)
	}
	if n, _, _ := b.paid(t); n != 1 {
		t.Errorf("%d charges at the acquirer, want 1", n)
	}
	r.verifies(t)
}

// What came down the wire or stands in a configuration is nonsense; nothing moves and everything is
// said.
func TestBadConfigurations(t *testing.T) {
	dir := t.TempDir()
	for name, c := range map[string]struct {
		text string
		want []string
	}{
		"everything is wrong at once": {`store = "NYC5AV"
register = "a register with a very long name"
timezone = "Mars/Olympus"
day_cutoff = "25:99"
currency = "dollars"
listen = "0.0.0.0:80"
colour = "red"
[acquirer]
dialect = "smoke-signals"
url = "http://example.com/"
hold = "25"
`, []string{"register", "timezone", "day_cutoff", "currency", "listen", "colour", "acquirer.dialect", "acquirer.url", "acquirer.hold"}},
		"not TOML":      {"store = \n", []string{"bad.toml"}},
		"no such file":  {"", []string{"bad.toml"}},
		"a Windows BOM": {"\ufeffstore = 5\n", []string{"store"}},
	} {
		t.Run(name, func(t *testing.T) {
			file := filepath.Join(dir, strings.ReplaceAll(name, " ", "-")+"-bad.toml")
			if name != "no such file" {
				write(t, file, 0o600, c.text)
			}
			for _, verb := range [][]string{{"serve", "--config", file}, {"config", "check", "--config", file}} {
				got := run(t, "", "posd", verb...)
				if got.code != 78 {
					t.Errorf("posd %s: exit %d, want 78", verb[0], got.code)
				}
				for _, w := range c.want {
					if !strings.Contains(got.stdout+got.stderr, w) {
						t.Errorf("posd %s does not name %s:\n%s%s", verb[0], w, got.stdout, got.stderr)
					}
				}
			}
		})
	}
}

// A price tag, a receive-code, a used code and rubbish cross the scanner's window: no money moves,
// and the next good code still pays.
func TestWrongScans(t *testing.T) {
	r, b := counter(t)
	s := r.open(t, 4200, "A-1008")
	r.devicesReady(t)
	b.do(t, "scan noise")
	arm := func() {
		t.Helper()
		r.post(t, http.StatusAccepted, request{path: "/v1/sales/" + s.ID + "/scan", role: "cashier", body: map[string]any{}}, nil)
	}
	arm()
	for _, wrong := range []string{"price-tag", "receive-code", "unionpay", "noise", "carton"} {
		b.do(t, "scan %s", wrong)
	}
	eventually(t, soon, "the scanner counted what it read", func() bool {
		var list struct {
			Items []struct {
				Name     string
				Counters struct{ Good int64 }
			}
		}
		r.get(t, "/v1/devices", &list)
		return slices.ContainsFunc(list.Items, func(d struct {
			Name     string
			Counters struct{ Good int64 }
		}) bool {
			return d.Name == "scanner" && d.Counters.Good >= 4
		})
	})
	if got := r.sale(t, s.ID); len(got.Attempts) != 0 {
		t.Errorf("wrong codes made attempts: %+v", got.Attempts)
	}
	agree(t, r, b, 0, 0)
	code := wechat()
	r.codes = append(r.codes, code)
	arm()
	b.do(t, "scan this %s", code)
	r.becomes(t, s.ID, "paid", soon)

	again := r.open(t, 4300, "A-1009")
	var refused problem
	r.post(t, http.StatusConflict, request{path: "/v1/sales/" + again.ID + "/scan", role: "cashier", body: map[string]any{"code": code}}, &refused)
	if refused.Type != "used_code" || refused.Sent {
		t.Errorf("a used code: %+v", refused)
	}
	agree(t, r, b, 1, 4200)
}

// The acquirer says "paid" for another amount: that is not our money yet, and it is said so.
func TestWrongAmount(t *testing.T) {
	r, b := counter(t)
	b.do(t, "wrong-amount")
	s := r.open(t, 6600, "A-1010")
	r.scan(t, b, s, wechat())
	eventually(t, soon, "a trouble names the amount", func() bool {
		var status struct{ Troubles []struct{ Code string } }
		r.get(t, "/v1/status", &status)
		return slices.ContainsFunc(status.Troubles, func(x struct{ Code string }) bool { return x.Code == "amount_differs" })
	})
	r.verifies(t)
}

// The cable is pulled between two shoppers and put back: the next scan pays.
func TestPulledScanner(t *testing.T) {
	r, b := counter(t)
	r.devicesReady(t)
	b.do(t, "pull scanner")
	r.lacksScanner(t)
	b.do(t, "plug scanner")
	s := r.open(t, 2500, "A-1011")
	r.scan(t, b, s, wechat())
	r.becomes(t, s.ID, "paid", soon)
	agree(t, r, b, 1, 2500)
}

// A slip that was printed before the plug was pulled is a copy afterwards, and says so.
func TestACopyIsACopyAfterTheStart(t *testing.T) {
	r, b := counter(t)
	r.prints(t, b)
	s := r.open(t, 2500, "A-1014")
	r.scan(t, b, s, wechat())
	r.becomes(t, s.ID, "paid", soon)
	for _, copies := range []bool{false, true} {
		var came struct {
			Result string
			Copy   bool
		}
		r.post(t, http.StatusOK, request{path: "/v1/sales/" + s.ID + "/slip", role: "cashier", body: map[string]any{}}, &came)
		if came.Result != "printed" || came.Copy != copies {
			t.Errorf("%+v, a copy: %v", came, copies)
		}
		r.kill(t)
		r.start(t)
		r.devicesReady(t)
	}
	agree(t, r, b, 1, 2500)
}
