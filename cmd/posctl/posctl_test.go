package main

import (
	"bytes"
	"context"
	"flag"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"posd/pos/words"
)

var update = flag.Bool("update", false, "rewrite the golden files")

func golden(t *testing.T, name, got string) {
	t.Helper()
	file := filepath.Join("testdata", name)
	if *update {
		if err := os.WriteFile(file, []byte(got), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	if d := cmp.Diff(string(want), got); d != "" {
		t.Errorf("%s (-want +got):\n%s", file, d)
	}
}

// asked is one request as the register saw it.
type asked struct{ line, token, key, lang, body string }

// faked is a register that answers as api.md says, and remembers what it was asked.
type faked struct {
	*httptest.Server
	config string // a configuration that leads to it
	mu     sync.Mutex
	seen   []asked
}

// standIn starts one; answers maps "GET /v1/status" to a file of testdata/api, or to a handler.
func standIn(t *testing.T, answers map[string]any) *faked {
	t.Helper()
	r := &faked{}
	r.Server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, q *http.Request) {
		body, err := io.ReadAll(q.Body)
		if err != nil {
			t.Error(err)
		}
		line := q.Method + " " + q.URL.RequestURI()
		r.mu.Lock()
		r.seen = append(r.seen, asked{line, q.Header.Get("Authorization"), q.Header.Get("Idempotency-Key"), q.Header.Get("Accept-Language"), string(body)})
		r.mu.Unlock()
		switch a := answers[line].(type) {
		case string:
			text, err := os.ReadFile(filepath.Join("testdata/api", a))
			if err != nil {
				t.Error(err)
			}
			status := http.StatusOK
			if strings.HasPrefix(a, "problem") {
				if _, err := fmt.Sscanf(string(text[bytes.Index(text, []byte(`"status": `)):]), `"status": %d`, &status); err != nil {
					t.Error(err)
				}
			}
			w.WriteHeader(status)
			send(w, string(text))
		case func(http.ResponseWriter, *http.Request):
			a(w, q)
		default:
			t.Errorf("nobody was meant to ask %s", line)
		}
	}))
	t.Cleanup(r.Close)
	dir := t.TempDir()
	r.config = filepath.Join(dir, "posd.toml")
	put(t, r.config, fmt.Sprintf("\ufeffstore = \"NYC5AV\"\ncurrency = \"USD\"\ndata = %q\nlisten = %q\n[acquirer]\ntoken_file = \"/nowhere\"\n", dir, strings.TrimPrefix(r.URL, "http://")))
	if err := os.Mkdir(filepath.Join(dir, "tokens"), 0o700); err != nil {
		t.Fatal(err)
	}
	for _, role := range []string{"cashier", "manager", "technician", "display"} {
		put(t, filepath.Join(dir, "tokens", role), "token-of-"+role+"\n")
	}
	return r
}

// send answers; a client that has gone is the test's intention.
func send(w io.Writer, text string) { fmt.Fprint(w, text) }

func put(t *testing.T, file, text string) {
	t.Helper()
	if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
}

func (r *faked) asked() []asked {
	r.mu.Lock()
	defer r.mu.Unlock()
	return append([]asked(nil), r.seen...)
}

// said is what a command left behind.
type said struct {
	code        int
	out, errout string
}

func (s said) String() string {
	return fmt.Sprintf("exit %d\n-- stdout\n%s-- stderr\n%s", s.code, s.out, s.errout)
}

func newFace(t *testing.T, out, errout io.Writer) *face {
	t.Helper()
	catalogue, err := words.Open()
	if err != nil {
		t.Fatal(err)
	}
	return &face{stdout: out, stderr: errout, words: catalogue, lang: "en", zone: time.FixedZone("EST", -5*3600),
		now: func() time.Time { return time.Date(2026, 11, 20, 19, 35, 0, 0, time.UTC) }}
}

// command runs posctl with a clock that stands at 14:35 of the day in the answers.
func command(ctx context.Context, t *testing.T, stdin string, args ...string) said {
	t.Helper()
	var out, errout bytes.Buffer
	f := newFace(t, &out, &errout)
	f.stdin = strings.NewReader(stdin)
	code := f.run(ctx, args)
	return said{code, out.String(), errout.String()}
}

