package console

import (
	"encoding/json"
	"flag"
	"io/fs"
	"net/http"
	"net/http/httptest"
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"

	"posd/pos"
	"posd/pos/words"
)

var update = flag.Bool("update", false, "rewrite the golden files")

func catalogue(t *testing.T) *words.Catalogue {
	t.Helper()
	c, err := words.Open()
	if err != nil {
		t.Fatal(err)
	}
	return c
}

func counter(t *testing.T) http.Handler {
	t.Helper()
	return New(Options{Words: catalogue(t), Store: "NYC5AV", Register: "NYC5AV-03", Currency: "USD", Languages: []string{"en", "zh-Hans"}})
}

func ask(t *testing.T, h http.Handler, method, path string, change func(*http.Request)) *httptest.ResponseRecorder {
	t.Helper()
	r := httptest.NewRequest(method, path, nil)
	if change != nil {
		change(r)
	}
	w := httptest.NewRecorder()
	h.ServeHTTP(w, r)
	return w
}

// source is one embedded file.
type source struct{ name, text string }

func sources(t *testing.T) (all []source) {
	t.Helper()
	err := fs.WalkDir(files, ".", func(name string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		text, err := fs.ReadFile(files, name)
		all = append(all, source{name, string(text)})
		return err
	})
	if err != nil || len(all) < 15 {
		t.Fatalf("%d embedded files, %v", len(all), err)
	}
	return all
}

// A page without these headers can be framed by a foreign page, or run a script that was smuggled in.
func TestEveryAnswerIsGuarded(t *testing.T) {
	h := counter(t)
	for path, code := range map[string]int{"/": 200, "/manager": 200, "/technician": 200, "/display": 200, "/assets/app.js": 200, "/assets/none.js": 404, "/qr.svg": 400,
		"/qr.svg?text=https%3A%2F%2Fexample.test": 200, "/nothing": 404, "/assets/": 404, "/templates/cashier.html": 404,
		"/assets/..%2Ftemplates%2Fcashier.html": 404, "/qr.svg?text=" + strings.Repeat("x", longestQR+1): 400} {
		w := ask(t, h, "GET", path, nil)
		if w.Code != code {
			t.Errorf("%.60s: got %d, want %d", path, w.Code, code)
		}
		csp := w.Header().Get("Content-Security-Policy")
		if !strings.HasPrefix(csp, "default-src 'self';") || strings.Contains(csp, "unsafe") || !strings.Contains(csp, "frame-ancestors 'none'") {
			t.Errorf("%.60s: policy %q", path, csp)
		}
		if w.Header().Get("X-Content-Type-Options") != "nosniff" || w.Header().Get("Referrer-Policy") != "no-referrer" {
			t.Errorf("%.60s: headers %v", path, w.Header())
		}
		if code == 404 && !strings.HasPrefix(w.Header().Get("Content-Type"), "text/plain") {
			t.Errorf("%.60s: a stranger reads %s", path, w.Header().Get("Content-Type"))
		}
	}
	if w := ask(t, h, "POST", "/", nil); w.Code != http.StatusMethodNotAllowed {
		t.Errorf("POST /: %d", w.Code)
	}
}

// A script of the wrong type does not run; an old script beside a new page is worse.
func TestAssetsAreTypedAndFresh(t *testing.T) {
	h := counter(t)
	for name, want := range map[string]string{"app.js": "text/javascript; charset=utf-8", "style.css": "text/css; charset=utf-8", "icon.svg": "image/svg+xml"} {
		w := ask(t, h, "GET", "/assets/"+name, nil)
		if got := w.Header().Get("Content-Type"); got != want {
			t.Errorf("%s: got %s, want %s", name, got, want)
		}
		tag := w.Header().Get("ETag")
		if w.Header().Get("Cache-Control") != "no-cache" || tag == "" {
			t.Errorf("%s: %v", name, w.Header())
		}
		again := ask(t, h, "GET", "/assets/"+name, func(r *http.Request) { r.Header.Set("If-None-Match", tag) })
		if again.Code != http.StatusNotModified || again.Body.Len() != 0 {
			t.Errorf("%s asked for again: %d with %d bytes", name, again.Code, again.Body.Len())
		}
	}
	if got := ask(t, h, "GET", "/", nil).Header().Get("Cache-Control"); got != "no-store" {
		t.Errorf("the page may be kept: %q", got)
	}
}

var (
	foreign = regexp.MustCompile(`(?i)\b(?:https?|wss?|ftp):|["'(=]\s*//[a-z]|@import|data:[a-z]|blob:`)
	inline  = regexp.MustCompile(`(?is)<script(?:\s[^>]*)?>\s*[^<\s]|<style|\sstyle\s*=|\son[a-z]+\s*=\s*["']|javascript:`)
	danger  = regexp.MustCompile(`\binnerHTML\b|\bouterHTML\b|insertAdjacentHTML|document\.write|\beval\b|new Function|localStorage|serviceWorker`)
)

