package configs

import (
	"io/fs"
	"os"
	"os/exec"
	"path"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
)

// rule is one pair of a line of rules.
var rule = regexp.MustCompile(`^([A-Z]+)(\{[A-Za-z_/]+\})? *(==|!=|\+=|:=|=) *"([^"]*)"$`)

// keys are the words of rules that may be compared and those that may be set (udev(7)).
var (
	compared = []string{"ACTION", "SUBSYSTEM", "SUBSYSTEMS", "KERNEL", "DRIVER", "ENV", "ATTR", "ATTRS", "TEST"}
	assigned = []string{"GOTO", "LABEL", "ENV", "ATTR", "GROUP", "MODE", "SYMLINK"}
)

// A letter is missing in the rules and udev passes over the line: a technician finds a scanner without rights.
func TestTheRulesOfUdevAreRules(t *testing.T) {
	files, err := fs.Glob(Files(), "udev/*.rules")
	if err != nil || len(files) == 0 {
		t.Fatal(files, err)
	}
	for _, name := range files {
		text, err := fs.ReadFile(Files(), name)
		if err != nil {
			t.Fatal(err)
		}
		var gone, labels []string
		for _, line := range strings.Split(strings.ReplaceAll(string(text), "\\\n", ""), "\n") {
			if line = strings.TrimSpace(line); line == "" || line[0] == '#' {
				continue
			}
			for pair := range strings.SplitSeq(line, ", ") {
				parts := rule.FindStringSubmatch(strings.TrimSpace(pair))
				if parts == nil {
					t.Errorf("%s: %q is no pair of a rule", name, pair)
					continue
				}
				known := assigned
				if parts[3] == "==" || parts[3] == "!=" {
					known = compared
				}
				if !slices.Contains(known, parts[1]) || (strings.HasPrefix(parts[1], "ATTR") || parts[1] == "ENV") != (parts[2] != "") {
					t.Errorf("%s: %q: no such key for %s", name, pair, parts[3])
				}
				switch {
				case parts[1] == "GOTO":
					gone = append(gone, parts[4])
				case parts[1] == "LABEL":
					labels = append(labels, parts[4])
				case strings.HasPrefix(parts[2], "{id") && !regexp.MustCompile(`^[0-9a-f]{4}(\|[0-9a-f]{4})*$`).MatchString(parts[4]):
					t.Errorf("%s: %q: sysfs has four small hex digits", name, pair)
				}
			}
		}
		if slices.Sort(gone); !slices.Equal(slices.Compact(gone), labels) {
			t.Errorf("%s: it goes to %q and has %q", name, gone, labels)
		}
		udevadm, err := exec.LookPath("udevadm")
		if err != nil {
			continue // the pairs were looked at
		}
		if help, _ := exec.CommandContext(t.Context(), udevadm, "--help").CombinedOutput(); strings.Contains(string(help), "verify") {
			file := filepath.Join(t.TempDir(), path.Base(name))
			if err := os.WriteFile(file, text, 0o600); err != nil {
				t.Fatal(err)
			}
			if out, err := exec.CommandContext(t.Context(), udevadm, "verify", "--resolve-names=never", file).CombinedOutput(); err != nil {
				t.Errorf("%s", out)
			}
		}
	}
}

// A product that has a profile and no rule is recognised, and cannot be opened.
func TestEveryProfileHasRights(t *testing.T) {
	rules, err := fs.ReadFile(Files(), "udev/70-posd.rules")
	if err != nil {
		t.Fatal(err)
	}
	vendor, product := regexp.MustCompile(`vid = "([0-9A-Fa-f]{4})"`), 0
	names, err := fs.Glob(Profiles(), "*.toml")
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range names {
		text, err := fs.ReadFile(Profiles(), name)
		if err != nil {
			t.Fatal(err)
		}
		for _, v := range vendor.FindAllStringSubmatch(string(text), -1) {
			product++
			if !strings.Contains(string(rules), strings.ToLower(v[1])) {
				t.Errorf("%s: no rule gives rights on a device of %s", name, v[1])
			}
		}
	}
	if product < 5 {
		t.Errorf("only %d products found: this test looks in the wrong place", product)
	}
}
