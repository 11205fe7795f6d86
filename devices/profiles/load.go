package profiles

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"path"
	"regexp"
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/pelletier/go-toml/v2"

	"posd/pos"
)

// Limits of a folder of profiles.
const (
	mostFiles = 500
	mostBytes = 64 << 10
)

var (
	shapeName    = regexp.MustCompile(`^[a-z0-9][a-z0-9-]{0,47}$`)
	shapeVendor  = regexp.MustCompile(`^[0-9A-Fa-f]{4}$`)
	shapeProduct = regexp.MustCompile(`^[0-9A-Fa-f?]{4}$`)
)

// Fault is one thing that is wrong with a profile: where, why it cannot be, and what to do.
type Fault struct {
	File, Key, Why, Remedy string
}

func (f Fault) String() string {
	if f.Key == "" {
		return fmt.Sprintf("%s: %s; %s", f.File, f.Why, f.Remedy)
	}
	return fmt.Sprintf("%s: %s: %s; %s", f.File, f.Key, f.Why, f.Remedy)
}

// Faults is everything that is wrong, so that a technician travels once.
type Faults []Fault

func (f Faults) Error() string {
	lines := make([]string, len(f))
	for i := range f {
		lines[i] = f[i].String()
	}
	return strings.Join(lines, "\n")
}

// Open reads the shipped profiles and those of the register; either may be nil. The shipped ones that a
// local one replaces are listed by name. An error is Faults.
func Open(shipped, local fs.FS, folder string) (_ Set, replaced []string, _ error) {
	var all Set
	ours, faults := load(shipped, "(shipped)")
	theirs, more := load(local, folder)
	faults = append(faults, more...)
	for _, p := range theirs {
		i := slices.IndexFunc(ours, func(o Profile) bool { return o.Name == p.Name })
		if i < 0 {
			ours = append(ours, p)
			continue
		}
		ours[i] = p
		replaced = append(replaced, p.Name)
	}
	if len(faults) > 0 {
		return Set{}, nil, faults
	}
	slices.SortStableFunc(ours, func(a, b Profile) int { return strings.Compare(a.Name, b.Name) })
	all.list = ours
	return all, replaced, nil
}

// load reads every .toml of a folder. A folder that is not there holds none.
func load(from fs.FS, folder string) (list []Profile, faults Faults) {
	if from == nil {
		return nil, nil
	}
	names, err := fs.Glob(from, "*.toml")
	if err != nil || len(names) > mostFiles {
		return nil, Faults{{folder, "", fmt.Sprintf("holds %d profiles (%v)", len(names), err), fmt.Sprintf("keep at most %d", mostFiles)}}
	}
	for _, name := range names {
		at := path.Join(folder, name)
		p, wrong := read(from, name, at)
		if faults = append(faults, wrong...); len(wrong) == 0 {
			list = append(list, p)
		}
	}
	return list, faults
}

// read reads one profile.
func read(from fs.FS, name, at string) (p Profile, faults Faults) {
	text, err := contents(from, name)
	if err != nil {
		return Profile{}, Faults{{at, "", "cannot be read: " + reason(err), "repair the file or its rights"}}
	}
	if !utf8.Valid(text) {
		return Profile{}, Faults{{at, "", "is not UTF-8", "save it again as UTF-8 text"}}
	}
	d := toml.NewDecoder(bytes.NewReader(bytes.TrimPrefix(text, []byte("\ufeff")))).DisallowUnknownFields()
	if err := d.Decode(&p); err != nil {
		return Profile{}, decodingFaults(at, err)
	}
	p.File = at
	return p, p.check(strings.TrimSuffix(name, ".toml"))
}

const howToWrite = `write each key as: name = "text", baud = 9600, or [display] with its own keys below`

var errLong = fmt.Errorf("it is longer than %d bytes", mostBytes)

// contents is a file of reasonable size.
func contents(from fs.FS, name string) ([]byte, error) {
	f, err := from.Open(name)
	if err != nil {
		return nil, err
	}
	text, err := io.ReadAll(io.LimitReader(f, mostBytes+1))
	if err == nil && len(text) > mostBytes {
		err = errLong
	}
	return text, errors.Join(err, f.Close())
}

// decodingFaults says where a file stops to be a profile. Every unknown key is named.
func decodingFaults(at string, err error) (faults Faults) {
	var strangers *toml.StrictMissingError
	var where *toml.DecodeError
	switch {
	case errors.As(err, &strangers):
		for _, s := range strangers.Errors {
			line, _ := s.Position()
			faults = append(faults, Fault{fmt.Sprintf("%s:%d", at, line), strings.Join(s.Key(), "."), "is not a key of a profile", "correct or remove it"})
		}
	case errors.As(err, &where):
		line, column := where.Position()
		why := "is not TOML (" + strings.TrimPrefix(where.Error(), "toml: ") + ")"
		if strings.Contains(why, "struct") {
			why = "this value is of the wrong kind"
		}
		faults = Faults{{fmt.Sprintf("%s:%d:%d", at, line, column), strings.Join(where.Key(), "."), why, howToWrite}}
	default:
		faults = Faults{{at, "", "is not a profile (" + strings.TrimPrefix(err.Error(), "toml: ") + ")", howToWrite}}
	}
	return faults
}

// check holds a profile against what every profile has. Whether its driver takes its settings is for the
// desk to say.
func (p Profile) check(name string) (faults Faults) {
	fault := func(key, why, remedy string) { faults = append(faults, Fault{p.File, key, why, remedy}) }
	if p.Name != name || !shapeName.MatchString(p.Name) {
		fault("name", fmt.Sprintf("is %q", p.Name), "name it like its file: 1 to 48 of a-z, 0-9 and -")
	}
	for key, value := range map[string]string{"maker": p.Maker, "model": p.Model, "driver": p.Driver} {
		if value == "" {
			fault(key, "is not set", "write it in quotes")
		}
	}
	if p.Source == "" {
		fault("source", "is not set", "write the document or address that its facts come from")
	}
	if !slices.Contains([]pos.Role{pos.RoleScanner, pos.RoleDisplay, pos.RolePrinter}, p.Role) {
		fault("role", fmt.Sprintf("%q is not a role", p.Role), "write scanner, display or printer")
	}
	if p.Baud < 0 || p.Baud > 4_000_000 {
		fault("baud", fmt.Sprintf("%d is not a speed", p.Baud), "write the speed of its serial line, or leave it out")
	}
	for _, u := range p.USB {
		if !shapeVendor.MatchString(u.Vendor) || (u.Product != "" && !shapeProduct.MatchString(u.Product)) {
			fault("usb", fmt.Sprintf("%q:%q is no identity", u.Vendor, u.Product), `write four hex digits each, as lsusb shows them, such as {vid = "0c2e", pid = "0b61"}`)
		}
	}
	slices.SortStableFunc(faults, func(a, b Fault) int { return strings.Compare(a.Key, b.Key) })
	return faults
}

// reason is what went wrong with a file, without repeating its name.
func reason(err error) string {
	var at *fs.PathError
	if errors.As(err, &at) {
		return at.Err.Error()
	}
	return err.Error()
}
