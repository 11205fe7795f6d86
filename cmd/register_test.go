package cmd_test

import (
	"bytes"
	"context"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"io"
	"io/fs"
	"math/rand/v2"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"
)

// register is a posd with a configuration and a data folder of its own. It can be started, killed and
// started again; what it wrote stays.
type register struct {
	*process
	config, data string
	base         string // http://127.0.0.1:PORT
	said         []*said
	codes        []string // every payment code the test used: none may be found anywhere
	answers      *said    // every answer of the API, when somebody wants them
}

// openRegister writes a configuration for the boutique's devices and starts the daemon on it.
func openRegister(t *testing.T, b *boutique) *register {
	t.Helper()
	return openRegisterWith(t, b, "text")
}

// openRegisterWith is openRegister for a customer display of another kind.
func openRegisterWith(t *testing.T, b *boutique, display string) *register {
	t.Helper()
	dir := t.TempDir()
	r := &register{config: filepath.Join(dir, "posd.toml"), data: filepath.Join(dir, "data")}
	listen := freePort(t)
	r.base = "http://" + listen
	write(t, r.config, 0o600, fmt.Sprintf(`store = "NYC5AV"
register = "NYC5AV-03"
timezone = "America/New_York"
day_cutoff = "04:00"
currency = "USD"
languages = ["en", "zh-Hans"]
data = %q
listen = %q

[acquirer]
dialect = "citcon-pos"
url = %q
token_file = %q

[[device]]
name = "scanner"
role = "scanner"
driver = "line"
port = %q
baud = 9600

[[device]]
name = "display"
role = "display"
driver = %q
port = %q

[limits]
unfinished = 200
`, r.data, listen, b.Acquirer, b.TokenFile, b.Scanner, display, b.Display))
	r.start(t)
	t.Cleanup(func() { r.keepsSecrets(t, b) })
	return r
}

// start starts the daemon and waits until it takes sales.
func (r *register) start(t *testing.T) {
	t.Helper()
	r.process = launch(t, "posd", nil, nil, "serve", "--config", r.config)
	r.said = append(r.said, r.stderr)
	eventually(t, startWithin, "the register is ready", func() bool {
		select {
		case <-r.done:
			t.Fatalf("posd ended: %v\n%s", r.err, r.stderr)
		default:
		}
		answer, err := http.Get(r.base + "/readyz")
		if err != nil {
			return false
		}
		answer.Body.Close()
		return answer.StatusCode == http.StatusOK
	})
}

// devicesReady waits until the desk stands: a scan before that meets nobody.
func (r *register) devicesReady(t *testing.T) {
	t.Helper()
	eventually(t, startWithin, "every device is ready", func() bool {
		var status struct {
			Devices []struct{ State string }
		}
		r.get(t, "/v1/status", &status)
		ready := 0
		for _, d := range status.Devices {
			if d.State == "ready" {
				ready++
			}
		}
		return ready == len(status.Devices)
	})
}

// lacksScanner waits until the register says that its scanner is gone.
func (r *register) lacksScanner(t *testing.T) {
	t.Helper()
	eventually(t, soon, "the register says that the scanner is gone", func() bool {
		var list struct {
			Items []struct{ Name, State string }
		}
		r.get(t, "/v1/devices", &list)
		return slices.ContainsFunc(list.Items, func(d struct{ Name, State string }) bool { return d.Name == "scanner" && d.State != "ready" })
	})
}

// freePort finds a port that nobody has, and that no system gives to somebody who does not ask for it by number: the
// daemon is stopped and started on it.
func freePort(t *testing.T) string {
	t.Helper()
	for range 100 {
		l, err := net.Listen("tcp", fmt.Sprintf("127.0.0.1:%d", 10_000+rand.IntN(20_000)))
		if err == nil {
			defer l.Close()
			return l.Addr().String()
		}
	}
	t.Fatal("a hundred ports are taken")
	return ""
}

func write(t *testing.T, path string, mode os.FileMode, text string) {
	t.Helper()
	if err := os.WriteFile(path, []byte(text), mode); err != nil {
		t.Fatal(err)
	}
}

// token is what one role shows at the door.
func (r *register) token(t *testing.T, role string) string {
	t.Helper()
	b, err := os.ReadFile(filepath.Join(r.data, "tokens", role))
	if err != nil {
		t.Fatal(err)
	}
	return strings.TrimSpace(string(b))
}

// request is one call of the local API.
type request struct {
	method, path string
	body         any // marshalled, unless it is a string
	role         string
	key          string // Idempotency-Key
	host, origin string
	kind         string // Content-Type when not JSON
}

// call makes the request and returns the answer's status and body.
func (r *register) call(t *testing.T, q request) (int, []byte) {
	t.Helper()
	token := ""
	if q.role != "" {
		token = r.token(t, q.role)
	}
	code, text, err := r.send(t.Context(), q, token)
	if err != nil {
		t.Fatalf("%s %s: %v", q.method, q.path, err)
	}
	return code, text
}

// send is call for one who expects that the register may be gone.
func (r *register) send(ctx context.Context, q request, token string) (int, []byte, error) {
	var body io.Reader
	switch b := q.body.(type) {
	case nil:
	case string:
		body = strings.NewReader(b)
	default:
		text, err := json.Marshal(b)
		if err != nil {
			return 0, nil, err
		}
		body = bytes.NewReader(text)
	}
	req, err := http.NewRequestWithContext(ctx, q.method, r.base+q.path, body)
	if err != nil {
		return 0, nil, err
	}
	if token != "" {
		req.Header.Set("Authorization", "Bearer "+token)
	}
	if q.body != nil {
		req.Header.Set("Content-Type", "application/json")
	}
	if q.kind != "" {
		req.Header.Set("Content-Type", q.kind)
	}
	if q.key != "" {
		req.Header.Set("Idempotency-Key", q.key)
	}
	if q.origin != "" {
		req.Header.Set("Origin", q.origin)
	}
	req.Host = q.host
	answer, err := (&http.Client{Timeout: startWithin}).Do(req)
	if err != nil {
		return 0, nil, err
	}
	defer answer.Body.Close()
	text, err := io.ReadAll(io.LimitReader(answer.Body, 1<<22))
	if r.answers != nil {
		fmt.Fprintln(r.answers, answer.Header)
		_, _ = r.answers.Write(text)
	}
	return answer.StatusCode, text, err
}

