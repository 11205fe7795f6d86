package main

import (
	"bytes"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/go-viper/mapstructure/v2"
	"github.com/pelletier/go-toml/v2"
	"github.com/spf13/viper"

	"posd/devices"
	"posd/pos"
)

// defaultConfig is where the configuration lies when nobody says otherwise.
const defaultConfig = "/etc/posd/posd.toml"

// howToBegin is what somebody without a configuration does next.
const howToBegin = "make one with: posd setup --config FILE (or: posd config show --default > posd.toml, and fill in the keys marked EDIT)"

// Config is the configuration of one register: checked, complete, in the types that the rest of the
// house uses. Secrets stand in it as paths only.
type Config struct {
	Store     string       `mapstructure:"store"`
	Register  string       `mapstructure:"register"`
	Timezone  string       `mapstructure:"timezone"`
	DayCutoff string       `mapstructure:"day_cutoff"`
	Currency  pos.Currency `mapstructure:"currency"`
	Languages []string     `mapstructure:"languages"` // the cashier's, then the shopper's
	Data      string       `mapstructure:"data"`
	Profiles  string       `mapstructure:"profiles"` // absolute; empty is <data>/profiles
	Listen    string       `mapstructure:"listen"`
	Acquirer  Acquirer     `mapstructure:"acquirer"`
	Limits    Limits       `mapstructure:"limits"`
	Backup    Backup       `mapstructure:"backup"`
	Printer   Printer      `mapstructure:"printer"`
	Devices   []Device     `mapstructure:"device"`

	calendar pos.Calendar
	products products
}

// Acquirer is how the acquirer is reached.
type Acquirer struct {
	Dialect   string        `mapstructure:"dialect"`
	URL       string        `mapstructure:"url"`
	TokenFile string        `mapstructure:"token_file"` // absolute, also when the file names a credential
	CAFile    string        `mapstructure:"ca_file"`    // empty for the system's roots
	Hold      time.Duration `mapstructure:"hold"`
}

// Limits bound what a register lets pile up.
type Limits struct {
	Unfinished int `mapstructure:"unfinished"`
}

// Backup is where and when the register file is copied.
type Backup struct {
	Folder string `mapstructure:"folder"` // absolute; empty is <data>/backup
	At     string `mapstructure:"at"`     // HH:MM of the store's clock
	Keep   int    `mapstructure:"keep"`   // copies
	after  time.Duration
}

// Printer is what the slip printer does by itself.
type Printer struct {
	Paid bool `mapstructure:"paid"` // the shopper's slip, when a sale is PAID
}

// backupDir is the folder of the copies.
func (c Config) backupDir() string {
	if c.Backup.Folder == "" {
		return filepath.Join(c.Data, "backup")
	}
	return c.Backup.Folder
}

// Device is one thing on the counter.
type Device struct {
	Name    string   `mapstructure:"name" json:"name"`
	Role    pos.Role `mapstructure:"role" json:"role"`
	Profile string   `mapstructure:"profile" json:"profile"` // empty: the keys below say it all
	Driver  string   `mapstructure:"driver" json:"driver"`
	Port    string   `mapstructure:"port" json:"port"`
	Baud    int      `mapstructure:"baud" json:"baud"`
}

// Calendar says which business day an instant belongs to, by the store's clock and cut-off.
func (c Config) Calendar() pos.Calendar { return c.calendar }

// known is what the rest of the house can do; a configuration may name nothing else.
type known struct {
	Dialects  []string
	Languages []string
	Drivers   map[pos.Role][]string
	Profiles  fs.FS                      // those that are shipped
	Fits      func(devices.Config) error // why a device cannot be driven with its settings
}

// loaded is a configuration and where each of its values came from.
type loaded struct {
	Config
	values *viper.Viper
	from   map[string]string // by key: "file", "default" or the name of a variable
}

// loadConfig reads the file and the environment. A faulty configuration is Faults: all there are, not
// the first.
func loadConfig(file string, environ []string, k known) (loaded, error) {
	raw, document, faults := readConfig(file)
	if len(faults) > 0 {
		return loaded{}, faults
	}
	l := loaded{values: viper.New(), from: map[string]string{}}
	l.values.SetConfigType("toml")
	for _, s := range settings {
		l.values.SetDefault(s.key, s.value)
		l.from[s.key] = "default"
	}
	if err := l.values.ReadConfig(bytes.NewReader(raw)); err != nil {
		return loaded{}, Faults{unreadable(file, err)}
	}
	faults = strangers(document)
	for _, s := range settings {
		if in(document, s.key) {
			l.from[s.key] = "file"
		}
	}
	faults = append(faults, l.variables(environ)...)
	l.products = openProducts(l.values.GetString("profiles"), l.values.GetString("data"), k)
	faults = append(faults, l.products.faults...)
	l.values.Set("device", withDeviceDefaults(l.values.Get("device"), l.products.set))

	err := l.values.UnmarshalExact(&l.Config, strict)
	faults = append(faults, decodingFaults(err, l.values, len(faults) > 0)...)

	credentials := ""
	for _, e := range environ {
		if dir, ok := strings.CutPrefix(e, "CREDENTIALS_DIRECTORY="); ok {
			credentials = dir
		}
	}
	written := l.Acquirer.TokenFile
	l.Acquirer.TokenFile = fromCredentials(written, credentials)
	if faults = append(faults, validate(&l.Config, k, secrets{credentials, written}, faults)...); len(faults) > 0 {
		return loaded{}, faults
	}
	return l, nil
}

