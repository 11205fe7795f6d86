package cmd_test

import (
	"bytes"
	"crypto/rand"
	"encoding/json"
	"errors"
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

// A log that nobody rotates fills the disk of a register that trades. New sales are refused, at once and in one sentence,
// as often as they are tried; the payment that was under way is cancelled and the day is closed all the same. When there
// is room again the register trades on by itself.
func TestFullDisk(t *testing.T) {
	needRoot(t, "can mount a small disk")
	r, b := counter(t)
	r.kill(t)
	small := filepath.Join(filepath.Dir(r.data), "small")
	if err := os.Mkdir(small, 0o700); err != nil {
		t.Fatal(err)
	}
	if err := syscall.Mount("tmpfs", small, "tmpfs", 0, "size=40m,mode=0700"); err != nil {
		t.Fatal(err)
	}
	was := r.data
	t.Cleanup(func() {
		r.kill(t)
		r.data = was
		if err := syscall.Unmount(small, 0); err != nil {
			t.Error(err)
		}
	})
	config, err := os.ReadFile(r.config)
	if err != nil {
		t.Fatal(err)
	}
	write(t, r.config, 0o600, strings.Replace(string(config), fmt.Sprintf("data = %q", r.data), fmt.Sprintf("data = %q", small), 1))
	r.data = small
	r.start(t)
	r.pays(t, b, 12950, "A-1")
	waiting := r.open(t, 4200, "A-2")
	r.post(t, 202, request{path: "/v1/sales/" + waiting.ID + "/present", role: "cashier", body: map[string]any{}}, nil)
	r.becomes(t, waiting.ID, "awaiting", soon)

	filler := filepath.Join(small, "posd.log")
	fill(t, filler)
	n := 0
	sell := func() (status int, answer []byte, took time.Duration) {
		began := time.Now()
		n++
		status, answer = r.call(t, request{method: "POST", path: "/v1/sales", role: "cashier", key: fmt.Sprint("full-", n), body: map[string]any{"amount": 1000 + n, "currency": "USD"}})
		return status, answer, time.Since(began)
	}
	eventually(t, soon, "sales are refused", func() bool { status, _, _ := sell(); return status != 201 })
	var tries []time.Duration
	for range 20 {
		status, answer, took := sell()
		var p struct{ Type, Say, Do string }
		if err := json.Unmarshal(answer, &p); err != nil || status != 503 || p.Type != "storage_failed" || !strings.Contains(p.Say, "disk") || p.Do == "" {
			t.Fatalf("%d %s", status, answer)
		}
		tries = append(tries, took)
	}
	slices.Sort(tries)
	if tries[len(tries)/2] > time.Second { // on a machine that does nothing else it takes a few milliseconds
		t.Errorf("a refusal took %s", tries[len(tries)/2])
	}
	r.post(t, 202, request{path: "/v1/sales/" + waiting.ID + "/cancel", role: "cashier", body: map[string]any{"by": "mroy"}}, nil)
	r.becomes(t, waiting.ID, "cancelled", startWithin)
	r.post(t, 201, request{path: "/v1/days/current/close", key: "z-1", body: map[string]any{"by": "jdoe"}}, nil)

	remove(t, filler)
	began := time.Now()
	eventually(t, soon, "sales are taken again", func() bool { status, _, _ := sell(); return status == 201 })
	again := time.Since(began)
	r.verifies(t)
	if _, taken, _ := b.paid(t); taken != 12950 {
		t.Errorf("the acquirer took %d", taken)
	}
	if !t.Failed() {
		t.Logf("the middle of %d refusals took %s, the slowest %s; trading again %s after there is room: tried %d, lost 0", len(tries),
			tries[len(tries)/2].Round(time.Millisecond), tries[len(tries)-1].Round(time.Millisecond), again.Round(time.Millisecond), len(tries))
	}
}

// fill writes until there is no room for a single page.
func fill(t *testing.T, path string) {
	t.Helper()
	f, err := os.Create(path)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	noise := make([]byte, 4096)
	if _, err := io.ReadFull(rand.Reader, noise); err != nil {
		t.Fatal(err)
	}
	for err == nil {
		_, err = io.Copy(f, bytes.NewReader(noise))
	}
	if !errors.Is(err, syscall.ENOSPC) {
		t.Fatal(err)
	}
}
