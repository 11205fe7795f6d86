package main

import (
	"errors"
	"flag"
	"io/fs"
	"os"
	"path/filepath"
	"reflect"
	"runtime"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/pelletier/go-toml/v2"

	"posd/configs"
	"posd/pos"
)

var update = flag.Bool("update", false, "rewrite the golden files")

// golden holds what a person reads against the file of that name.
func golden(t *testing.T, file, got string) {
	t.Helper()
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

// able is what the tests' register can do.
func able() known {
	return known{
		Dialects:  []string{"citcon-pos"},
		Languages: []string{"en", "fr-CA", "zh-Hans"},
		Drivers:   map[pos.Role][]string{pos.RoleScanner: {"evdev", "hidpos", "line", "ssi"}, pos.RoleDisplay: {"nextion", "plain", "text"}},
		Profiles:  configs.Profiles(),
	}
}

// credentials is a folder as systemd hands it over, with the token in it.
func credentials(t testing.TB) (dir, variable string) {
	t.Helper()
	dir = t.TempDir()
	write(t, filepath.Join(dir, "citcon.token"), 0o400, "not-a-real-token\n")
	return dir, "CREDENTIALS_DIRECTORY=" + dir
}

func write(t testing.TB, path string, mode fs.FileMode, text string) {
	t.Helper()
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	if err := os.Chmod(path, mode); err != nil {
		t.Fatal(err)
	}
}

func whole(t *testing.T) string {
	t.Helper()
	text, err := os.ReadFile("testdata/config/whole.toml")
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

func load(t *testing.T, text string, environ ...string) (loaded, error) {
	t.Helper()
	file := filepath.Join(t.TempDir(), "posd.toml")
	write(t, file, 0o600, text)
	_, handedOver := credentials(t)
	return loadConfig(file, append(environ, handedOver), able())
}

func TestWholeConfiguration(t *testing.T) {
	l, err := load(t, whole(t))
	if err != nil {
		t.Fatal(err)
	}
	if !filepath.IsAbs(l.Acquirer.TokenFile) || filepath.Base(l.Acquirer.TokenFile) != "citcon.token" {
		t.Errorf("token file %q", l.Acquirer.TokenFile)
	}
	ny, err := time.LoadLocation("America/New_York")
	if err != nil {
		t.Fatal(err)
	}
	got := l.Config
	got.Acquirer.TokenFile, got.products = "", products{}
	want := Config{
		Store: "NYC5AV", Register: "NYC5AV-03", Timezone: "America/New_York", DayCutoff: "04:00", Currency: "USD",
		Languages: []string{"en", "zh-Hans"}, Data: "/var/lib/posd", Listen: "127.0.0.1:17080",
		Acquirer: Acquirer{Dialect: "citcon-pos", URL: "https://uat.citconpay.com/posp/rest/", Hold: 25 * time.Second},
		Limits:   Limits{Unfinished: 20},
		Backup:   Backup{At: "04:30", Keep: 30, after: 4*time.Hour + 30*time.Minute},
		Devices: []Device{
			{"scanner", pos.RoleScanner, "", "line", "/dev/serial/by-id/usb-Honeywell_1900-if00", 9600},
			{"display", pos.RoleDisplay, "", "text", "/dev/ttyUSB0", 9600},
		},
		calendar: pos.Calendar{Zone: ny, Cutoff: 4 * time.Hour},
	}
	if !reflect.DeepEqual(got, want) {
		t.Errorf("got  %+v\nwant %+v", got, want)
	}
	if day := got.Calendar().Day(time.Date(2026, 11, 21, 8, 59, 0, 0, time.UTC)); day != "2026-11-20" {
		t.Errorf("one minute before the cut-off it is %s", day)
	}
}

// One bad file for each way to be wrong: what the technician reads on the telephone.
func TestBadConfigurations(t *testing.T) {
	files, err := filepath.Glob("testdata/config/bad-*.toml")
	if err != nil || len(files) < 40 {
		t.Fatalf("%d bad files, %v", len(files), err)
	}
	for _, file := range files {
		t.Run(strings.TrimSuffix(filepath.Base(file), ".toml"), func(t *testing.T) {
			dir, handedOver := credentials(t)
			_, err := loadConfig(file, []string{handedOver}, able())
			if err == nil {
				t.Fatal("accepted")
			}
			if exitOf(err) != exitConfiguration {
				t.Errorf("exit %d", exitOf(err))
			}
			for _, secret := range []string{"must-not-be-repeated", "hunter2", "5B1D7C0C"} {
				if strings.Contains(err.Error(), secret) {
					t.Errorf("a secret is repeated: %v", err)
				}
			}
			golden(t, strings.TrimSuffix(file, ".toml")+".want", strings.ReplaceAll(err.Error(), dir, "CREDENTIALS")+"\n")
		})
	}
}

// The file we ship says what a register does without it, key by key, and its examples are sound.
func TestShippedConfigurationIsTheDefaults(t *testing.T) {
	var shipped map[string]any
	if err := toml.Unmarshal(configs.Default(), &shipped); err != nil {
		t.Fatal(err)
	}
	if len(strangers(shipped)) > 0 {
		t.Error(strangers(shipped))
	}
	for _, s := range settings {
		if s.key == "device" {
			continue
		}
		value := any(shipped)
		for part := range strings.SplitSeq(s.key, ".") {
			section, _ := value.(map[string]any)
			value = section[part]
		}
		if list, ok := value.([]any); ok {
			texts := make([]string, len(list))
			for i := range list {
				texts[i], _ = list[i].(string)
			}
			value = texts
		}
		if n, ok := value.(int64); ok {
			value = int(n)
		}
		if !reflect.DeepEqual(value, s.value) {
			t.Errorf("%s: the file says %v, the default is %v", s.key, value, s.value)
		}
	}

	filled := strings.NewReplacer(`store = ""`, `store = "NYC5AV"`, `register = ""`, `register = "NYC5AV-03"`, `timezone = ""`, `timezone = "America/New_York"`,
		`currency = ""`, `currency = "USD"`, `url = ""`, `url = "https://citconpay.com/posp/rest/"`, `token_file = ""`, `token_file = "citcon.token"`).Replace(string(configs.Default()))
	example := filled[strings.Index(filled, "# [[device]]"):]
	filled = strings.ReplaceAll(filled, example, strings.ReplaceAll(strings.ReplaceAll(example, "# ", ""), "#\n", "\n"))
	l, err := load(t, filled)
	if err != nil {
		t.Fatalf("filled in as its comments say: %v", err)
	}
	if len(l.Devices) != 2 || strings.Contains(filled, "# [[device]]") {
		t.Errorf("the examples are not what was read: %+v", l.Devices)
	}
	for _, d := range l.Devices {
		if !slices.Contains(house().drivers[d.Role], d.Driver) {
			t.Errorf("the example %s has driver %s; this desk has %q", d.Name, d.Driver, house().drivers[d.Role])
		}
	}
	keys := 0
	for _, s := range deviceSettings {
		keys += strings.Count(example, "# "+s.key+" = ")
	}
	if keys != 2*len(deviceSettings) {
		t.Errorf("the examples name %d keys of devices, want each of %d twice", keys, len(deviceSettings))
	}
	// One more EDIT stands in the head; ca_file is empty for the system's, profiles and folder for those among the
	// data, and a device may have no profile.
	if strings.Count(string(configs.Default()), "EDIT") != 1+strings.Count(string(configs.Default()), ` = ""`)-4 {
		t.Error("a key without a default is not marked EDIT, or one with a default is")
	}
}

// Every key of the table reaches the struct, and every field of the struct stands in the table.
func TestSettingsAreTheStruct(t *testing.T) {
	var walk func(at string, of reflect.Type) []string
	walk = func(at string, of reflect.Type) (keys []string) {
		for i := range of.NumField() {
			f := of.Field(i)
			key := f.Tag.Get("mapstructure")
			switch {
			case !f.IsExported():
			case key == "":
				t.Errorf("%s has no key", f.Name)
			case f.Type.Kind() == reflect.Struct:
				keys = append(keys, walk(at+key+".", f.Type)...)
			default:
				keys = append(keys, at+key)
			}
		}
		return keys
	}
	names := func(list []setting) (keys []string) {
		for _, s := range list {
			keys = append(keys, s.key)
		}
		return keys
	}
	if got, want := names(settings), walk("", reflect.TypeFor[Config]()); !slices.Equal(got, want) {
		t.Errorf("settings %q, struct %q", got, want)
	}
	if got, want := names(deviceSettings), walk("", reflect.TypeFor[Device]()); !slices.Equal(got, want) {
		t.Errorf("device settings %q, struct %q", got, want)
	}
}

// A variable replaces a key, with the key's type; a misspelt one stops the register.
func TestVariables(t *testing.T) {
	l, err := load(t, whole(t), "POSD_REGISTER=NYC5AV-04", "POSD_LIMITS_UNFINISHED=5", "POSD_ACQUIRER_HOLD=0s", "PATH=/bin")
	if err != nil {
		t.Fatal(err)
	}
	if l.Register != "NYC5AV-04" || l.Limits.Unfinished != 5 || l.Acquirer.Hold != 0 {
		t.Errorf("got %+v", l.Config)
	}
	if l.from["register"] != "POSD_REGISTER" || l.from["store"] != "file" {
		t.Errorf("from %v", l.from)
	}
	l, err = load(t, strings.ReplaceAll(strings.ReplaceAll(whole(t), "[limits]", ""), "unfinished = 20", ""), "POSD_LIMITS_UNFINISHED=7")
	if err != nil || l.Limits.Unfinished != 7 {
		t.Errorf("a key that the file leaves out is deaf to its variable: %d, %v", l.Limits.Unfinished, err)
	}
	for environ, want := range map[string]string{
		"POSD_REGSITER=NYC5AV-04":       "POSD_REGSITER: is a variable for no key (POSD_REGISTER is)",
		"POSD_TOKEN=must-not-be-shown":  "POSD_TOKEN: is a variable for no key",
		"POSD_LIMITS_UNFINISHED=few":    `limits.unfinished = "few": is not a whole number`,
		"POSD_LIMITS_UNFINISHED=1e1":    `limits.unfinished = "1e1": is not a whole number`,
		"POSD_LANGUAGES=en,zh-Hans":     "POSD_LANGUAGES: a list cannot come from a variable",
		"POSD_DEVICE=scanner":           "POSD_DEVICE: a list cannot come from a variable",
		"POSD_ACQUIRER_HOLD=25":         `acquirer.hold = "25": is not a duration`,
		"POSD_STORE=":                   "store: is not set",
		"POSD_ACQUIRER=https://a.test/": "POSD_ACQUIRER: is a variable for no key",
	} {
		_, err := load(t, whole(t), environ)
		if err == nil || !strings.Contains(err.Error(), want) || strings.Contains(err.Error(), "must-not-be-shown") {
			t.Errorf("%s: got %v, want %q", environ, err, want)
		}
	}
}

// Notepad begins a file with a byte order mark and ends its lines with two characters.
func TestFileFromWindows(t *testing.T) {
	if _, err := load(t, "\ufeff"+strings.ReplaceAll(whole(t), "\n", "\r\n")); err != nil {
		t.Error(err)
	}
	if _, err := load(t, strings.Replace(whole(t), "NYC5AV", "Montr\xe9al", 1)); err == nil || !strings.Contains(err.Error(), "UTF-8") {
		t.Errorf("a file in Latin-1: %v", err)
	}
}

// Ids that another format would turn into numbers stay what was written.
func TestIdsStayText(t *testing.T) {
	for _, id := range []string{"042", "8e5", "0x1F", "1-2-3", "true", "null"} {
		l, err := load(t, strings.Replace(whole(t), "NYC5AV-03", id, 1))
		if err != nil || l.Register != id {
			t.Errorf("%s became %q, %v", id, l.Register, err)
		}
	}
}

func TestSecretFiles(t *testing.T) {
	dir := t.TempDir()
	at := func(name string) string { return filepath.Join(dir, name) }
	for name, mode := range map[string]fs.FileMode{"tight": 0o600, "tighter": 0o400, "group": 0o640, "world": 0o604, "written": 0o620} {
		write(t, at(name), mode, "secret")
	}
	write(t, at("empty"), 0o600, "")
	for _, c := range []struct{ file, credentials, want string }{
		{"tight", "", ""},
		{"tighter", "", ""},
		{"group", "", "others may read it (mode 0640)"},
		{"world", "", "others may read it (mode 0604)"},
		{"written", "", "others may read it (mode 0620)"},
		{"group", dir, ""}, // systemd's access list shows in the group's bits
		{"world", dir, "others may read it (mode 0604)"},
		{"empty", "", "is empty"},
		{"none", "", "there is no such file"},
		{"none", dir, "is not among the credentials that systemd handed over"},
		{".", "", "is not a file"},
	} {
		if runtime.GOOS == "windows" {
			continue
		}
		if why, remedy := secretFault(at(c.file), c.credentials); why != c.want || (why == "") != (remedy == "") {
			t.Errorf("%s: %q %q, want %q", c.file, why, remedy, c.want)
		}
	}
}

// Plain http is for this machine alone.
func TestAddresses(t *testing.T) {
	for address, sound := range map[string]bool{
		"https://citconpay.com/posp/rest/": true, "http://127.0.0.1:8081/": true, "http://[::1]:8081/": true, "http://localhost:8081/x": true,
		"http://127.0.0.1.example.com/": false, "http://10.0.0.5/": false, "http://localhost.example.com/": false, "ftp://citconpay.com/": false,
		"https:///posp": false, "https://": false, "//citconpay.com": false, "https://citconpay.com/?a=b": false, "https://u@citconpay.com/": false,
	} {
		l, err := load(t, strings.Replace(whole(t), "https://uat.citconpay.com/posp/rest/", address, 1))
		if (err == nil) != sound {
			t.Errorf("%s: %v", address, err)
		}
		if err == nil && l.Acquirer.URL != address {
			t.Errorf("%s became %s", address, l.Acquirer.URL)
		}
	}
}

// A register without a configuration says which command makes one.
func TestNoConfiguration(t *testing.T) {
	_, err := loadConfig(filepath.Join(t.TempDir(), "posd.toml"), nil, able())
	if err == nil || !strings.Contains(err.Error(), "posd config show --default > posd.toml") {
		t.Errorf("got %v", err)
	}
}

// Whatever stands in the file, it is taken whole or refused with a sentence.
func FuzzConfig(f *testing.F) {
	files, err := filepath.Glob("testdata/config/*.toml")
	if err != nil {
		f.Fatal(err)
	}
	for _, file := range files {
		text, err := os.ReadFile(file)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(string(text))
	}
	file := filepath.Join(f.TempDir(), "posd.toml")
	_, handedOver := credentials(f)
	f.Fuzz(func(t *testing.T, text string) {
		write(t, file, 0o600, text)
		l, err := loadConfig(file, []string{handedOver}, able())
		if err == nil {
			if l.Store == "" || l.Calendar().Zone == nil || l.Acquirer.Hold > mostHold || l.Limits.Unfinished < 1 {
				t.Errorf("taken: %+v", l.Config)
			}
			return
		}
		var faults Faults
		if !errors.As(err, &faults) || exitOf(err) != exitConfiguration {
			t.Fatalf("exit %d: %v", exitOf(err), err)
		}
		for _, f := range faults {
			if f.Key == "" || f.Why == "" || f.Remedy == "" {
				t.Errorf("half a fault: %+v", f)
			}
		}
	})
}
