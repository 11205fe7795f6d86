package cmd_test

import (
	"bytes"
	"compress/gzip"
	"encoding/base64"
	"encoding/hex"
	"flag"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"
)

// After how many payments everything is searched; scripts/soak asks for more.
var restAfter = flag.Int("rest", 100, "payments after which no code, token or key may be found anywhere")

// Somebody steals the machine, a copy, a log or what support was sent: no payment code, no token and no key is
// in any of it, in whatever way it may be written. What a cashier typed into a note on purpose is found in
// all of them, or the search is worth nothing.
func TestNothingAtRest(t *testing.T) {
	b := openBoutique(t, "--display", "nextion")
	r := openRegisterWith(t, b, "nextion")
	r.answers = &said{}
	events := r.events(t, "")
	r.devicesReady(t)
	planted := r.plants(t)
	for n := range *restAfter {
		r.trades(t, b, n)
	}
	r.post(t, 201, request{path: "/v1/days/current/close", key: "z-1", body: map[string]any{"by": "jdoe"}}, nil)
	for _, path := range []string{"/v1/status", "/v1/queue", "/v1/sales?limit=200", "/v1/days", "/v1/days/current", "/v1/devices", "/metrics", "/openapi.json", "/docs"} {
		r.call(t, request{method: "GET", path: path, role: "manager"})
	}
	places := map[string][]byte{}
	for _, c := range [][]string{
		{"posd", "journal", "export", "--config", r.config, "--out", "-"}, {"posd", "journal", "backup", "--config", r.config},
		{"posd", "journal", "verify", "--file", filepath.Join(r.data, "register.db"), "--key", filepath.Join(r.data, "register.key")},
		{"posd", "config", "show", "--config", r.config}, {"posd", "config", "check", "--config", r.config}, {"posd", "doctor", "--config", r.config},
		{"posctl", "--config", r.config, "status"}, {"posctl", "--config", r.config, "queue"}, {"posctl", "--config", r.config, "day"},
	} {
		got := run(t, "", c[0], c[1:]...)
		places[strings.Join(c[:min(3, len(c))], " ")] = []byte(got.stdout + got.stderr)
	}
	r.crashes(t, b)
	places["the dump"] = []byte(r.stderr.String())
	places["posd support"] = r.bundle(t)
	r.start(t)
	places["the API's answers"], places["the events"] = []byte(r.answers.String()), []byte(events.raw.String())
	for i, s := range r.said {
		places[fmt.Sprint("the log of start ", i+1)] = []byte(s.String())
	}

	all := r.secrets(t, b)
	bytesRead := 0
	for where, text := range places {
		bytesRead += len(text)
		for _, what := range all.in(text) {
			t.Errorf("%s stands in %s", what, where)
		}
	}
	for where, what := range r.atRest(t, all) {
		t.Errorf("%q stand in %s", what, where)
	}
	r.finds(t, b, all, planted, places)
	if !t.Failed() {
		t.Logf("| payment codes, tokens and keys searched byte by byte in six spellings | %d codes and 10 other secrets; data folder with its log and copies, %d commands, answers, events, %d logs, a dump in the middle of a payment: %.1f MiB beside the files | nothing; what was planted was found |",
			len(r.codes), 10, len(r.said), float64(bytesRead)/(1<<20))
	}
}

// fresh is a code that may be found nowhere.
func (r *register) fresh(code string) string {
	r.codes = append(r.codes, code)
	return code
}

// trades is one payment, in one of the ways it may go.
func (r *register) trades(t *testing.T, b *boutique, n int) {
	t.Helper()
	s := r.open(t, int64(1000+n), fmt.Sprint("A-", n))
	scan := func(code string) (int, []byte) {
		return r.call(t, request{method: "POST", path: "/v1/sales/" + s.ID + "/scan", role: "cashier", body: map[string]any{"code": code}})
	}
	ends := "paid"
	switch n % 20 {
	case 3:
		b.do(t, "decline")
		ends = "declined"
	case 5: // before anybody asked for it
		b.do(t, "scan this %s", r.fresh(wechat()))
	case 7: // one digit too few, and a code that paid before
		scan(r.fresh(wechat()[:17]))
		scan(r.codes[0])
	}
	switch n % 100 {
	case 11:
		b.do(t, "lost-after")
	case 13:
		b.do(t, "cut")
	}
	switch {
	case n%20 == 17:
		ends = "awaiting"
		r.post(t, 202, request{path: "/v1/sales/" + s.ID + "/present", role: "cashier", body: map[string]any{}}, nil)
	case n%8 == 0:
		r.scan(t, b, s, wechat())
	case n%8 == 1:
		scan(r.fresh(alipay()))
	default:
		scan(r.fresh(wechat()))
	}
	r.becomes(t, s.ID, ends, time.Minute)
	if ends == "awaiting" {
		r.post(t, 202, request{path: "/v1/sales/" + s.ID + "/cancel", role: "cashier", body: map[string]any{"by": "mroy"}}, nil)
		r.becomes(t, s.ID, "cancelled", time.Minute)
	}
	if n%20 == 10 {
		r.gives(t, s, 100, fmt.Sprint("r-", n))
	}
}