// What people read, command by command.
func TestWhatPeopleRead(t *testing.T) {
	const (
		s       = "/v1/sales/s_01J9"
		ruling  = "POST /v1/attempts/NYC5AV-03-261120-0042-x7Qp/ruling"
		display = "POST /v1/devices/display/test"
	)
	for name, c := range map[string]struct {
		args    string
		answers map[string]any
	}{
		"status":             {"status", map[string]any{"GET /v1/status": "status.json"}},
		"status-fr":          {"status --lang fr-CA", map[string]any{"GET /v1/status": "status.json"}},
		"status-zh":          {"status --lang zh-Hans", map[string]any{"GET /v1/status": "status.json"}},
		"status-fresh":       {"status", map[string]any{"GET /v1/status": "status-fresh.json"}},
		"status-json":        {"status --json", map[string]any{"GET /v1/status": "status.json"}},
		"sale":               {"sale 129.50 --ticket A-1001 --cashier mroy", map[string]any{"POST /v1/sales": "sale-open.json"}},
		"sale-scan":          {"sale 129.50 --scan", map[string]any{"POST /v1/sales": "sale-open.json", "POST " + s + "/scan": "sale-open.json"}},
		"sale-scan-refused":  {"sale 129.50 --scan", map[string]any{"POST /v1/sales": "sale-open.json", "POST " + s + "/scan": "problem.json"}},
		"sale-no-disk":       {"sale 129.50", map[string]any{"POST /v1/sales": "problem-storage.json"}},
		"sale-wrong-amount":  {"sale 129,50", nil},
		"sale-no-amount":     {"sale", nil},
		"sale-both-ways":     {"sale 1 --scan --code-stdin", nil},
		"sale-no-code":       {"sale 1 --code-stdin", nil},
		"show-awaiting":      {"show s_01J9", map[string]any{"GET " + s: "sale-awaiting.json"}},
		"show-paid":          {"show s_01J9", map[string]any{"GET " + s: "sale-paid.json"}},
		"show-paid-zh":       {"show s_01J9 --lang zh-Hans", map[string]any{"GET " + s: "sale-paid.json"}},
		"show-json":          {"show s_01J9 --json", map[string]any{"GET " + s: "sale-paid.json"}},
		"show-odd-id":        {"show ../status", map[string]any{"GET /v1/sales/..%2Fstatus": "problem.json"}},
		"cancel":             {"cancel s_01J9 --by mroy", map[string]any{"POST " + s + "/cancel": "sale-cancelled.json"}},
		"cancel-closed":      {"cancel s_01J9", map[string]any{"POST " + s + "/cancel": "problem.json"}},
		"settle":             {"settle s_01J9 --tender cash", map[string]any{"POST " + s + "/settle": "sale-cancelled.json"}},
		"settle-no-tender":   {"settle s_01J9", nil},
		"slip":               {"slip s_01J9 --kind pending", map[string]any{"GET /v1/sales/s_01J9/slip?format=text&kind=pending": "slip.txt"}},
		"day-print":          {"day --print", map[string]any{"POST /v1/days/current/slip": "no-paper.json"}},
		"slip-print":         {"slip s_01J9 --print", map[string]any{"POST /v1/sales/s_01J9/slip": "printed.json"}},
		"slip-print-paper":   {"slip s_01J9 --print", map[string]any{"POST /v1/sales/s_01J9/slip": "no-paper.json"}},
		"slip-json":          {"slip s_01J9 --json", map[string]any{"GET /v1/sales/s_01J9/slip?format=json&kind=": "queue-empty.json"}},
		"slip-odd-kind":      {"slip s_01J9 --kind receipt", nil},
		"queue":              {"queue", map[string]any{"GET /v1/queue": "queue.json"}},
		"queue-fr":           {"queue --lang fr-CA", map[string]any{"GET /v1/queue": "queue.json"}},
		"queue-empty":        {"queue", map[string]any{"GET /v1/queue": "queue-empty.json"}},
		"queue-sync":         {"queue sync", map[string]any{"POST /v1/queue/sync": "queue.json"}},
		"rule":               {"rule NYC5AV-03-261120-0042-x7Qp unpaid --why absent --by jdoe", map[string]any{ruling: "sale-cancelled.json"}},
		"rule-forbidden":     {"rule NYC5AV-03-261120-0042-x7Qp paid --why seen --by jdoe", map[string]any{ruling: "problem-forbidden.json"}},
		"rule-maybe":         {"rule NYC5AV-03-261120-0042-x7Qp maybe --why seen --by jdoe", nil},
		"rule-without-words": {"rule NYC5AV-03-261120-0042-x7Qp paid --why seen", nil},
		"devices":            {"devices", map[string]any{"GET /v1/devices": "devices.json"}},
		"devices-discover":   {"devices discover", map[string]any{"GET /v1/devices/discover": "discover.json"}},
		"devices-nothing":    {"devices discover --lang fr-CA", map[string]any{"GET /v1/devices/discover": "queue-empty.json"}},
		"devices-test":       {"devices test display", map[string]any{display: "test-ok.json"}},
		"devices-test-fails": {"devices test display", map[string]any{display: "test-failed.json"}},
		"unknown":            {"frobnicate", nil},
		"unknown-flag":       {"status --colour", nil},
		"a-code-behind-it":   {"134567890123456789", nil},
		"a-code-as-a-flag":   {"sale 1 -x134567890123456789", nil},
		"a-code-too-many":    {"sale 129.50 134567890123456789", nil},
		"help":               {"--help", nil},
	} {
		t.Run(name, func(t *testing.T) {
			r := standIn(t, c.answers)
			got := command(t.Context(), t, "", append([]string{"--config", r.config}, strings.Fields(c.args)...)...)
			golden(t, name+".want", got.String())
			if strings.Contains(got.String(), "134567890123456789") || strings.Contains(got.String(), "token-of") {
				t.Errorf("a secret is repeated:\n%s", got)
			}
			if len(r.asked()) != len(c.answers) {
				t.Errorf("asked %v", r.asked())
			}
		})
	}
}