// readConfig gives the file without a byte order mark, and the same as a document.
func readConfig(file string) (raw []byte, document map[string]any, faults Faults) {
	if file == "" {
		if _, err := os.Stat(defaultConfig); errors.Is(err, fs.ErrNotExist) {
			return nil, nil, Faults{{Key: defaultConfig, Why: "there is no configuration", Remedy: howToBegin}}
		}
		file = defaultConfig
	}
	raw, err := os.ReadFile(file)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return nil, nil, Faults{{Key: file, Why: "there is no such file", Remedy: howToBegin}}
	case err != nil:
		return nil, nil, Faults{{Key: file, Why: "cannot be read: " + reason(err), Remedy: "run as the user posd, or repair the rights of the file"}}
	}
	raw = bytes.TrimPrefix(raw, []byte("\ufeff"))
	if !utf8.Valid(raw) {
		return nil, nil, Faults{{Key: file, Why: "is not UTF-8", Remedy: "save it again as UTF-8 text"}}
	}
	if err := toml.Unmarshal(raw, &document); err != nil {
		return nil, nil, Faults{unreadable(file, err)}
	}
	return raw, document, nil
}

// unreadable names the place where the file stops to be TOML. It does not quote the line: a person may
// have pasted a token there.
func unreadable(file string, err error) Fault {
	f := Fault{Key: file, Why: "is not TOML", Remedy: `write each key as: name = "text", name = 20, or [section]`}
	var where *toml.DecodeError
	if errors.As(err, &where) {
		line, column := where.Position()
		f.Key = fmt.Sprintf("%s:%d:%d", file, line, column)
	} else if strings.Contains(err.Error(), "already") {
		f.Why, f.Remedy = "is ambiguous: "+strings.TrimPrefix(err.Error(), "toml: "), "remove one of the two"
	}
	return f
}

// strict switches off everything that would guess what was meant.
func strict(d *mapstructure.DecoderConfig) {
	d.WeaklyTypedInput = false
	d.DecodeHook = mapstructure.ComposeDecodeHookFunc(durationHook, wholeHook)
	d.MatchName = func(key, field string) bool { return key == field }
}

// fromCredentials finds a bare file name among the credentials that systemd handed over.
func fromCredentials(path, credentials string) string {
	if path == "" || credentials == "" || filepath.Base(path) != path {
		return path
	}
	return filepath.Join(credentials, path)
}

// reason is what went wrong with a file, without repeating its name.
func reason(err error) string {
	var at *fs.PathError
	if errors.As(err, &at) {
		return at.Err.Error()
	}
	return err.Error()
}

// secrets is where a secret file was looked for.
type secrets struct {
	credentials string // the folder that systemd handed over, or empty
	written     string // the token file as the configuration says it
}

// secretFault says what is wrong with a file that holds a secret, or nothing. A file that systemd
// hands over carries its access list in the group's bits, so there only the others' bits count.
func secretFault(path, credentials string) (why, remedy string) {
	info, err := os.Stat(path)
	handedOver := credentials != "" && filepath.Dir(path) == filepath.Clean(credentials)
	switch {
	case errors.Is(err, fs.ErrNotExist) && handedOver:
		return "is not among the credentials that systemd handed over", "name it in a line LoadCredential= of the unit"
	case errors.Is(err, fs.ErrNotExist):
		return "there is no such file", "put the secret there with mode 0600"
	case err != nil:
		return "cannot be looked at: " + reason(err), "repair the rights of its folder"
	case !info.Mode().IsRegular():
		return "is not a file", "name the file itself"
	}
	forbidden := fs.FileMode(0o077)
	if handedOver {
		forbidden = 0o007
	}
	if runtime.GOOS != "windows" && info.Mode().Perm()&forbidden != 0 {
		return fmt.Sprintf("others may read it (mode %04o)", info.Mode().Perm()), "chmod 600 " + path
	}
	open, err := os.Open(path)
	if err != nil {
		return "cannot be read: " + reason(err), "make the user that posd runs as its owner"
	}
	if err := open.Close(); err != nil {
		return "cannot be read: " + reason(err), "look at the disk"
	}
	if info.Size() == 0 {
		return "is empty", "write the secret into it"
	}
	return "", ""
}
