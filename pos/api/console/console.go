// Package console is the face of the register for people: the cashier's page, the manager's, the technician's and the
// shopper's second screen, with their scripts and stylesheets, all embedded.
//
// It refuses to hold data. A page is an empty shell with the sentences of one language; what stands on
// it comes from the local API, to which the page's script shows the cookie of its session. So the shell
// needs no token, and two screens that follow the same event stream cannot disagree.
package console

import (
	"crypto/sha256"
	"embed"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"html"
	"io"
	"io/fs"
	"maps"
	"mime"
	"net/http"
	"path"
	"strings"

	"posd/pos"
	"posd/pos/qr"
	"posd/pos/words"
)

//go:embed assets templates
var files embed.FS

// policy lets a page load nothing but what this register serves, and run no script that stands inside
// the page. A foreign frame cannot show it.
const policy = "default-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'; object-src 'none'"

// longestQR bounds the text of a symbol: the longest that still reads well off a screen.
const longestQR = 1024

// Options is what a page says of its register.
type Options struct {
	Words           *words.Catalogue
	Store, Register string
	Currency        pos.Currency
	Languages       []string // the cashier's, then the shopper's
}

// pages serves the shells. It never changes after New.
type pages struct {
	o      Options
	parts  map[string]string // by name: pages, and what stands in several of them
	assets map[string]asset
}

// asset is a file as it is served.
type asset struct{ kind, etag string }

// New makes the pages: GET /, /manager, /technician, /display, /qr.svg and /assets/*; anything else is plainly not found. It
// panics when the embedded files do not parse, which a test of this package would have shown.
func New(o Options) http.Handler {
	p := &pages{o: o, parts: map[string]string{}, assets: map[string]asset{}}
	each("templates", func(name string, text []byte) { p.parts[strings.TrimSuffix(name, ".html")] = string(text) })
	each("assets", func(name string, body []byte) {
		sum := sha256.Sum256(body)
		p.assets[name] = asset{kind(name), `"` + base64.RawURLEncoding.EncodeToString(sum[:12]) + `"`}
	})
	for name := range p.parts {
		if _, err := p.fill(name, "/", shell{Lang: words.Fallback, Other: words.Fallback}); err != nil {
			panic(err)
		}
	}
	mux := http.NewServeMux()
	mux.HandleFunc("GET /{$}", p.cashier)
	mux.HandleFunc("GET /manager", p.manager)
	mux.HandleFunc("GET /technician", p.technician)
	mux.HandleFunc("GET /display", p.display)
	mux.HandleFunc("GET /qr.svg", p.symbol)
	mux.HandleFunc("GET /assets/{name}", p.asset)
	return guarded(mux)
}

// each reads the embedded files of a folder.
func each(folder string, do func(name string, text []byte)) {
	names, err := fs.Glob(files, folder+"/*")
	if err != nil {
		panic(err)
	}
	for _, name := range names {
		text, err := fs.ReadFile(files, name)
		if err != nil {
			panic(err)
		}
		do(path.Base(name), text)
	}
}

// kind names a file's type by its ending; the machine's own table is not asked, because it differs
// between machines and a script of the wrong type does not run.
func kind(name string) string {
	switch path.Ext(name) {
	case ".js":
		return "text/javascript; charset=utf-8"
	case ".css":
		return "text/css; charset=utf-8"
	case ".svg":
		return "image/svg+xml"
	}
	return mime.TypeByExtension(path.Ext(name))
}

// guarded puts the headers on every answer that keep foreign code and foreign frames out.
func guarded(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		h := w.Header()
		h.Set("Content-Security-Policy", policy)
		h.Set("X-Content-Type-Options", "nosniff")
		h.Set("X-Frame-Options", "DENY")
		h.Set("Referrer-Policy", "no-referrer")
		h.Set("Cross-Origin-Opener-Policy", "same-origin")
		h.Set("Cross-Origin-Resource-Policy", "same-origin")
		h.Set("Permissions-Policy", "camera=(), geolocation=(), microphone=(), payment=(), usb=(), serial=()")
		next.ServeHTTP(w, r)
	})
}

// shell is what a page's script reads before it has asked for anything.
type shell struct {
	Lang     string            `json:"lang"`
	Register string            `json:"register"`
	Currency pos.Currency      `json:"currency"`
	Words    map[string]string `json:"words"`           // in the page's language, placeholders as written
	Second   map[string]string `json:"other,omitempty"` // the display's second language
	Other    string            `json:"other_lang,omitempty"`
}

// Topics of the catalogue that the pages' scripts say sentences from.
var (
	counterTopics    = []string{"page.", "state.", "refund.", "reason.", "trouble.", "problem.", "who.", "wallet.", "family."}
	managerTopics    = []string{"report.", "page.", "state.", "refund.", "reason.", "problem.", "who.", "wallet."}
	technicianTopics = []string{"page.", "commands.connection.", "commands.device.", "commands.found.", "reason.", "problem."}
	coachTopics      = []string{"page.coach."} // for the shopper, beside what the cashier reads
	displayTopics    = []string{"prompt.", "page.display.", "page.link.", "family."}
)

// chosen is the language of a page for somebody who works here. The choice outlives its address; it is
// not a secret and changes nothing on the register.
func (p *pages) chosen(w http.ResponseWriter, r *http.Request) string {
	lang := p.language(r, 0, true)
	if r.URL.Query().Has("lang") {
		http.SetCookie(w, &http.Cookie{Name: "lang", Value: lang, Path: "/", MaxAge: 365 * 24 * 3600, SameSite: http.SameSiteStrictMode,
			HttpOnly: true})
	}
	return lang
}