// What the register is asked is the contract: bodies, tokens, keys.
func TestWhatTheRegisterIsAsked(t *testing.T) {
	r := standIn(t, map[string]any{"POST /v1/sales": "sale-open.json", "POST /v1/sales/s_01J9/scan": "sale-awaiting.json",
		"POST /v1/attempts/R1/ruling": "sale-paid.json", "POST /v1/session-code": "session-code.json", "GET /v1/days/current?format=text": "devices.json",
		"GET /v1/days/2026-11-20?format=json": "devices.json", "POST /v1/sales/s_01J9/settle": "sale-cancelled.json"})
	for _, line := range []string{
		"sale 1049 --currency CAD --tip 10.5 --ticket A-7 --cashier mroy --note gift --key POS-7 --code-stdin --lang fr-CA",
		"rule R1 paid --why seen --by jdoe",
		"open --role technician",
		"day", "day 2026-11-20 --json",
		"settle s_01J9 --tender cash --by mroy",
	} {
		if got := command(t.Context(), t, "134567890123456789\r\n", append([]string{"--config", r.config}, strings.Fields(line)...)...); got.code != 0 {
			t.Errorf("%s: %s", line, got)
		}
	}
	want := []asked{
		{"POST /v1/sales", "Bearer token-of-cashier", "POS-7", "fr-CA", `{"amount":104900,"currency":"CAD","tip":1050,"ticket":"A-7","cashier":"mroy","note":"gift"}`},
		{"POST /v1/sales/s_01J9/scan", "Bearer token-of-cashier", "", "fr-CA", `{"code":"134567890123456789"}`},
		{"POST /v1/attempts/R1/ruling", "Bearer token-of-manager", "", "en", `{"by":"jdoe","paid":true,"why":"seen"}`},
		{"POST /v1/session-code", "Bearer token-of-technician", "", "en", `{"role":"technician"}`},
		{"GET /v1/days/current?format=text", "Bearer token-of-manager", "", "en", ""},
		{"GET /v1/days/2026-11-20?format=json", "Bearer token-of-manager", "", "en", ""},
		{"POST /v1/sales/s_01J9/settle", "Bearer token-of-cashier", "", "en", `{"by":"mroy","tender":"cash"}`},
	}
	if d := cmp.Diff(want, r.asked(), cmp.AllowUnexported(asked{})); d != "" {
		t.Errorf("-want +got:\n%s", d)
	}
}

// POS software that knows only the address sells in the till's own currency, or is told to name one.
func TestCurrencyOfTheTill(t *testing.T) {
	r := standIn(t, map[string]any{"GET /v1/status": func(w http.ResponseWriter, _ *http.Request) { send(w, `{"currency":"JPY"}`) }, "POST /v1/sales": "sale-open.json"})
	token := filepath.Join(filepath.Dir(r.config), "tokens", "cashier")
	got := command(t.Context(), t, "", "--url", r.URL, "--token-file", token, "sale", "1200")
	if seen := r.asked(); got.code != 0 || len(seen) != 2 || seen[1].body != `{"amount":1200,"currency":"JPY"}` {
		t.Errorf("%s: %v", got, seen)
	}
	old := standIn(t, map[string]any{"GET /v1/status": "status.json"})
	got = command(t.Context(), t, "", "--url", old.URL, "--token-file", token, "sale", "1200")
	if got.code != exitUsage || !strings.Contains(got.errout, "--currency") {
		t.Error(got)
	}
}

// The browser is opened at an address whose secret is in the fragment.
func TestOpen(t *testing.T) {
	r := standIn(t, map[string]any{"POST /v1/session-code": "session-code.json"})
	got := command(t.Context(), t, "", "--config", r.config, "open")
	if got.code != 0 || got.out != r.URL+"/#code=one-time\n" {
		t.Errorf("got %s", got)
	}
	for path, want := range map[string]string{"/": "http://r/#code=c", "": "http://r/#code=c", "/cashier": "http://r/cashier#code=c", "/#code=c": "http://r/#code=c"} {
		if got := address("http://r", path, "c"); got != want {
			t.Errorf("%q: %s, want %s", path, got, want)
		}
	}
}

