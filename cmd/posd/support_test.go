package main

import (
	"archive/tar"
	"bytes"
	"compress/gzip"
	"encoding/base64"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"posd/pos/api"
)

// A technician sends support a bundle from a register on which everything leaks: a log and a daemon that say
// payment codes, tokens and the key in every form. Not one byte of them is in the file, nor on the screen.
func TestSupportTellsNoSecret(t *testing.T) {
	config := withDevice(t, "scanner", "scanner", "line", os.DevNull)
	l, err := loadConfig(config, nil, able())
	if err != nil {
		t.Fatal(err)
	}
	if err := os.Mkdir(l.Data, 0o700); err != nil {
		t.Fatal(err)
	}
	journal(t, l.Data)
	tokens, err := api.OpenTokens(filepath.Join(l.Data, "tokens"))
	if err != nil {
		t.Fatal(err)
	}
	key, err := os.ReadFile(filepath.Join(l.Data, keyFile))
	if err != nil {
		t.Fatal(err)
	}
	secrets := []string{"not-a-real-token", string(key), hex.EncodeToString(key), base64.StdEncoding.EncodeToString(key), base64.RawURLEncoding.EncodeToString(key),
		base64.StdEncoding.EncodeToString([]byte("not-a-real-token")), "134567890123456789", "2890123456789012", "2890 1234 5678 9012 34", "hQVDUFYwMWFPB6AAAAMzMQFx"}
	for _, token := range tokens {
		secrets = append(secrets, token, hex.EncodeToString([]byte(token)))
	}
	const inAHeader = "abcdefgh12345678"
	leak := strings.Join(secrets, " said somebody\n{\"code\":\"") + "\nAuthorization: Bearer " + inAHeader + "\n"
	daemon := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.Header.Get("Authorization") != "Bearer "+tokens[api.RoleTechnician] {
			w.WriteHeader(http.StatusUnauthorized)
		}
		fmt.Fprintf(w, `{"asked":%q,"leak":%q}`, r.URL.Path, leak)
	}))
	defer daemon.Close()
	text, err := os.ReadFile(config)
	if err != nil {
		t.Fatal(err)
	}
	write(t, config, 0o600, strings.Replace(string(text), "127.0.0.1:1", strings.TrimPrefix(daemon.URL, "http://"), 1))
	dir := t.TempDir()
	log, out := filepath.Join(dir, "posd.log"), filepath.Join(dir, "bundle.tar.gz")
	write(t, log, 0o600, "the first line\n"+leak+"the last line\n")

	listed := posd(t, "support", "--config", config, "--log", log, "--list")
	if _, err := os.Stat(out); err == nil || listed.code != 0 || !strings.Contains(listed.out, "log.txt") {
		t.Errorf("%+v", listed)
	}
	got := posd(t, "support", "--config", config, "--log", log, "--out", out)
	if got.code != 0 || !strings.Contains(got.out, "send it to support") {
		t.Fatalf("%+v", got)
	}
	packed, err := os.ReadFile(out)
	if err != nil {
		t.Fatal(err)
	}
	files := unpack(t, packed)
	everything := append([]byte(got.out+got.errout+listed.out), packed...)
	for name, text := range files {
		everything = append(everything, name...)
		everything = append(everything, text...)
	}
	for _, secret := range append(secrets, inAHeader) {
		if bytes.Contains(everything, []byte(secret)) {
			t.Errorf("%.12q... is in the bundle", secret)
		}
	}
	for _, want := range []string{"the first line", "the last line", "****6789", "(hidden)", `"/v1/status"`, `"asked":"/metrics"`, registerFile, "NYC5AV-03", "The configuration is sound."} {
		if !bytes.Contains(everything, []byte(want)) {
			t.Errorf("%q is not in the bundle", want)
		}
	}
	for name := range files {
		if short := strings.TrimPrefix(name, "posd-support/"); !strings.Contains(listed.out, short) {
			t.Errorf("%s went in and was not listed", short)
		}
	}
	if info, err := os.Stat(out); err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("%v %v", info.Mode(), err)
	}
	if got := posd(t, "support", "--config", config, "--log", log, "--out", out); got.code != exitCannotCreate {
		t.Errorf("over another bundle: %+v", got)
	}
}

func unpack(t *testing.T, packed []byte) map[string][]byte {
	t.Helper()
	plain, err := gzip.NewReader(bytes.NewReader(packed))
	if err != nil {
		t.Fatal(err)
	}
	files := map[string][]byte{}
	for all := tar.NewReader(plain); ; {
		head, err := all.Next()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			t.Fatal(err)
		}
		if files[head.Name], err = io.ReadAll(all); err != nil {
			t.Fatal(err)
		}
	}
	if len(files) < 10 {
		t.Fatalf("only %d files in the bundle", len(files))
	}
	return files
}

// A bundle can be made where the daemon does not run and there is no log: what is missing says so.
func TestSupportOfADeadRegister(t *testing.T) {
	file, _ := sound(t)
	out := filepath.Join(t.TempDir(), "bundle.tar.gz")
	if got := posd(t, "support", "--config", file, "--log", filepath.Join(t.TempDir(), "none"), "--out", out); got.code != 0 {
		t.Fatalf("%+v", got)
	}
	packed, err := os.ReadFile(out)
	if err != nil {
		t.Fatal(err)
	}
	files := unpack(t, packed)
	if text := files["posd-support/log.txt"]; !bytes.Contains(text, []byte("not whole")) {
		t.Errorf("the log: %s", text)
	}
	if !slices.ContainsFunc([]string{"the daemon does not run", "technician"}, func(want string) bool { return bytes.Contains(files["posd-support/status.json"], []byte(want)) }) {
		t.Errorf("the status: %s", files["posd-support/status.json"])
	}
}

// Whatever stands around a secret, it does not come through.
func FuzzHidden(f *testing.F) {
	f.Add("a", "b", "T0KEN")
	f.Add("1", "2", "289012345678901234")
	f.Fuzz(func(t *testing.T, before, after, secret string) {
		if len(secret) < 6 || strings.Contains("(hidden)****$1$2", secret) || strings.Contains(before+after, secret) {
			return
		}
		h := hidden{forms: [][]byte{[]byte(secret)}}
		if got := h.from([]byte(before + secret + after)); bytes.Contains(got, []byte(secret)) {
			t.Errorf("%q", got)
		}
	})
}
