package main

import (
	"errors"
	"fmt"
	"reflect"
	"regexp"
	"strconv"
	"strings"
	"time"

	"github.com/go-viper/mapstructure/v2"
	"github.com/spf13/viper"
)

// Fault is one thing that is wrong with a configuration: which key, what stands there, why that cannot
// be, and what to do.
type Fault struct {
	Key    string `json:"key"`
	Value  string `json:"value,omitempty"`
	Why    string `json:"why"`
	Remedy string `json:"remedy"`
}

func (f Fault) String() string {
	if f.Value == "" {
		return fmt.Sprintf("%s: %s; %s", f.Key, f.Why, f.Remedy)
	}
	return fmt.Sprintf("%s = %s: %s; %s", f.Key, f.Value, f.Why, f.Remedy)
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

// faultsOf is every fault that an error holds.
func faultsOf(err error) Faults {
	var f Faults
	errors.As(err, &f)
	return f
}

// has reports whether something is already known to be wrong with the key.
func (f Faults) has(key string) bool {
	for _, one := range f {
		if one.Key == key {
			return true
		}
	}
	return false
}

// durationHook reads a duration and refuses a bare number: 30 would be thirty nanoseconds.
func durationHook(from, to reflect.Type, data any) (any, error) {
	if to != reflect.TypeFor[time.Duration]() || from == to {
		return data, nil
	}
	text, ok := data.(string)
	if !ok {
		return nil, errUnit
	}
	d, err := time.ParseDuration(text)
	if err != nil {
		return nil, errUnit
	}
	return d, nil
}

// wholeHook refuses a broken number where a whole one is wanted; the decoder would cut it off.
func wholeHook(from, to reflect.Type, data any) (any, error) {
	if to.Kind() == reflect.Int && (from.Kind() == reflect.Float64 || from.Kind() == reflect.Float32) {
		return nil, errWhole
	}
	return data, nil
}

var (
	errUnit  = errors.New("is not a duration with a unit")
	errWhole = errors.New("is not a whole number")
)

// The decoder's names of places: device[0].baud, languages[1].
var (
	listPlace = regexp.MustCompile(`^device\[([0-9]+)\]\.?(.*)$`)
	listEnd   = regexp.MustCompile(`\[[0-9]+\]$`)
)

// decodingFaults turns what the decoder says into faults. Keys that it does not know were found
// before, in the file's own spelling; they are named again only if nothing else was.
func decodingFaults(err error, values *viper.Viper, named bool) (faults Faults) {
	var visit func(error)
	visit = func(err error) {
		var many interface {
			error
			Unwrap() []error
		}
		if errors.As(err, &many) { // the outermost: what it holds may be many again
			for _, one := range many.Unwrap() {
				visit(one)
			}
			return
		}
		var at, inner *mapstructure.DecodeError
		if !errors.As(err, &at) {
			faults = append(faults, Fault{Key: "configuration", Why: err.Error(), Remedy: "correct it"})
			return
		}
		for errors.As(at.Unwrap(), &inner) {
			at = inner
		}
		switch {
		case !strings.Contains(at.Error(), "has invalid keys"):
			faults = append(faults, wrongType(at, values))
		case !named:
			faults = append(faults, Fault{Key: at.Name(), Why: at.Unwrap().Error(), Remedy: "correct or remove them"})
		}
	}
	if err != nil {
		visit(err)
	}
	return faults
}

// wrongType is the fault of a value that is of another type than its key.
func wrongType(at *mapstructure.DecodeError, values *viper.Viper) Fault {
	name := strings.TrimRight(listEnd.ReplaceAllString(at.Name(), ""), ".")
	key := name
	value := values.Get(name)
	settingsOf := settings
	if place := listPlace.FindStringSubmatch(at.Name()); place != nil {
		i, _ := strconv.Atoi(place[1])
		tables := devicesOf(values.Get("device"))
		key, settingsOf, value = deviceKey(i, nil, place[2]), deviceSettings, nil
		if i < len(tables) && tables[i] != nil {
			key, value = deviceKey(i, tables[i]["name"], place[2]), tables[i][place[2]]
		}
		name = place[2]
	}
	f := Fault{Key: key, Value: shown(name, value), Why: "is of the wrong kind", Remedy: "write it as posd config show --default does"}
	for _, s := range settingsOf {
		if s.key != name {
			continue
		}
		switch s.value.(type) {
		case string:
			f.Why, f.Remedy = "is not text", `write it in quotes: "..."`
		case int:
			f.Why, f.Remedy = "is not a whole number", fmt.Sprintf("write a number without quotes, such as %d", s.value)
		case bool:
			f.Why, f.Remedy = "is neither true nor false", "write true or false, without quotes"
		case []string:
			f.Why, f.Remedy = "is not a list of texts", `write ["en", "zh-Hans"]`
		case []any:
			f.Why, f.Remedy = "is not a list of devices", "begin each device with [[device]]"
		}
	}
	if name == "acquirer.hold" {
		f.Why, f.Remedy = errUnit.Error(), `write "25s"`
	}
	if name == "acquirer" || name == "limits" || name == "backup" || name == "printer" {
		f.Value, f.Why, f.Remedy = "", "is not a section", "write ["+name+"] on a line of its own, and its keys below"
	}
	return f
}

// shown is a value as a person wrote it. What should be a path or an address but is none may be a
// secret in the wrong place, and is not repeated.
func shown(key string, value any) string {
	text, isText := value.(string)
	if !isText {
		if value == nil {
			return ""
		}
		switch reflect.TypeOf(value).Kind() {
		case reflect.Map, reflect.Slice, reflect.Struct:
			return ""
		}
		return fmt.Sprint(value)
	}
	secretish := strings.HasSuffix(key, "_file") && !strings.ContainsAny(text, `/\`) && len(text) > 20
	if secretish || (strings.HasSuffix(key, "url") && strings.ContainsAny(text, "@?#")) {
		return "(not shown)"
	}
	if len(text) > 80 {
		text = text[:80] + "..."
	}
	return strconv.Quote(text)
}