// The boutique's register has no way to the internet but the acquirer's: a page that needs a foreign
// host stays white, and a page that runs foreign code is somebody else's till.
func TestNothingForeignAndNothingInline(t *testing.T) {
	for _, s := range sources(t) {
		text := strings.ReplaceAll(s.text, `xmlns="http://www.w3.org/2000/svg"`, "")
		if found := foreign.FindString(text); found != "" {
			t.Errorf("%s names something foreign: %q", s.name, found)
		}
		if found := danger.FindString(text); found != "" {
			t.Errorf("%s uses %s", s.name, found)
		}
		if !strings.HasSuffix(s.name, ".html") {
			continue
		}
		page := strings.ReplaceAll(text, `<script type="application/json" id="shell">{{.shell}}`, "")
		if found := inline.FindString(page); found != "" {
			t.Errorf("%s has code or style in the page: %q", s.name, found)
		}
	}
	for _, bad := range []string{`<script>alert(1)`, `<p style="x">`, `<a onclick="x">`} {
		if !inline.MatchString(bad) {
			t.Errorf("the check lets %q pass", bad)
		}
	}
}

var quoted = regexp.MustCompile("[\"'`]((?:page|commands|report|state|refund|reason|trouble|problem|who|wallet|prompt)\\.[^\"'`]*)[\"'`]")

var said = regexp.MustCompile(`\{\{(?:if )?\.([a-z]+\.[^}]*)\}\}`)

// A sentence that a template or script asks for is missing: the cashier reads an identifier. One that
// begins an id must begin at least one, and one that the shell does not carry is missing too.
func TestEverySentenceOfThePagesExists(t *testing.T) {
	c := catalogue(t)
	pages := map[string][]string{"": append(slices.Clone(counterTopics), displayTopics...), "display.js": displayTopics, "scene.js": displayTopics,
		"manager.js": managerTopics, "paper.js": managerTopics, "technician.js": technicianTopics, "templates/technician.html": technicianTopics}
	used := map[string]bool{}
	for _, s := range sources(t) {
		if strings.HasSuffix(s.name, ".css") {
			continue
		}
		carried, ok := pages[strings.TrimPrefix(s.name, "assets/")]
		if !ok {
			carried = pages[""]
		}
		for _, found := range said.FindAllStringSubmatch(s.text, -1) {
			if used[found[1]] = true; !c.Has(found[1]) {
				t.Errorf("%s says %q, which is no sentence", s.name, found[1])
			}
		}
		for _, found := range quoted.FindAllStringSubmatch(s.text, -1) {
			pattern := regexp.QuoteMeta(found[1])
			if i := strings.Index(found[1], "${"); i >= 0 {
				pattern = regexp.MustCompile(`\\\$\\\{[^}]*\\\}`).ReplaceAllString(pattern, `[0-9a-z_-]+`)
			} else if strings.HasSuffix(found[1], ".") {
				pattern += `[0-9a-z_-]+`
			}
			whole := regexp.MustCompile("^" + pattern + "$")
			matches := 0
			for _, topic := range carried {
				for id := range c.Topic("en", topic) {
					if whole.MatchString(id) {
						matches++
						used[id] = true
					}
				}
			}
			if matches == 0 {
				t.Errorf("%s asks for %q, which no sentence of its page is", s.name, found[1])
			}
		}
	}
	if len(used) < 100 {
		t.Errorf("only %d sentences found in use: the search is broken", len(used))
	}
	for _, extra := range []string{"page.language"} {
		used[extra] = true // said by the server
	}
	for id := range c.Topic("en", "page.") {
		if !used[id] {
			t.Errorf("%s stands in the catalogue and on no page", id)
		}
	}
}

var page = regexp.MustCompile(`(?s)<html lang="([^"]+)".*<script type="application/json" id="shell">(.*?)</script>`)

// The cashier chose a language and the register answers in another.
func TestLanguage(t *testing.T) {
	h := counter(t)
	for name, c := range map[string]struct {
		path, cookie, lang, amount string
	}{
		"as configured":          {"/", "", "en", "Amount"},
		"asked for":              {"/?lang=fr-CA", "", "fr-CA", "Montant"},
		"chosen before":          {"/", "zh-Hans", "zh-Hans", "金额"},
		"asked for now":          {"/?lang=en", "zh-Hans", "en", "Amount"},
		"one we do not speak":    {"/?lang=xx", "", "en", "Amount"},
		"a cookie of another":    {"/", "'><script>", "en", "Amount"},
		"the shopper's":          {"/display", "", "zh-Hans", ""},
		"the shopper's, asked":   {"/display?lang=fr-CA", "", "fr-CA", ""},
		"not the cashier's word": {"/display", "en", "zh-Hans", ""},
	} {
		t.Run(name, func(t *testing.T) {
			w := ask(t, h, "GET", c.path, func(r *http.Request) {
				if c.cookie != "" {
					r.Header.Set("Cookie", "lang="+c.cookie)
				}
			})
			found := page.FindStringSubmatch(w.Body.String())
			if found == nil {
				t.Fatalf("no page: %d %.200s", w.Code, w.Body)
			}
			var s shell
			if err := json.Unmarshal([]byte(found[2]), &s); err != nil {
				t.Fatalf("the shell is not JSON: %v", err)
			}
			if found[1] != c.lang || s.Lang != c.lang || s.Currency != "USD" || s.Register != "NYC5AV-03" {
				t.Errorf("got %s and %+v, want %s", found[1], s, c.lang)
			}
			if s.Words["page.amount"] != c.amount {
				t.Errorf("the amount is called %q, want %q", s.Words["page.amount"], c.amount)
			}
		})
	}
}

