package words

import (
	"strings"
	"testing"
	"text/template"
)

func TestFill(t *testing.T) {
	args := map[string]string{"by": "Ann", "amount": "12.50", "brace": "{{.by}}", "code": "<b>"}
	for _, test := range []struct{ name, text, want string }{
		{"no hole", "Paid.", "Paid."},
		{"nothing", "", ""},
		{"a hole", "{{.amount}} paid", "12.50 paid"},
		{"a hole at the end", "by {{.by}}", "by Ann"},
		{"nobody said it", "by {{.who}}.", "by ."},
		{"what is filled in is not filled again", "{{.brace}}", "{{.by}}"},
		{"a value is taken as it is", "{{.code}}", "<b>"},
		{"said", "Ruled{{if .by}} ({{.by}}){{end}}.", "Ruled (Ann)."},
		{"not said", "Ruled{{if .who}} ({{.who}}){{end}}.", "Ruled."},
		{"the other part", "{{if .who}}x{{else}}y{{end}}", "y"},
		{"not the other part", "{{if .by}}x{{else}}y{{end}}", "x"},
		{"one in the other", "{{if .by}}a{{if .who}}b{{else}}c{{end}}d{{else}}{{if .by}}e{{end}}{{end}}f", "acdf"},
		{"one in what is not said", "{{if .who}}a{{if .by}}b{{else}}c{{end}}d{{else}}e{{end}}f", "ef"},
		{"a brace of its own", "{a} }} {", "{a} }} {"},
	} {
		t.Run(test.name, func(t *testing.T) {
			got, err := Fill(test.text, func(name string) string { return args[name] })
			if got != test.want || err != nil {
				t.Errorf("got %q, %v; want %q", got, err, test.want)
			}
		})
	}
}

func TestFillNamesTheFault(t *testing.T) {
	for text, want := range map[string]string{
		"a {{.by":                          "{{.by has no end",
		"a {{.by}":                         "{{.by} has no end",
		"{{by}}":                           "{{by}} is no hole",
		"{{}}":                             "{{}} is no hole",
		"{{.}}":                            "{{.}} is no hole",
		"{{ .by }}":                        "{{ .by }} is no hole",
		"{{.by | html}}":                   "{{.by | html}} is no hole",
		"{{if by}}{{end}}":                 "{{if by}} is no hole",
		"{{if .a b}}{{end}}":               "{{if .a b}} is no hole",
		"{{end}}":                          "{{end}} without an {{if}}",
		"{{else}}":                         "{{else}} without an {{if}}",
		"{{if .by}}x":                      "{{if .by}} has no {{end}}",
		"{{if .by}}x{{else}}y{{else}}z":    "{{if .by}} has no {{end}}",
		"{{if .by}}{{if .by}}x{{end}}":     "{{if .by}} has no {{end}}",
		"{{if .who}}{{by}}{{end}}":         "{{by}} is no hole", // though it is not said
		"{{if .who}}{{else}}{{by}}{{end}}": "{{by}} is no hole",
	} {
		if _, err := Fill(text, func(string) string { return "" }); err == nil || err.Error() != want {
			t.Errorf("%q: %v, want %q", text, err, want)
		}
	}
}

// byTemplate fills a text with the templates of the standard library, which say more; for what both know they must agree.
func byTemplate(text string, args map[string]string) (string, error) {
	t, err := template.New("").Option("missingkey=zero").Parse(text)
	if err != nil {
		return "", err
	}
	var out strings.Builder
	err = t.Execute(&out, args)
	return out.String(), err
}

// Every sentence there is, with all that it asks for, with nothing, and with each one missing.
func TestSentencesFillAsTemplatesDo(t *testing.T) {
	c, compared := opened(t), 0
	for lang, sentences := range c.sentences {
		for id, text := range sentences {
			for _, form := range []string{text, c.singulars[lang][id]} {
				names := strings.Fields(strings.ReplaceAll(placeholders(form), ".", " "))
				all := map[string]string{}
				for _, name := range names {
					all[name] = "(" + name + ")"
				}
				for _, without := range append(names, "", "all") {
					args := map[string]string{}
					for name, value := range all {
						if without != "all" && name != without {
							args[name] = value
						}
					}
					want, err := byTemplate(form, args)
					if err != nil {
						t.Fatalf("%s: %s: %v", lang, id, err)
					}
					if got, err := Fill(form, func(name string) string { return args[name] }); got != want || err != nil {
						t.Errorf("%s: %s with %v: got %q, %v; want %q", lang, id, args, got, err, want)
					}
					compared++
				}
			}
		}
	}
	if compared < 2000 {
		t.Errorf("only %d compared", compared)
	}
}

// What Fill takes for sound means the same to the standard library's templates, wherever they take it too.
func FuzzFill(f *testing.F) {
	for _, seed := range []string{"Paid.", "{{.by}}", "{{if .by}}a{{.no}}{{else}}b{{end}}c", "{{if .no}}{{if .by}}x{{end}}{{end}}", "{{", "}}{{end}}", "{{.by}"} {
		f.Add(seed)
	}
	args := map[string]string{"by": "Ann {{.no}}", "a": "<b>"}
	f.Fuzz(func(t *testing.T, text string) {
		got, err := Fill(text, func(name string) string { return args[name] })
		if err != nil {
			return
		}
		if want, err := byTemplate(text, args); err == nil && got != want {
			t.Errorf("%q: got %q, want %q", text, got, want)
		}
	})
}
