// Package words is the catalogue of sentences for people: cashiers, shoppers, managers and
// technicians, in every language the register speaks. Code names a sentence by its id; the sentence
// itself stands in a file of the catalogue and nowhere else.
//
// Ids read from the general to the particular:
//
//	problem.TYPE.title|say|do      a refusal; problem.TYPE.say.DETAIL says more where pos.Error has a Detail
//	state.WORD.label|say           where a sale or an attempt stands (args by, seconds)
//	refund.WORD.label|say          where a refund stands: some words are an attempt's too
//	reason.WORD                    why, and what to do; reason.unknown for a word that is not ours
//	trouble.CODE.say|do            what a person should know (arg about)
//	prompt.KIND.line1|line2        the customer display (args amount, seconds); prompt.qr.elsewhere is line2 without the QR
//	slip.…                         paper for the shopper (and slip.day, for the manager)
//	family.FAMILY.name, wallet.WALLET.name, who.WHO, report.…, page.…, command.…, doctor.…
//
// It decides nothing and formats no money: amounts and times come in as finished text. It never sees
// a payment code, a token or a key, because no sentence has a place for one.
package words

import (
	"embed"
	"fmt"
	"io/fs"
	"maps"
	"slices"
	"strconv"
	"strings"

	"github.com/pelletier/go-toml/v2"
	"golang.org/x/text/language"
)

// Fallback is the language of a reader whose own we do not speak.
const Fallback = "en"

// catalogue holds one file a topic and language: catalogue/TOPIC.LANGUAGE.toml.
//
//go:embed catalogue/*.toml
var catalogue embed.FS

// Catalogue knows every sentence in every language. It never changes after Open and may be used by
// several goroutines.
type Catalogue struct {
	languages []string
	matcher   language.Matcher
	sentences map[string]map[string]string // by language and id, as written: placeholders unfilled
	singulars map[string]map[string]string // the same for one, where a language tells one from many
}

// Open reads the embedded catalogue. An error is a fault of the build, not of the register.
func Open() (*Catalogue, error) { return open(catalogue) }

func open(files fs.FS) (*Catalogue, error) {
	c := &Catalogue{
		languages: []string{"en", "fr-CA", "zh-Hans"},
		sentences: map[string]map[string]string{},
		singulars: map[string]map[string]string{},
	}
	var tags []language.Tag
	for _, l := range c.languages {
		tags = append(tags, language.MustParse(l))
		c.sentences[l], c.singulars[l] = map[string]string{}, map[string]string{}
	}
	c.matcher = language.NewMatcher(tags)
	paths, err := fs.Glob(files, "catalogue/*.toml")
	if err != nil {
		return nil, fmt.Errorf("catalogue: %w", err)
	}
	for _, path := range paths {
		if err := c.read(files, path); err != nil {
			return nil, fmt.Errorf("catalogue: %s: %w", path, err)
		}
	}
	return c, nil
}

// read takes in one file. A sentence is a text, or two where the language tells one from many.
func (c *Catalogue) read(files fs.FS, path string) error {
	_, lang, _ := strings.Cut(strings.TrimSuffix(path, ".toml"), ".")
	known, ok := c.sentences[lang]
	if !ok {
		return fmt.Errorf("not one of the languages %q", c.languages)
	}
	text, err := fs.ReadFile(files, path)
	if err != nil {
		return err
	}
	var sentences map[string]any
	if err := toml.Unmarshal(text, &sentences); err != nil {
		return err
	}
	for id, sentence := range sentences {
		if _, twice := known[id]; twice {
			return fmt.Errorf("%q stands in another file too", id)
		}
		var one, many string
		switch s := sentence.(type) {
		case string:
			many = s
		case map[string]any:
			one, _ = s["one"].(string)
			many, _ = s["other"].(string)
			if one == "" || many == "" || len(s) != 2 {
				return fmt.Errorf("%q has not one text for one and another for other", id)
			}
			c.singulars[lang][id] = one
		default:
			return fmt.Errorf("%q is no text", id)
		}
		known[id] = many
		for _, form := range []string{one, many} {
			if _, err := Fill(form, func(string) string { return "" }); err != nil {
				return fmt.Errorf("%q: %w", id, err)
			}
		}
	}
	return nil
}

// Languages lists what the register speaks; the first is the fallback.
func (c *Catalogue) Languages() []string { return slices.Clone(c.languages) }

// Match picks the language that suits an Accept-Language header or a language tag best; the fallback
// suits whoever understands none of ours.
func (c *Catalogue) Match(acceptLanguage string) string {
	wanted, _, err := language.ParseAcceptLanguage(acceptLanguage)
	if err != nil || len(wanted) == 0 {
		return Fallback
	}
	_, i, confidence := c.matcher.Match(wanted...)
	if confidence == language.No {
		return Fallback
	}
	return c.languages[i]
}

// Say gives the sentence in the reader's language, its placeholders filled from args. A number under
// "n" picks the singular or the plural where the sentence has both. A language we do not speak reads
// as the nearest; an id that the catalogue lacks comes back as it is, so that a person still sees
// which sentence is missing.
func (c *Catalogue) Say(lang, id string, args map[string]string) string {
	if _, ok := c.sentences[lang]; !ok {
		lang = c.Match(lang)
	}
	if c.sentences[lang][id] == "" {
		lang = Fallback
	}
	text := c.sentences[lang][id]
	if one, ok := c.singulars[lang][id]; ok {
		if n, err := strconv.Atoi(args["n"]); err == nil && singular(lang, n) {
			text = one
		}
	}
	// A sentence with a hole in it is better than none; that its holes are sound was seen at Open.
	said, _ := Fill(text, func(name string) string { return args[name] })
	if said == "" {
		return id
	}
	return said
}

// singular says which counts take the form for one: the category "one" of Unicode's CLDR, which browsers go by too.
func singular(lang string, n int) bool {
	switch lang {
	case "en":
		return n == 1
	case "fr-CA":
		return n == 0 || n == 1
	}
	return false
}

// Has reports whether the catalogue has the sentence.
func (c *Catalogue) Has(id string) bool {
	_, ok := c.sentences[Fallback][id]
	return ok
}

// Topic gives all sentences whose id begins with prefix, for a page that fills them in by itself:
// placeholders stand as written, like {{.amount}}. A sentence that lang lacks is the fallback's. The form
// for one, where a sentence has it, stands under its id with "#one" behind it.
func (c *Catalogue) Topic(lang, prefix string) map[string]string {
	if _, ok := c.sentences[lang]; !ok {
		lang = c.Match(lang)
	}
	topic := maps.Clone(c.sentences[Fallback])
	maps.Copy(topic, c.sentences[lang])
	for id, one := range c.singulars[lang] {
		topic[id+"#one"] = one
	}
	maps.DeleteFunc(topic, func(id, _ string) bool { return !strings.HasPrefix(id, prefix) })
	return topic
}