// The answer to a sale gets lost: it is asked again under the same key, and only then.
func TestLostAnswer(t *testing.T) {
	times := 0
	r := standIn(t, map[string]any{
		"POST /v1/sales": func(w http.ResponseWriter, _ *http.Request) {
			if times++; times < 3 {
				panic(http.ErrAbortHandler)
			}
			send(w, `{"id":"s_1","currency":"USD","status":"open"}`)
		},
		"POST /v1/sales/s_1/cancel": func(http.ResponseWriter, *http.Request) { panic(http.ErrAbortHandler) },
	})
	if got := command(t.Context(), t, "", "--config", r.config, "sale", "1"); got.code != 0 {
		t.Fatal(got)
	}
	seen := r.asked()
	if len(seen) != 3 || seen[0].key == "" || seen[0] != seen[1] || seen[1] != seen[2] {
		t.Errorf("asked %v", seen)
	}
	again := command(t.Context(), t, "", "--config", r.config, "cancel", "s_1")
	if again.code != exitUnavailable || len(r.asked()) != 4 {
		t.Errorf("a request without a key: %s, asked %d times", again, len(r.asked())-3)
	}
	if times = 2; command(t.Context(), t, "", "--config", r.config, "sale", "1").code != 0 || r.asked()[4].key == seen[0].key {
		t.Error("another sale went under the same key")
	}
}

// No register, no configuration, no right: each says what to do next.
func TestWaysToFindNoRegister(t *testing.T) {
	r := standIn(t, nil)
	r.Close()
	dir := filepath.Dir(r.config)
	token := filepath.Join(dir, "tokens", "cashier")
	put(t, filepath.Join(dir, "yaml.toml"), "listen: here")
	put(t, filepath.Join(dir, "young.toml"), fmt.Sprintf("data = %q\n", filepath.Join(dir, "none")))
	put(t, filepath.Join(dir, "empty"), "\n")
	for name, c := range map[string]struct {
		args string
		code int
		want string
	}{
		"it is not running":       {"--config " + r.config + " status", exitUnavailable, "systemctl status posd"},
		"it is not running, wait": {"--config " + r.config + " sale 1 --wait", exitUnavailable, "does not answer at " + strings.TrimPrefix(r.URL, "http://")},
		"by its address":          {"--url " + r.URL + " --token-file " + token + " status", exitUnavailable, "does not answer"},
		"no configuration":        {"--config " + dir + "/none.toml status", exitConfiguration, "--config"},
		"not a configuration":     {"--config " + dir + "/yaml.toml status", exitConfiguration, "posd config check"},
		"never started":           {"--config " + dir + "/young.toml status", exitUnavailable, "when it first starts"},
		"an address alone":        {"--url " + r.URL + " status", exitUsage, "--token-file"},
		"an address abroad":       {"--url http://example.com --token-file " + token + " status", exitUsage, "127.0.0.1"},
		"an empty token":          {"--url " + r.URL + " --token-file " + dir + "/empty status", exitFailed, "holds no token"},
	} {
		got := command(t.Context(), t, "", strings.Fields(c.args)...)
		if got.code != c.code || !strings.Contains(got.errout, c.want) || got.out != "" {
			t.Errorf("%s: %s", name, got)
		}
	}
}

// Somebody else answers at the address: nothing of it is believed or repeated.
func TestSomebodyElseAnswers(t *testing.T) {
	page := func(w http.ResponseWriter, _ *http.Request) { send(w, "<html>hello</html>") }
	gone := func(w http.ResponseWriter, _ *http.Request) { http.Error(w, "hello", http.StatusBadGateway) }
	r := standIn(t, map[string]any{"GET /v1/status": page, "GET /v1/queue": gone, "POST /v1/sales": page})
	for _, args := range []string{"status", "queue", "sale 1"} {
		got := command(t.Context(), t, "", append([]string{"--config", r.config}, strings.Fields(args)...)...)
		if got.code != exitFailed || !strings.Contains(got.errout, "not a register's") || strings.Contains(got.String(), "hello") {
			t.Errorf("%s: %s", args, got)
		}
	}
}

func TestLanguageOfTheShell(t *testing.T) {
	catalogue, err := words.Open()
	if err != nil {
		t.Fatal(err)
	}
	for locale, want := range map[string]string{"fr_CA.UTF-8": "fr-CA", "zh_CN.UTF-8": "zh-Hans", "en_US": "en", "C.UTF-8": "en", "POSIX": "en", "": "en", "de_DE@euro": "en"} {
		if got := catalogue.Match(tag("", locale)); got != want {
			t.Errorf("%q: %s, want %s", locale, got, want)
		}
	}
}
