package profiles

import (
	"errors"
	"flag"
	"io/fs"
	"os"
	"slices"
	"strings"
	"testing"
	"testing/fstest"

	"posd/configs"
	"posd/pos"
)

var update = flag.Bool("update", false, "rewrite the golden files")

const sound = `name = "acme-1"
maker = "Acme"
model = "One"
role = "scanner"
driver = "line"
baud = 9600
source = "Acme One manual p. 3"
usb = [{vid = "0C2E", pid = "0b6?"}, {vid = "1eab"}]
`

func folder(files ...string) fstest.MapFS {
	m := fstest.MapFS{}
	for i := 0; i+1 < len(files); i += 2 {
		m[files[i]] = &fstest.MapFile{Data: []byte(files[i+1])}
	}
	return m
}

// Every shipped profile is whole, and says where its facts come from.
func TestShipped(t *testing.T) {
	set, replaced, err := Open(configs.Profiles(), nil, "")
	if err != nil || len(replaced) > 0 {
		t.Fatal(err, replaced)
	}
	files, err := fs.Glob(configs.Profiles(), "*")
	if err != nil || len(files) != len(set.All()) || len(files) < 2 {
		t.Errorf("%d files, %d profiles, %v", len(files), len(set.All()), err)
	}
	for _, name := range set.Names() {
		p, ok := set.Find(name)
		if !ok || p.Name != name {
			t.Errorf("%s is not found", name)
		}
	}
}

// What a technician brings along counts in place of what is shipped; a folder that is not there holds nothing.
func TestLocal(t *testing.T) {
	shipped := folder("acme-1.toml", sound, "acme-0.toml", strings.Replace(sound, "acme-1", "acme-0", 1))
	local := folder("acme-1.toml", "\ufeff"+strings.ReplaceAll(strings.Replace(sound, "9600", "115200", 1), "\n", "\r\n"), "zebra.toml", strings.Replace(sound, "acme-1", "zebra", 1), "README.txt", "not a profile")
	set, replaced, err := Open(shipped, local, "/srv/profiles")
	if err != nil || !slices.Equal(replaced, []string{"acme-1"}) || !slices.Equal(set.Names(), []string{"acme-0", "acme-1", "zebra"}) {
		t.Fatal(set.Names(), replaced, err)
	}
	p, ok := set.Find("acme-1")
	if !ok || p.Baud != 115200 || p.File != "/srv/profiles/acme-1.toml" || p.Role != pos.RoleScanner {
		t.Errorf("%+v", p)
	}
	if _, ok := set.Find("acme"); ok {
		t.Error("half a name is found")
	}
	if set, _, err := Open(shipped, os.DirFS("/there/is/none"), "/there/is/none"); err != nil || len(set.All()) != 2 {
		t.Error(set.Names(), err)
	}
}

// A device is known by what it calls itself on USB: the product first, then the maker's other products.
func TestForUSB(t *testing.T) {
	set, _, err := Open(folder("acme-1.toml", sound, "acme-2.toml", strings.NewReplacer("acme-1", "acme-2", `"0b6?"`, `""`).Replace(sound)), nil, "")
	if err != nil {
		t.Fatal(err)
	}
	for ids, want := range map[string][]string{
		"0c2e:0B6a": {"acme-1", "acme-2"}, "0C2E:1007": {"acme-2"}, "1EAB:1306": {"acme-1", "acme-2"}, "05f9:1206": nil, "0c2e:b6a": {"acme-2"},
	} {
		vendor, product, _ := strings.Cut(ids, ":")
		var got []string
		for _, p := range set.ForUSB(vendor, product) {
			got = append(got, p.Name)
		}
		if !slices.Equal(got, want) {
			t.Errorf("%s: %q, want %q", ids, got, want)
		}
	}
}

// What is wrong with a profile is said at once, with the file, the line, the key and what to do.
func TestWrong(t *testing.T) {
	var said strings.Builder
	for _, c := range []struct{ what, text string }{
		{"a misspelt key", strings.Replace(sound, "baud", "baute", 1)},
		{"a key of no table", sound + "[printer]\ncolour = \"red\"\n"},
		{"two misspelt keys", strings.NewReplacer("baud", "baute", "model", "moddel").Replace(sound)},
		{"a table of no role", sound + "[toaster]\nslots = 2\n"},
		{"a speed in quotes", strings.Replace(sound, "9600", `"9600"`, 1)},
		{"no TOML", "name: acme-1\n"},
		{"another name than its file's", strings.Replace(sound, "acme-1", "acme-2", 1)},
		{"no source", strings.Replace(sound, "source", "notes", 1)},
		{"nothing in it", ""},
		{"a role of no device", strings.Replace(sound, `"scanner"`, `"toaster"`, 1)},
		{"a speed below nothing", strings.Replace(sound, "9600", "-9600", 1)},
		{"an identity in words", strings.Replace(sound, "0C2E", "Acme", 1)},
		{"another alphabet", strings.Replace(sound, "Acme", "Acm\xe9", 1)},
		{"a book", "notes = \"" + strings.Repeat("x", mostBytes) + "\"\n"},
	} {
		_, _, err := Open(nil, folder("acme-1.toml", c.text), "/srv/profiles")
		var faults Faults
		if !errors.As(err, &faults) {
			t.Errorf("%s: %v", c.what, err)
			continue
		}
		for _, f := range faults {
			if !strings.Contains(f.File, "acme-1.toml") || f.Why == "" || f.Remedy == "" {
				t.Errorf("%s: half a fault: %+v", c.what, f)
			}
		}
		said.WriteString("# " + c.what + "\n" + err.Error() + "\n")
	}
	if *update {
		if err := os.WriteFile("testdata/wrong.want", []byte(said.String()), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile("testdata/wrong.want")
	if err != nil || said.String() != string(want) {
		t.Errorf("%v\n%s", err, said.String())
	}
	many := fstest.MapFS{}
	for i := range mostFiles + 1 {
		many[strings.Repeat("x", i+1)+".toml"] = &fstest.MapFile{}
	}
	if _, _, err := Open(nil, many, "/srv/profiles"); err == nil || !strings.Contains(err.Error(), "at most") {
		t.Errorf("a heap of profiles: %v", err)
	}
}

// Whatever stands in a profile, it is taken whole or refused with a sentence.
func FuzzProfile(f *testing.F) {
	f.Add(sound)
	f.Add(sound + "[display]\n")
	f.Add("name = 1\nusb = [{vid=2}]")
	f.Fuzz(func(t *testing.T, text string) {
		set, _, err := Open(nil, folder("acme-1.toml", text), "x")
		if err == nil {
			p, ok := set.Find("acme-1")
			if !ok || p.Source == "" || p.Maker == "" || p.Driver == "" || p.Baud < 0 {
				t.Errorf("taken: %+v", p)
			}
			return
		}
		var faults Faults
		if !errors.As(err, &faults) || len(faults) == 0 {
			t.Fatal(err)
		}
		for _, f := range faults {
			if f.File == "" || f.Why == "" || f.Remedy == "" {
				t.Errorf("half a fault: %+v", f)
			}
		}
	})
}