// The shell is served to anybody at the register's address: it must not know a sale, and a store's
// name must not become markup.
func TestTheShellHoldsNoDataAndNoMarkup(t *testing.T) {
	h := New(Options{Words: catalogue(t), Store: `<i>&"'`, Register: "</script>", Currency: "USD"})
	for _, path := range []string{"/", "/manager", "/technician", "/display"} {
		body := ask(t, h, "GET", path, nil).Body.String()
		if strings.Contains(body, "<i>") || strings.Contains(body, "</script></b>") || strings.Count(body, "</script>") != 2 {
			t.Errorf("%s: a name became markup", path)
		}
	}
}

var hole = regexp.MustCompile(`\{\{.*?\}\}`)

// misplaced gives a hole of a page that stands where an escaped text could still be markup or code: in a script, in a tag
// outside of quotes, in an attribute that is an address or code, or in single quotes.
func misplaced(text string) string {
	const mark = "\x00"
	text = strings.ReplaceAll(text, `<script type="application/json" id="shell">{{.shell}}</script>`, "")
	text = strings.ReplaceAll(text, `{{if .other}}lang="{{.other}}"{{end}}`, `lang="{{.other}}"`)
	if found := regexp.MustCompile(`<[^<>]*\{\{\.(?:shell|tongues|icons|dialogs|close)\}\}|\{\{\.shell\}\}`).FindString(text); found != "" {
		return found // not escaped
	}
	text = hole.ReplaceAllString(text, mark)
	text = regexp.MustCompile(`\s(?:id|for|lang|title|alt|placeholder|aria-[a-z]+|data-[a-z-]+)="[^"<>]*"`).ReplaceAllString(text, "")
	for _, wrong := range []string{`<[^<>]*` + mark, `(?s)<script[^>]*>[^<]*` + mark, `(?s)<style[^>]*>[^<]*` + mark} {
		if found := regexp.MustCompile(wrong).FindString(text); found != "" {
			return found
		}
	}
	return ""
}

// Every hole is filled with a text that is escaped for between tags and for quoted attributes, and stands nowhere else.
func TestHolesStandWhereTheyAreSafe(t *testing.T) {
	for _, s := range sources(t) {
		if !strings.HasSuffix(s.name, ".html") {
			continue
		}
		if found := misplaced(s.text); found != "" {
			t.Errorf("%s: %q", s.name, found)
		}
	}
	for _, bad := range []string{`<p {{.store}}>`, `<p title={{.store}}>`, `<p title='{{.store}}'>`, `<a href="{{.store}}">`, `<p onclick="{{.store}}">`,
		`<script>{{.store}}</script>`, `<style>{{.store}}</style>`, `<{{.store}}>`, `<script type="application/json" id="shell">{{.store}}</script>`,
		`<p data-x="{{.shell}}">`, `<p>{{.shell}}</p>`, `<p title="{{.tongues}}">`, `<p lang="{{.close}}">`} {
		if misplaced(bad) == "" {
			t.Errorf("the check lets %q pass", bad)
		}
	}
}

// sums are amounts as the report and the slip write them. The browser test holds the page's own
// function and the browser's Intl against this file.
type sums struct {
	Minor    int64             `json:"minor"`
	Currency pos.Currency      `json:"currency"`
	Text     map[string]string `json:"text"`
}

func TestMoneyGolden(t *testing.T) {
	var all []sums
	for _, currency := range []pos.Currency{"USD", "CAD", "CNY", "HKD", "EUR", "GBP", "JPY", "KWD", "CHF"} {
		for _, minor := range []int64{0, 5, -5, 99, 100, 12950, 99999, 123456, -123456, 100000000, 9_999_999_999, 9_007_199_254_740_991} {
			s := sums{minor, currency, map[string]string{}}
			for _, lang := range catalogue(t).Languages() {
				s.Text[lang] = pos.Amount{Minor: minor, Currency: currency}.Format(lang)
			}
			all = append(all, s)
		}
	}
	got, err := json.MarshalIndent(all, "", " ")
	if err != nil {
		t.Fatal(err)
	}
	if *update {
		if err := os.WriteFile("testdata/money.json", append(got, '\n'), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile("testdata/money.json")
	if err != nil || string(want) != string(got)+"\n" {
		t.Errorf("testdata/money.json is not how amounts are written (%v): run with -update and look at the difference", err)
	}
}