// crashes ends the daemon in the middle of a payment, with all that its goroutines say.
func (r *register) crashes(t *testing.T, b *boutique) {
	t.Helper()
	s := r.open(t, 99_999, "A-last")
	b.do(t, "slow 20s")
	r.post(t, 202, request{path: "/v1/sales/" + s.ID + "/scan", role: "cashier", body: map[string]any{"code": r.fresh(wechat())}}, nil)
	r.becomes(t, s.ID, "sent", soon)
	if err := r.cmd.Process.Signal(syscall.SIGABRT); err != nil {
		t.Fatal(err)
	}
	r.wait(t)
	for _, want := range []string{"SIGABRT", "goroutine ", "citcon.(*Client)"} {
		if !strings.Contains(r.stderr.String(), want) {
			t.Errorf("the dump does not show %q:\n%s", want, tail(r.stderr.String(), 30))
		}
	}
}

// bundle is what support is sent, its log that of the crash, unpacked.
func (r *register) bundle(t *testing.T) []byte {
	t.Helper()
	dir := t.TempDir()
	log, out := filepath.Join(dir, "posd.log"), filepath.Join(dir, "bundle.tar.gz")
	write(t, log, 0o600, r.stderr.String())
	if got := run(t, "", "posd", "support", "--config", r.config, "--yes", "--log", log, "--out", out); got.code != 0 {
		t.Fatalf("support: exit %d %s", got.code, got.stderr)
	}
	file, err := os.Open(out)
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	packed, err := gzip.NewReader(file)
	if err != nil {
		t.Fatal(err)
	}
	text, err := io.ReadAll(packed) // a tar's files lie in it as they are
	if err != nil || len(text) < 4096 || !bytes.Contains(text, []byte("goroutine ")) {
		t.Fatalf("%d bytes of a bundle, and the crash is not in it: %v", len(text), err)
	}
	return text
}

// plants has a cashier type codes into notes, encoded. As it is, one is refused.
func (r *register) plants(t *testing.T) *secrets {
	t.Helper()
	all := &secrets{}
	for _, field := range []string{"note", "ticket", "cashier"} {
		status, answer := r.call(t, request{method: "POST", path: "/v1/sales", role: "cashier", key: "plain-" + field,
			body: map[string]any{"amount": 76_000, "currency": "USD", field: "the code " + r.fresh(wechat())}})
		if status != 400 || !bytes.Contains(answer, []byte("A payment code stands in")) {
			t.Errorf("a code in the %s: %d %s", field, status, answer)
		}
	}
	for i, spell := range []func(string) string{
		func(s string) string { return hex.EncodeToString([]byte(s)) },
		func(s string) string { return base64.StdEncoding.EncodeToString([]byte(s)) },
		func(s string) string { return base64.URLEncoding.EncodeToString([]byte(s)) },
		func(s string) string { return decimals([]byte(s)) },
	} {
		code := wechat()
		all.add(fmt.Sprint("planted ", i), []byte(code))
		r.post(t, 201, request{path: "/v1/sales", role: "cashier", key: fmt.Sprint("plant-", i),
			body: map[string]any{"amount": 77_000 + i, "currency": "USD", "note": spell(code)}}, nil)
	}
	return all
}

// finds is the control: what was planted is found wherever a note goes, and each secret where it lives.
func (r *register) finds(t *testing.T, b *boutique, all, planted *secrets, places map[string][]byte) {
	t.Helper()
	count := func(found []string) int {
		var which []string
		for _, what := range found {
			which = append(which, what[:len("planted 0")])
		}
		slices.Sort(which)
		return len(slices.Compact(which))
	}
	for _, where := range []string{"the API's answers", "the events", "posd journal export"} {
		if n := count(planted.in(places[where])); n != 4 {
			t.Errorf("the search is worth nothing: %d of 4 planted codes were found in %s", n, where)
		}
	}
	copies := 0
	for where, found := range r.atRest(t, planted) {
		if strings.HasPrefix(where, "register-") && count(found) == 4 {
			copies++
		}
	}
	if copies == 0 {
		t.Error("the search is worth nothing: the planted codes were found in no copy")
	}
	for file, n := range map[string]int{b.TokenFile: 1, filepath.Join(r.data, "tokens", "cashier"): 1, filepath.Join(r.data, "register.key"): 1} {
		text, err := os.ReadFile(file)
		if found := all.in(text); err != nil || len(found) < n {
			t.Errorf("the search is worth nothing: %q in %s, %v", found, filepath.Base(file), err)
		}
	}
}