// get reads as the manager, who may read everything.
func (r *register) get(t *testing.T, path string, into any) {
	t.Helper()
	code, text := r.call(t, request{method: "GET", path: path, role: "manager"})
	if code != http.StatusOK {
		t.Fatalf("GET %s: %d %s", path, code, text)
	}
	if err := json.Unmarshal(text, into); err != nil {
		t.Fatalf("GET %s: %v in %s", path, err, text)
	}
}

// post expects the answer `want` and reads it.
func (r *register) post(t *testing.T, want int, q request, into any) {
	t.Helper()
	q.method = "POST"
	if q.role == "" {
		q.role = "manager"
	}
	code, text := r.call(t, q)
	if code != want {
		t.Fatalf("POST %s: got %d %s, want %d", q.path, code, text, want)
	}
	if into != nil {
		if err := json.Unmarshal(text, into); err != nil {
			t.Fatalf("POST %s: %v in %s", q.path, err, text)
		}
	}
}

// sale is what the API says of a sale, as far as the tests look at it.
type sale struct {
	ID           string `json:"id"`
	Status       string `json:"status"`
	NeedsManager bool   `json:"needs_manager"`
	Charged      int64  `json:"charged"`
	Attempts     []struct {
		Reference  string `json:"reference"`
		State      string `json:"state"`
		Wallet     string `json:"wallet"`
		Code       string `json:"code"`
		AcquirerID string `json:"acquirer_id"`
		Reason     string `json:"reason"`
	} `json:"attempts"`
}

// problem is a refusal.
type problem struct {
	Type string `json:"type"`
	Say  string `json:"say"`
	Sent bool   `json:"sent"`
}

// open opens a sale of the amount.
func (r *register) open(t *testing.T, amount int64, ticket string) sale {
	t.Helper()
	var s sale
	r.post(t, http.StatusCreated, request{path: "/v1/sales", role: "cashier", key: "open-" + ticket,
		body: map[string]any{"amount": amount, "currency": "USD", "ticket": ticket}}, &s)
	return s
}

// scan arms the scanner for the sale and lets the boutique's scanner read a code.
func (r *register) scan(t *testing.T, b *boutique, s sale, code string) {
	t.Helper()
	r.devicesReady(t)
	r.post(t, http.StatusAccepted, request{path: "/v1/sales/" + s.ID + "/scan", role: "cashier", body: map[string]any{}}, nil)
	r.codes = append(r.codes, code)
	b.do(t, "scan this %s", code)
}

func (r *register) sale(t *testing.T, id string) (s sale) {
	t.Helper()
	r.get(t, "/v1/sales/"+id, &s)
	return s
}

// becomes waits until the sale has the status.
func (r *register) becomes(t *testing.T, id, status string, within time.Duration) (s sale) {
	t.Helper()
	eventually(t, within, "sale is "+status, func() bool {
		s = r.sale(t, id)
		return s.Status == status
	})
	return s
}

// secrets are what the register must never write or say: every code it was shown, its tokens, its key.
func (r *register) secrets(t *testing.T, b *boutique) *secrets {
	t.Helper()
	all := &secrets{}
	for i, c := range r.codes {
		all.add(fmt.Sprintf("payment code %d", i+1), []byte(c))
	}
	token, err := os.ReadFile(b.TokenFile)
	if err != nil {
		t.Error(err)
	}
	all.add("the acquirer's token", bytes.TrimSpace(token))
	for _, role := range []string{"cashier", "manager", "technician", "display"} {
		token := r.token(t, role)
		all.add("the token of "+role, []byte(token))
		if bare, err := base64.RawURLEncoding.DecodeString(token); err != nil {
			t.Error(err)
		} else {
			all.add("the bytes of the token of "+role, bare)
		}
	}
	key, err := os.ReadFile(filepath.Join(r.data, "register.key"))
	if err != nil {
		t.Error(err)
	}
	all.add("the register's key", key)
	return all
}

// keepsSecrets searches all the register wrote and said for what it must never write or say.
func (r *register) keepsSecrets(t *testing.T, b *boutique) {
	t.Helper()
	all := r.secrets(t, b)
	for i, s := range r.said {
		for _, what := range all.in([]byte(s.String())) {
			t.Errorf("%s stands in the log of start %d", what, i+1)
		}
	}
	for where, found := range r.atRest(t, all) {
		t.Errorf("%q stand in %s", found, where)
	}
}

// atRest searches every file of the data folder but those that hold the secrets themselves.
func (r *register) atRest(t *testing.T, all *secrets) map[string][]string {
	t.Helper()
	found := map[string][]string{}
	err := filepath.WalkDir(r.data, func(path string, d fs.DirEntry, err error) error {
		if err != nil || !d.Type().IsRegular() || filepath.Base(filepath.Dir(path)) == "tokens" || d.Name() == "register.key" {
			return err
		}
		text, err := os.ReadFile(path)
		if what := all.in(text); len(what) > 0 {
			found[d.Name()] = what
		}
		return err
	})
	if err != nil {
		t.Error(err)
	}
	return found
}
