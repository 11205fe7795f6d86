package main

import (
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"

	"posd/devices/profiles"
)

// setting is one key with its default.
type setting struct {
	key   string
	value any
}

// settings is every key there is but for those of a device, with its default. A key that is missing
// here would be invisible to variables and an error in a file.
var settings = []setting{
	{"store", ""},
	{"register", ""},
	{"timezone", ""},
	{"day_cutoff", "04:00"},
	{"currency", ""},
	{"languages", []string{"en", "zh-Hans"}},
	{"data", "/var/lib/posd"},
	{"profiles", ""},
	{"listen", "127.0.0.1:17080"},
	{"acquirer.dialect", "citcon-pos"},
	{"acquirer.url", ""},
	{"acquirer.token_file", ""},
	{"acquirer.ca_file", ""},
	{"acquirer.hold", "25s"},
	{"limits.unfinished", 20},
	{"backup.folder", ""},
	{"backup.at", "04:30"},
	{"backup.keep", 30},
	{"printer.paid", false},
	{"device", []any{}},
}

// deviceSettings is every key of a device with its default.
var deviceSettings = []setting{
	{"name", ""},
	{"role", ""},
	{"profile", ""},
	{"driver", ""},
	{"port", ""},
	{"baud", 9600},
}

const variablePrefix = "POSD_"

// variable is the name of the variable that may stand in for a key.
func variable(key string) string {
	return variablePrefix + strings.ToUpper(strings.ReplaceAll(key, ".", "_"))
}

// variables takes over the variables there are for keys. One that stands for no key is a fault: it was
// misspelt, and the register would run on without what it says.
func (l loaded) variables(environ []string) (faults Faults) {
	for _, e := range slices.Sorted(slices.Values(environ)) {
		name, value, _ := strings.Cut(e, "=")
		if !strings.HasPrefix(name, variablePrefix) {
			continue
		}
		at := slices.IndexFunc(settings, func(s setting) bool { return variable(s.key) == name })
		if at < 0 {
			var names []string
			for _, s := range settings {
				names = append(names, variable(s.key))
			}
			faults = append(faults, Fault{Key: name, Why: "is a variable for no key" + meant(name, names), Remedy: "correct or remove it"})
			continue
		}
		s := settings[at]
		switch s.value.(type) {
		case string:
			l.values.Set(s.key, value)
		case bool:
			on, err := strconv.ParseBool(value)
			if err != nil {
				faults = append(faults, Fault{Key: s.key, Value: strconv.Quote(value), Why: "is neither true nor false (from " + name + ")", Remedy: "write true or false"})
				continue
			}
			l.values.Set(s.key, on)
		case int:
			n, err := strconv.Atoi(value)
			if err != nil {
				faults = append(faults, Fault{Key: s.key, Value: strconv.Quote(value), Why: "is not a whole number (from " + name + ")", Remedy: fmt.Sprintf("write a number, such as %d", s.value)})
				continue
			}
			l.values.Set(s.key, n)
		default:
			faults = append(faults, Fault{Key: name, Why: "a list cannot come from a variable", Remedy: "set " + s.key + " in the file"})
			continue
		}
		l.from[s.key] = name
	}
	return faults
}

// in reports whether the document has the key.
func in(document map[string]any, key string) bool {
	first, rest, deeper := strings.Cut(key, ".")
	value, ok := document[first]
	if !ok || !deeper {
		return ok
	}
	section, ok := value.(map[string]any)
	return ok && in(section, rest)
}

// strangers are the keys of the document that no register knows. Viper would fold their case and take
// a quoted "acquirer.url" apart; here they are held against the table letter by letter.
func strangers(document map[string]any) (faults Faults) {
	var keys, sections []string
	for _, s := range settings {
		keys = append(keys, s.key)
		if section, _, deeper := strings.Cut(s.key, "."); deeper {
			sections = append(sections, section)
		}
	}
	stranger := func(key, shown string, known []string) {
		faults = append(faults, Fault{Key: shown, Why: "is not a key" + meant(key, known), Remedy: "correct or remove it; posd config show --default lists every key"})
	}
	for _, name := range slices.Sorted(maps.Keys(document)) {
		section, isSection := document[name].(map[string]any)
		switch {
		case name == "device":
			faults = append(faults, deviceStrangers(document[name])...)
		case isSection && slices.Contains(sections, name):
			for _, inner := range slices.Sorted(maps.Keys(section)) {
				if key := name + "." + inner; strings.Contains(inner, ".") || !slices.Contains(keys, key) {
					stranger(key, key, keys)
				}
			}
		case slices.Contains(sections, name): // the decoder says that it wants a section
		case strings.Contains(name, ".") || !slices.Contains(keys, name):
			stranger(name, name, append(keys, sections...))
		}
	}
	return faults
}

func deviceStrangers(list any) (faults Faults) {
	var known []string
	for _, s := range deviceSettings {
		known = append(known, s.key)
	}
	for i, d := range devicesOf(list) {
		for _, key := range slices.Sorted(maps.Keys(d)) {
			if !slices.Contains(known, key) {
				faults = append(faults, Fault{Key: deviceKey(i, d["name"], key), Why: "is not a key of a device" + meant(key, known), Remedy: "correct or remove it; a device has: " + strings.Join(known, ", ")})
			}
		}
	}
	return faults
}

// devicesOf gives the tables of a list of devices, whatever the decoder made of the list.
func devicesOf(list any) (tables []map[string]any) {
	switch list := list.(type) {
	case []any:
		for _, one := range list {
			table, _ := one.(map[string]any)
			tables = append(tables, table)
		}
	case []map[string]any:
		return list
	}
	return tables
}

// withDeviceDefaults fills in what a device leaves out, from its profile where it has one, because viper knows
// no defaults inside lists.
func withDeviceDefaults(list any, products profiles.Set) any {
	tables := devicesOf(list)
	if tables == nil {
		return list
	}
	full := make([]any, len(tables))
	for i, d := range tables {
		if d == nil { // not a table: the decoder says so
			return list
		}
		one := map[string]any{}
		for _, s := range deviceSettings {
			one[s.key] = s.value
		}
		if name, ok := d["profile"].(string); ok {
			if p, ok := products.Find(name); ok {
				one["role"], one["driver"] = string(p.Role), p.Driver
				if p.Baud > 0 {
					one["baud"] = p.Baud
				}
			}
		}
		maps.Copy(one, d)
		full[i] = one
	}
	return full
}

// deviceKey names a device's key by the device's own name where it has one, else by its place.
func deviceKey(at int, name any, key string) string {
	if n, ok := name.(string); ok && n != "" {
		return fmt.Sprintf("device[%s].%s", n, key)
	}
	return fmt.Sprintf("device[%d].%s", at+1, key)
}

// meant is the key that a misspelt one was likely meant to be.
func meant(written string, known []string) string {
	best, nearest := 3, ""
	for _, k := range known {
		if d := distance(strings.ToLower(written), strings.ToLower(k)); d < best {
			best, nearest = d, k
		}
	}
	if nearest == "" {
		return ""
	}
	return fmt.Sprintf(" (%s is)", nearest)
}

// distance counts the letters to change, add or drop until a is b.
func distance(a, b string) int {
	row := make([]int, len(b)+1)
	for j := range row {
		row[j] = j
	}
	for i := range len(a) {
		diagonal := row[0]
		row[0] = i + 1
		for j := range len(b) {
			change := diagonal
			if a[i] != b[j] {
				change++
			}
			diagonal = row[j+1]
			row[j+1] = min(change, row[j]+1, row[j+1]+1)
		}
	}
	return row[len(b)]
}
