package main

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"log"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"posd/configs"
	"posd/pos"
	"posd/store"
)

// said is what a command left behind.
type said struct {
	code        int
	out, errout string
}

func posd(t *testing.T, args ...string) said {
	t.Helper()
	var out, errout bytes.Buffer
	code := run(t.Context(), args, &out, &errout)
	return said{code, out.String(), errout.String()}
}

// sound writes a configuration that leads to a data folder of its own.
func sound(t *testing.T) (file, data string) {
	t.Helper()
	dir := t.TempDir()
	token := filepath.Join(dir, "citcon.token")
	write(t, token, 0o600, "not-a-real-token\n")
	file, data = filepath.Join(dir, "posd.toml"), filepath.Join(dir, "data")
	text := strings.NewReplacer(`"/var/lib/posd"`, fmt.Sprintf("%q", data), `"citcon.token"`, fmt.Sprintf("%q", token)).Replace(whole(t))
	write(t, file, 0o600, text[:strings.Index(text, "[[device]]")])
	return file, data
}

// gaps are as wide as the longest value, which is a path of this machine.
var gaps = regexp.MustCompile(`  +`)

func TestExitCodes(t *testing.T) {
	file, _ := sound(t)
	none := filepath.Join(t.TempDir(), "none")
	for args, c := range map[string]struct {
		code int
		want string
	}{
		"--help":                                {0, "posd doctor --config posd.toml"},
		"version":                               {0, "posd " + release},
		"config show --default":                 {0, "EDIT"},
		"config check --config " + file:         {0, "sound"},
		"config check --config " + none:         {exitConfiguration, "posd config show --default > posd.toml"},
		"serve --config " + none:                {exitConfiguration, "posd config show --default > posd.toml"},
		"--config " + none:                      {exitConfiguration, "posd config show --default > posd.toml"},
		"set-up":                                {exitUsage, "no command"},
		"setup":                                 {exitUsage, "--store, --register"},
		"config":                                {exitUsage, "one more word"},
		"config chek":                           {exitUsage, "no command"},
		"config check --colour":                 {exitUsage, "--colour"},
		"config check more":                     {exitUsage, "more"},
		"journal verify":                        {exitUsage, "--file and --key"},
		"journal verify --file x --key " + none: {exitFailed, "x"},
	} {
		got := posd(t, strings.Fields(args)...)
		if got.code != c.code || !strings.Contains(got.out+got.errout, c.want) {
			t.Errorf("posd %s: %+v, want %d with %q", args, got, c.code, c.want)
		}
		if (got.code == 0) != (got.errout == "") {
			t.Errorf("posd %s: data and talk are mixed: %+v", args, got)
		}
	}
	if got := posd(t, "config", "show", "--default"); got.out != string(configs.Default()) {
		t.Error("the default configuration is not the one we ship")
	}
}

// What counts, and where it came from. The token's file is named; the token is not.
func TestConfigShow(t *testing.T) {
	t.Setenv("POSD_REGISTER", "NYC5AV-04")
	file := filepath.Join(t.TempDir(), "posd.toml")
	text := strings.ReplaceAll(whole(t), "hold = \"25s\"\n", "")
	dir, _ := credentials(t)
	t.Setenv("CREDENTIALS_DIRECTORY", dir)
	write(t, file, 0o600, strings.ReplaceAll(text, `driver = "text"`, fmt.Sprintf("driver = %q", drivers()[pos.RoleDisplay][0])))
	got := posd(t, "config", "show", "--config", file)
	golden(t, "testdata/config-show.want", gaps.ReplaceAllString(strings.NewReplacer(dir, "CREDENTIALS", "driver "+drivers()[pos.RoleDisplay][0], "driver DRIVER").Replace(got.out+got.errout), "  "))
	asJSON := posd(t, "config", "show", "--json", "--config", file)
	var shown struct {
		Values  []worth
		Devices []Device
	}
	if err := json.Unmarshal([]byte(asJSON.out), &shown); err != nil || len(shown.Devices) != 2 || len(shown.Values) != len(settings)-1 {
		t.Errorf("%v: %s", err, asJSON.out)
	}
	if strings.Contains(got.out+asJSON.out, "not-a-real-token") {
		t.Error("the token is shown")
	}
}

func TestConfigCheckJSON(t *testing.T) {
	got := posd(t, "config", "check", "--json", "--config", "testdata/config/bad-everything-at-once.toml")
	var answer struct {
		OK     bool
		Faults Faults
	}
	if err := json.Unmarshal([]byte(got.out), &answer); err != nil || answer.OK || len(answer.Faults) < 10 || got.code != exitConfiguration || got.errout != "" {
		t.Errorf("%v: %+v", err, got)
	}
	for _, f := range answer.Faults {
		if f.Key == "" || f.Why == "" || f.Remedy == "" {
			t.Errorf("half a fault: %+v", f)
		}
	}
	file, _ := sound(t)
	if got := posd(t, "config", "check", "--json", "--config", file); got.code != 0 || !strings.Contains(got.out, `"faults": []`) {
		t.Errorf("%+v", got)
	}
}

