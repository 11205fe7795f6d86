package cmd_test

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// A cashier, a manager, a technician and a shopper are at the pages in a real browser, each on a real register of their own.
func TestPages(t *testing.T) {
	t.Parallel()
	for tool, install := range map[string]string{
		"node":     "sudo apt-get install -y --no-install-recommends nodejs",
		"chromium": "sudo apt-get install -y --no-install-recommends chromium fonts-wqy-microhei",
	} {
		if _, err := exec.LookPath(tool); err != nil {
			t.Fatalf("%s is missing; install it with: %s (scripts/check does)", tool, install)
		}
	}
	scripts, err := filepath.Glob(filepath.Join(house, "scripts", "browser", "*.test.mjs"))
	if err != nil || len(scripts) == 0 {
		t.Fatalf("no browser tests in scripts/browser: %v", err)
	}
	for _, script := range scripts {
		t.Run(strings.TrimSuffix(filepath.Base(script), ".test.mjs"), func(t *testing.T) {
			r, b := counter(t)
			r.devicesReady(t)
			if strings.HasSuffix(t.Name(), "/printer") {
				r.prints(t, b)
			}
			page := run(t, "", "posctl", "--config", r.config, "open", "--role", "cashier")
			if page.code != 0 {
				t.Fatalf("posctl open: exit %d %s", page.code, page.stderr)
			}
			told, err := os.Create(filepath.Join(t.TempDir(), "told"))
			if err != nil {
				t.Fatal(err)
			}
			go func() { // ends with the boutique
				defer told.Close()
				for r := range b.replies {
					_, _ = fmt.Fprintf(told, "%t %q\n", r.OK, r.Say)
				}
			}()
			ctx, cancel := context.WithTimeout(t.Context(), 10*time.Minute)
			defer cancel()
			node := exec.CommandContext(ctx, "node", "--test", script)
			node.Env = append(environment(), "POSD_PAGE="+strings.TrimSpace(page.stdout), "POSD_CONFIG="+r.config,
				"POSD_BASE="+r.base, "POSD_DATA="+r.data, "POSCTL="+command(t, "posctl"), fmt.Sprintf("POSIM_SAY=/proc/%d/fd/0", b.cmd.Process.Pid), "POSIM_TOLD="+told.Name())
			if shots := os.Getenv("POSD_SHOTS"); shots != "" {
				node.Env = append(node.Env, "POSD_SHOTS="+shots) // a folder for pictures of every scene
			}
			node.WaitDelay = stopWithin
			out, err := node.CombinedOutput()
			t.Logf("tried %s, lost %s", counted(out, "tests"), counted(out, "fail"))
			if err != nil {
				t.Errorf("%s: %v\n%s", filepath.Base(script), err, tail(string(out), 120))
			}
		})
	}
}

// prints gives the register the boutique's slip printer.
func (r *register) prints(t *testing.T, b *boutique) {
	t.Helper()
	r.kill(t)
	text, err := os.ReadFile(r.config)
	if err != nil {
		t.Fatal(err)
	}
	write(t, r.config, 0o600, string(text)+fmt.Sprintf("\n[[device]]\nname = \"printer\"\nrole = \"printer\"\nprofile = \"xprinter-80\"\nport = %q\n", b.Printer))
	r.start(t)
}

// counted reads one figure of the summary that the browser tests end with.
func counted(out []byte, what string) string {
	_, rest, _ := strings.Cut(string(out), "# "+what+" ")
	n, _, _ := strings.Cut(rest, "\n")
	return strings.TrimSpace(n)
}
