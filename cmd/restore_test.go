package cmd_test

import (
	"encoding/json"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// A register that is backed up while it serves, breaks, and is restored from the copy: it is not served until
// a manager says so; then what the copy knew goes on, a refund that waited is not sent, and no reference or
// Z number comes again.
func TestRestoredRegister(t *testing.T) {
	r, b := counter(t)
	first := r.pays(t, b, 12950, "A-1")
	b.do(t, "line down")
	waits := r.gives(t, first, 2950, "r-1")
	usb := t.TempDir()
	made := run(t, "", "posd", "journal", "backup", "--config", r.config, "--out", usb, "--json")
	var copied struct {
		File string
		Rows int
	}
	if made.code != 0 || json.Unmarshal([]byte(made.stdout), &copied) != nil || copied.Rows == 0 {
		t.Fatalf("backup: exit %d %s%s", made.code, made.stdout, made.stderr)
	}
	b.do(t, "line up")
	r.stands(t, waits, "refunded", soon)
	lost := r.pays(t, b, 5000, "A-2") // the copy does not know it
	var z struct{ Z int }
	r.post(t, http.StatusCreated, request{path: "/v1/days/current/close", key: "z-1", body: map[string]any{"by": "jdoe"}}, &z)
	r.kill(t)

	for _, side := range []string{"", "-wal", "-shm"} {
		if err := os.Remove(filepath.Join(r.data, "register.db"+side)); err != nil && !os.IsNotExist(err) {
			t.Fatal(err)
		}
	}
	text, err := os.ReadFile(copied.File)
	if err != nil {
		t.Fatal(err)
	}
	write(t, filepath.Join(r.data, "register.db"), 0o600, string(text))
	refused := run(t, "", "posd", "serve", "--config", r.config)
	if refused.code != 65 || !strings.Contains(refused.stderr, "posd journal adopt") {
		t.Fatalf("a copy was served: exit %d %s", refused.code, refused.stderr)
	}
	adopted := run(t, "", "posd", "journal", "adopt", "--config", r.config, "--by", "M. Roy", "--why", "the disk died")
	if adopted.code != 0 || !strings.Contains(adopted.stdout, "generation 1") || !strings.Contains(adopted.stdout, "not sent any more: 1") ||
		!strings.Contains(adopted.stdout, "rows more") {
		t.Fatalf("adopt: exit %d %s%s", adopted.code, adopted.stdout, adopted.stderr)
	}
	r.start(t)
	r.stands(t, waits, "withdrawn", soon)
	next := r.pays(t, b, 7000, "A-3")
	if got := next.Attempts[0].Reference; got == lost.Attempts[0].Reference || !strings.Contains(got, "-1000") {
		t.Errorf("the reference %s may have been given before", got)
	}
	var again struct{ Z int }
	r.post(t, http.StatusCreated, request{path: "/v1/days/current/close", key: "z-2", body: map[string]any{"by": "jdoe"}}, &again)
	if again.Z <= z.Z || again.Z != 1001 {
		t.Errorf("Z %d after %d", again.Z, z.Z)
	}
	r.verifies(t)
	_, taken, returned := b.paid(t)
	if taken != 24950 || returned != 2950 {
		t.Errorf("the acquirer took %d and gave %d: the refund went twice, or a sale did", taken, returned)
	}
	exported := run(t, "", "posd", "journal", "export", "--config", r.config, "--out", "-")
	if exported.code != 0 || !strings.Contains(exported.stdout, `"kind":"generation.started"`) {
		t.Errorf("export: exit %d %s", exported.code, exported.stderr)
	}
	if busy := run(t, "", "posd", "journal", "rebuild", "--config", r.config); busy.code != 75 {
		t.Errorf("rebuilt under the daemon: exit %d %s", busy.code, busy.stderr)
	}
	r.kill(t)
	if rebuilt := run(t, "", "posd", "journal", "rebuild", "--config", r.config); rebuilt.code != 0 || !strings.Contains(rebuilt.stdout, "agree with the journal") {
		t.Errorf("rebuild: exit %d %s", rebuilt.code, rebuilt.stderr)
	}
	r.start(t)
	r.stands(t, waits, "withdrawn", soon)
}