func (p *pages) manager(w http.ResponseWriter, r *http.Request) {
	lang := p.chosen(w, r)
	p.write(w, "manager", "/manager", shell{Lang: lang, Words: p.topics(lang, managerTopics)})
}

func (p *pages) technician(w http.ResponseWriter, r *http.Request) {
	lang := p.chosen(w, r)
	p.write(w, "technician", "/technician", shell{Lang: lang, Words: p.topics(lang, technicianTopics)})
}

func (p *pages) cashier(w http.ResponseWriter, r *http.Request) {
	lang := p.chosen(w, r)
	s := shell{Lang: lang, Words: p.topics(lang, counterTopics)}
	if shopper := p.spoken(1); shopper != lang {
		s.Second, s.Other = p.topics(shopper, coachTopics), shopper
	}
	p.write(w, "cashier", "/", s)
}

func (p *pages) display(w http.ResponseWriter, r *http.Request) {
	lang, other := p.language(r, 1, false), p.spoken(0)
	s := shell{Lang: lang, Words: p.topics(lang, displayTopics)}
	if other != lang {
		s.Second, s.Other = p.topics(other, displayTopics), other
	}
	p.write(w, "display", "/display", s)
}

// language is the one asked for in the address, else the one chosen before, else the configured one.
func (p *pages) language(r *http.Request, which int, remembered bool) string {
	if asked := r.URL.Query().Get("lang"); asked != "" {
		return p.o.Words.Match(asked)
	}
	if c, err := r.Cookie("lang"); remembered && err == nil {
		return p.o.Words.Match(c.Value)
	}
	return p.spoken(which)
}

// spoken is the configured language at that place, else the first one there is.
func (p *pages) spoken(which int) string {
	switch l := p.o.Languages; {
	case which < len(l):
		return p.o.Words.Match(l[which])
	case len(l) > 0:
		return p.o.Words.Match(l[0])
	}
	return words.Fallback
}

func (p *pages) topics(lang string, prefixes []string) map[string]string {
	all := map[string]string{}
	for _, prefix := range prefixes {
		maps.Copy(all, p.o.Words.Topic(lang, prefix))
	}
	return all
}

// fill makes a page, or a part of one. Its holes are what the page says of its register and sentences by their ids, escaped for
// between tags and for quoted attributes; and other parts, the language switch and the shell, which are not escaped and stand on
// their own. A test holds that each stands where it may.
func (p *pages) fill(name, address string, s shell) (string, error) {
	s.Register, s.Currency = p.o.Register, p.o.Currency
	data, fault := json.Marshal(s) // with no letter in it that ends a script
	said := map[string]string{"lang": s.Lang, "other": s.Other, "store": p.o.Store, "register": s.Register, "currency": string(s.Currency)}
	var part func(name string) string
	part = func(name string) string {
		text, err := words.Fill(p.parts[name], func(hole string) string {
			switch text, known := said[hole]; {
			case known:
				return html.EscapeString(text)
			case hole == "shell":
				return string(data)
			case hole == "tongues":
				return p.tongues(address, s.Lang)
			case p.parts[hole] != "":
				return part(hole)
			case !p.o.Words.Has(hole):
				fault = errors.Join(fault, fmt.Errorf("%s: nothing is called %s", name, hole))
			}
			return html.EscapeString(p.o.Words.Say(s.Lang, hole, nil))
		})
		fault = errors.Join(fault, err)
		return text
	}
	return part(name), fault
}

// tongues is the language switch.
func (p *pages) tongues(address, here string) string {
	var links strings.Builder
	for _, l := range p.o.Words.Languages() {
		current := ""
		if l == here {
			current = ` aria-current="true"`
		}
		fmt.Fprintf(&links, `<a href="%s?lang=%[2]s" lang="%[2]s" hreflang="%[2]s"%s>%s</a>`, address, l, current, html.EscapeString(p.o.Words.Say(l, "page.language", nil)))
	}
	return links.String()
}

// write makes the whole page first, so that one that fails is an error and not half a page.
func (p *pages) write(w http.ResponseWriter, name, address string, s shell) {
	page, err := p.fill(name, address, s)
	if err != nil {
		http.Error(w, "the page could not be made", http.StatusInternalServerError)
		return
	}
	w.Header().Set("Content-Type", "text/html; charset=utf-8")
	w.Header().Set("Cache-Control", "no-store")
	send(w, []byte(page))
}

func (p *pages) asset(w http.ResponseWriter, r *http.Request) {
	a, ok := p.assets[r.PathValue("name")]
	if !ok {
		http.NotFound(w, r)
		return
	}
	// Asked for again each time and answered in a few bytes: an upgraded daemon never meets the
	// scripts of the one before.
	w.Header().Set("Cache-Control", "no-cache")
	w.Header().Set("ETag", a.etag)
	w.Header().Set("Content-Type", a.kind)
	http.ServeFileFS(w, r, files, "assets/"+r.PathValue("name")) // from where it stands in the program
}

// symbol draws a text as a QR for the pages. It knows no sale and keeps nothing.
func (p *pages) symbol(w http.ResponseWriter, r *http.Request) {
	text := r.URL.Query().Get("text")
	if text == "" || len(text) > longestQR {
		http.Error(w, fmt.Sprintf("write text, at most %d bytes", longestQR), http.StatusBadRequest)
		return
	}
	drawn, err := qr.SVG(text, 8)
	if err != nil {
		http.Error(w, "this text does not fit a QR", http.StatusBadRequest)
		return
	}
	w.Header().Set("Content-Type", "image/svg+xml")
	w.Header().Set("Cache-Control", "no-store")
	send(w, []byte(drawn))
}

// send writes a whole body. A reader who hangs up meanwhile needs no answer.
func send(w io.Writer, body []byte) {
	if _, err := w.Write(body); err != nil {
		return
	}
}
