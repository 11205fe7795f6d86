package cmd_test

import (
	"bytes"
	"errors"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
)

const foreigner = 65534 // an account that owns nothing

// tree is every file of a folder, with what is in it.
func tree(t *testing.T, dir string) map[string][]byte {
	t.Helper()
	files := map[string][]byte{}
	err := filepath.WalkDir(dir, func(path string, e fs.DirEntry, err error) error {
		if err != nil || !e.Type().IsRegular() {
			return err
		}
		name, _ := filepath.Rel(dir, path)
		files[name], err = os.ReadFile(path)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return files
}

// A technician starts a register whose data folder is not as it was left. It says in one sentence which file is wrong
// and what to do, ends with the code that belongs to it, and nothing in the folder is changed or lost. Put right, it
// serves again and knows everything.
func TestDamagedFolderIsRefused(t *testing.T) {
	r, b := counter(t)
	r.pays(t, b, 12950, "A-1")
	r.kill(t)
	good := tree(t, r.data)
	turned := func(name string, at int) func(t *testing.T) {
		return func(t *testing.T) {
			bad := bytes.Clone(good[name])
			bad[at] ^= 4
			write(t, filepath.Join(r.data, name), 0o600, string(bad))
		}
	}
	chmod := func(name string, mode os.FileMode) func(t *testing.T) {
		return func(t *testing.T) {
			if err := os.Chmod(filepath.Join(r.data, name), mode); err != nil {
				t.Fatal(err)
			}
		}
	}
	const page = 1024
	tables := bytes.Index(good["register.db"], []byte("CREATE TABLE journal")) / page * page // what a sale writes stands in the log too
	tried := 0
	for name, c := range map[string]struct {
		damage func(t *testing.T)
		code   int
		says   []string
		as     int // the account it runs as, instead of ours
	}{
		"the file's tables turned":  {turned("register.db", tables), 65, []string{"register.db", "posd journal adopt"}, 0},
		"the log's head turned":     {turned("register.db-wal", 9), 65, []string{"register.db-wal", "posd journal adopt"}, 0},
		"the log in its middle":     {turned("register.db-wal", 32+24+page+100), 65, []string{"register.db-wal", "commits"}, 0},
		"the file cut short":        {func(t *testing.T) { write(t, filepath.Join(r.data, "register.db"), 0o600, "") }, 65, []string{"register.db", "posd journal adopt"}, 0},
		"the key is gone":           {func(t *testing.T) { remove(t, filepath.Join(r.data, "register.key")) }, 65, []string{"register.key", "put the right file back"}, 0},
		"the key cut short":         {func(t *testing.T) { write(t, filepath.Join(r.data, "register.key"), 0o600, "short") }, 65, []string{"register.key", "put the right file back"}, 0},
		"another register's key":    {turned("register.key", 5), 65, []string{"register.db", "the key is another one"}, 0},
		"the key for all to read":   {chmod("register.key", 0o644), 77, []string{"register.key", "chmod 600"}, 0},
		"a file of another account": {func(*testing.T) {}, 77, []string{r.data, "chown"}, foreigner},
	} {
		t.Run(name, func(t *testing.T) {
			tried++
			c.damage(t)
			before := tree(t, r.data)
			serve := func() ran { return run(t, "", "posd", "serve", "--config", r.config) }
			if c.as != 0 {
				serve = func() ran { return r.runsAs(t, b, c.as) }
			}
			got := serve()
			if got.code != c.code {
				t.Errorf("exit %d, want %d: %s", got.code, c.code, got.stderr)
			}
			for _, word := range c.says {
				if !strings.Contains(got.stderr, word) || strings.Contains(got.stderr, "panic") || strings.Count(strings.TrimSpace(got.stderr), "\n") > 0 {
					t.Errorf("it does not say %q in one line: %s", word, got.stderr)
				}
			}
			delete(before, "register.db-shm") // SQLite's scratch, made anew at each start
			for file, b := range before {
				if after, err := os.ReadFile(filepath.Join(r.data, file)); err != nil || !bytes.Equal(after, b) {
					t.Errorf("%s is not what it was: %v", file, err)
				}
			}
			for file, b := range good {
				write(t, filepath.Join(r.data, file), 0o600, string(b))
				chmod(file, 0o600)(t)
			}
		})
	}
	t.Run("two at a time", func(t *testing.T) {
		tried++
		r.start(t)
		if got := run(t, "", "posd", "serve", "--config", r.config); got.code != 75 || !strings.Contains(got.stderr, "stop the other posd first") {
			t.Errorf("exit %d: %s", got.code, got.stderr)
		}
		var sales struct{ Items []struct{ Status string } }
		if r.get(t, "/v1/sales", &sales); len(sales.Items) != 1 || sales.Items[0].Status != "paid" {
			t.Errorf("%+v", sales)
		}
		r.verifies(t)
	})
	t.Run("a disk that takes no writes", func(t *testing.T) {
		tried++
		r.kill(t)
		needRoot(t, "can mount a folder read-only")
		for _, flags := range []uintptr{syscall.MS_BIND, syscall.MS_BIND | syscall.MS_REMOUNT | syscall.MS_RDONLY} {
			if err := syscall.Mount(r.data, r.data, "", flags, ""); err != nil {
				t.Fatal(err)
			}
		}
		got := run(t, "", "posd", "serve", "--config", r.config)
		if err := syscall.Unmount(r.data, 0); err != nil {
			t.Fatal(err)
		}
		if got.code != 73 || !strings.Contains(got.stderr, r.data) || !strings.Contains(got.stderr, "mount it again") {
			t.Errorf("exit %d: %s", got.code, got.stderr)
		}
		r.start(t)
	})
	if !t.Failed() {
		t.Logf("tried %d, lost 0", tried)
	}
}

// needRoot fails for anybody else: a promise that was not tried is not kept.
func needRoot(t *testing.T, can string) {
	t.Helper()
	if os.Getuid() != 0 {
		t.Fatalf("only root %s: run scripts/check as root", can)
	}
}

func remove(t *testing.T, path string) {
	t.Helper()
	if err := os.Remove(path); err != nil {
		t.Fatal(err)
	}
}

// runsAs runs the daemon under another account, which only root can.
func (r *register) runsAs(t *testing.T, b *boutique, account int) ran {
	t.Helper()
	needRoot(t, "can run a command under another account")
	config, err := os.ReadFile(r.config)
	if err != nil {
		t.Fatal(err)
	}
	own := filepath.Join(t.TempDir(), "posd.toml")
	secret := filepath.Join(filepath.Dir(own), "token") // its own, so that the data folder alone is another's
	write(t, own, 0o644, strings.Replace(string(config), b.TokenFile, secret, 1))
	write(t, secret, 0o600, "token")
	if err := os.Chown(secret, account, account); err != nil {
		t.Fatal(err)
	}
	for _, dir := range []string{bin, filepath.Dir(r.config), filepath.Dir(own)} { // they are ours alone
		for ; filepath.Clean(dir) != filepath.Clean(os.TempDir()); dir = filepath.Dir(dir) {
			if err := os.Chmod(dir, 0o755); err != nil {
				t.Fatal(err)
			}
		}
	}
	out := &said{}
	cmd := exec.Command("setpriv", "--reuid", strconv.Itoa(account), "--regid", strconv.Itoa(account), "--clear-groups", command(t, "posd"), "serve", "--config", own)
	cmd.Env, cmd.Stderr = environment(), out
	err = cmd.Run()
	if exit := (*exec.ExitError)(nil); err != nil && !errors.As(err, &exit) {
		t.Fatal(err)
	}
	return ran{cmd.ProcessState.ExitCode(), "", out.String()}
}