// journal makes a register file with some rows and returns it closed.
func journal(t *testing.T, data string) (file, key string) {
	t.Helper()
	if err := os.MkdirAll(data, 0o700); err != nil {
		t.Fatal(err)
	}
	file, key = filepath.Join(data, registerFile), filepath.Join(data, keyFile)
	secret, err := store.LoadKey(key, "")
	if err != nil {
		t.Fatal(err)
	}
	s, err := store.Open(t.Context(), store.Options{Path: file, Key: secret, Log: discard()})
	if err != nil {
		t.Fatal(err)
	}
	at := time.Now().UTC().Truncate(time.Millisecond)
	day := pos.Date(at.Format(time.DateOnly))
	entries := []pos.Entry{{At: at, Day: day, Kind: pos.DayOpened}}
	for i := range 20 {
		entries = append(entries, pos.Entry{At: at, Day: day, Kind: pos.SaleOpened, Sale: fmt.Sprintf("s_%02d", i),
			Body: pos.Body{Amount: int64(100 + i), Currency: "USD", Ticket: fmt.Sprintf("TICKET-%02d", i)}})
	}
	if _, err := s.Append(context.WithoutCancel(t.Context()), entries...); err != nil {
		t.Fatal(err)
	}
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	return file, key
}

// A technician proves a journal from a copy; a row that somebody changed is named.
func TestJournalVerify(t *testing.T) {
	file, key := journal(t, t.TempDir())
	for _, flag := range []string{"--file", "--db"} {
		if got := posd(t, "journal", "verify", flag, file, "--key", key); got.code != 0 || !strings.Contains(got.out, "whole: 21 rows") {
			t.Errorf("%+v", got)
		}
	}
	text, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	changed := filepath.Join(t.TempDir(), "copy.db")
	if bytes.Count(text, []byte("TICKET-07")) == 0 {
		t.Fatal("the ticket does not stand in the file: the test changes nothing")
	}
	write(t, changed, 0o600, strings.ReplaceAll(string(text), "TICKET-07", "TICKET-17"))
	got := posd(t, "journal", "verify", "--file", changed, "--key", key)
	if got.code != exitBroken || !strings.Contains(got.out, "broken at row 9") {
		t.Errorf("a changed row: %+v", got)
	}
	asJSON := posd(t, "journal", "verify", "--json", "--file", changed, "--key", key)
	var v verdict
	if err := json.Unmarshal([]byte(asJSON.out), &v); err != nil || v.Whole || v.Broken != 9 || v.Rows != 8 || asJSON.code != exitBroken {
		t.Errorf("%v %+v", err, asJSON)
	}
	garbage := filepath.Join(t.TempDir(), "garbage.db")
	write(t, garbage, 0o600, strings.Repeat("not a database ", 1000))
	if got := posd(t, "journal", "verify", "--file", garbage, "--key", key); got.code != exitBroken {
		t.Errorf("garbage: %+v", got)
	}
	other := filepath.Join(t.TempDir(), "other.key")
	write(t, other, 0o600, strings.Repeat("k", 32))
	if got := posd(t, "journal", "verify", "--file", file, "--key", other); got.code != exitBroken || !strings.Contains(got.out, "row 1") {
		t.Errorf("another register's key: %+v", got)
	}
	none := filepath.Join(t.TempDir(), "none.key")
	if got := posd(t, "journal", "verify", "--file", file, "--key", none); got.code != exitFailed || exists(none) {
		t.Errorf("no key: %+v, made one: %v", got, exists(none))
	}
	write(t, other, 0o644, strings.Repeat("k", 32))
	if got := posd(t, "journal", "verify", "--file", file, "--key", other); got.code != exitFailed || !strings.Contains(got.errout, "chmod 600") {
		t.Errorf("a key that others may read: %+v", got)
	}
}

// An older copy is whole by itself. The rows and the head at the foot of a Z show that it is one.
func TestJournalVerifyAgainstAZ(t *testing.T) {
	file, key := journal(t, t.TempDir())
	var v verdict
	if got := posd(t, "journal", "verify", "--json", "--file", file, "--key", key); json.Unmarshal([]byte(got.out), &v) != nil || !v.Whole {
		t.Fatalf("%+v", got)
	}
	later := strings.Repeat("0f", 32)
	for name, c := range map[string]struct {
		args []string
		code int
		says string
	}{
		"this one":             {[]string{"--rows", "21", "--head", v.Head}, 0, "the printed head stands in it"},
		"this one, rows lost":  {[]string{"--head", strings.ToUpper(v.Head)}, 0, "the printed head stands in it"},
		"a later one":          {[]string{"--rows", "30", "--head", later}, exitBroken, "broken at row 22: is missing"},
		"a later one, no rows": {[]string{"--head", later}, exitBroken, "broken at row 22: is missing"},
		"of another journal":   {[]string{"--rows", "5", "--head", v.Head}, exitBroken, "broken at row 5: is another one"},
		"half a head":          {[]string{"--rows", "21", "--head", v.Head[:32]}, exitUsage, "64 hexadecimal digits"},
		"no head":              {[]string{"--rows", "21"}, exitUsage, "64 hexadecimal digits"},
	} {
		got := posd(t, append([]string{"journal", "verify", "--file", file, "--key", key}, c.args...)...)
		if got.code != c.code || !strings.Contains(got.out+got.errout, c.says) {
			t.Errorf("%s: %+v", name, got)
		}
	}
}

// A line may echo what we sent, and net/http quotes a line that speaks out of turn in the standard logger: that
// one must lead nowhere.
func TestStandardLoggerIsSilent(t *testing.T) {
	if code := run(t.Context(), []string{"version"}, io.Discard, io.Discard); code != 0 || log.Writer() != io.Discard {
		t.Errorf("exit code %d, and the standard logger writes to %v", code, log.Writer())
	}
}
