package words

import (
	"fmt"
	"strings"
)

// Fill fills the holes of a text. {{.name}} is what value says for the name; {{if .name}}…{{else}}…{{end}} is the first
// part where it says something and the second where it does not, and may stand in another. There is nothing else: the
// templates of the standard library find methods by their names, for which a program must keep all methods that it has.
//
// An error is a fault of the text, whatever the values, and comes with what could be filled.
func Fill(text string, value func(name string) string) (string, error) {
	f := filling{rest: text, value: value}
	end, err := f.part(true)
	if err == nil && end != "" {
		err = fmt.Errorf("{{%s}} without an {{if}}", end)
	}
	return f.out.String(), err
}

type filling struct {
	rest  string
	out   strings.Builder
	value func(name string) string
}

// part fills up to the {{else}} or {{end}} that ends it, and names that; "" is the end of the text. What is not said is read all
// the same, so that a fault in it shows.
func (f *filling) part(said bool) (end string, err error) {
	for {
		text, behind, more := strings.Cut(f.rest, "{{")
		f.say(said, text)
		f.rest = ""
		if !more {
			return "", nil
		}
		hole, rest, closed := strings.Cut(behind, "}}")
		if !closed {
			return "", fmt.Errorf("{{%s has no end", hole)
		}
		f.rest = rest
		condition, conditional := named(hole, "if .")
		name, plain := named(hole, ".")
		switch {
		case hole == "else" || hole == "end":
			return hole, nil
		case conditional:
			err = f.either(said, condition)
		case plain && said:
			f.say(true, f.value(name))
		case !plain:
			err = fmt.Errorf("{{%s}} is no hole", hole)
		}
		if err != nil {
			return "", err
		}
	}
}

const letters = "abcdefghijklmnopqrstuvwxyz"

// named is the name behind a prefix: a letter, and then letters, digits, points and low lines.
func named(hole, prefix string) (name string, ok bool) {
	name, ok = strings.CutPrefix(hole, prefix)
	return name, ok && strings.IndexAny(name, letters) == 0 && strings.Trim(name, letters+"0123456789._") == ""
}

// either fills one of the two parts of an {{if}}.
func (f *filling) either(said bool, name string) error {
	holds := said && f.value(name) != ""
	end, err := f.part(said && holds)
	if err == nil && end == "else" {
		end, err = f.part(said && !holds)
	}
	if err == nil && end != "end" {
		err = fmt.Errorf("{{if .%s}} has no {{end}}", name)
	}
	return err
}

func (f *filling) say(said bool, text string) {
	if said {
		f.out.WriteString(text)
	}
}
