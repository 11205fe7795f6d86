package words

import (
	"go/ast"
	"go/parser"
	"go/token"
	"maps"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
	"testing/fstest"

	"golang.org/x/text/encoding/simplifiedchinese"
	"golang.org/x/text/width"

	"posd/pos"
)

func opened(t *testing.T) *Catalogue {
	t.Helper()
	c, err := Open()
	if err != nil {
		t.Fatal(err)
	}
	return c
}

// constants reads the values of all constants of one type of package pos from its source, so that a
// new problem or trouble cannot be forgotten here.
func constants(t *testing.T, typ string) []string {
	t.Helper()
	files, err := filepath.Glob("../*.go")
	if err != nil || len(files) == 0 {
		t.Fatalf("source of pos: %d files, %v", len(files), err)
	}
	var values []string
	for _, path := range files {
		file, err := parser.ParseFile(token.NewFileSet(), path, nil, 0)
		if err != nil {
			t.Fatal(err)
		}
		ast.Inspect(file, func(n ast.Node) bool {
			spec, ok := n.(*ast.ValueSpec)
			if !ok {
				return true
			}
			if id, ok := spec.Type.(*ast.Ident); ok && id.Name == typ {
				for _, v := range spec.Values {
					if lit, ok := v.(*ast.BasicLit); ok && lit.Kind == token.STRING {
						s, _ := strconv.Unquote(lit.Value)
						values = append(values, s)
					}
				}
			}
			return true
		})
	}
	if len(values) < 5 {
		t.Fatalf("only %d constants of type %s found", len(values), typ)
	}
	return values
}

// A cashier who meets a refusal, a state or a trouble without a sentence reads an identifier.
func TestEveryWordOfTheLanguageHasItsSentences(t *testing.T) {
	var want []string
	each := func(prefix string, names []string, parts ...string) {
		for _, n := range names {
			for _, p := range parts {
				want = append(want, prefix+n+p)
			}
		}
	}
	each("problem.", constants(t, "Problem"), ".title", ".say", ".do")
	each("trouble.", constants(t, "TroubleCode"), ".say", ".do")
	each("prompt.", constants(t, "PromptKind"), ".line1", ".line2")
	each("family.", constants(t, "Family"), ".name")
	for _, f := range constants(t, "Family") {
		if _, money := pos.Family(f).Wallet(); !money {
			want = append(want, "problem.not_a_payment_code.say."+f)
		} else {
			want = append(want, "problem.wrong_wallet.say."+f)
		}
	}
	states := []string{"open", pos.EndCancelled, pos.EndSettled, "needs_manager"}
	for s := pos.Held; s <= pos.Approved; s++ {
		states = append(states, s.Word())
	}
	each("state.", states, ".label", ".say")
	refunds := []string{"needs_manager"}
	for s := pos.RefundOwed; s <= pos.Refunded; s++ {
		refunds = append(refunds, s.Word())
	}
	each("refund.", refunds, ".label", ".say")
	each("who.", []string{"till", "shopper", "acquirer", "manager"}, "")
	each("wallet.", []string{string(pos.WeChat), string(pos.Alipay)}, ".name")
	each("reason.", []string{"expired_code", "used_code", "insufficient", "refused", "timeout", "unreachable", "cut",
		"garbled", "amount_differs", "reference_differs", "gave_up", "patience", "restart", "fresh_code", "line_refused", "not_left",
		"dns", "tls", "untried", "unknown"}, "")

	c := opened(t)
	for _, id := range want {
		if !c.Has(id) {
			t.Errorf("no sentence %q", id)
		}
	}
}

var placeholder = regexp.MustCompile(`\.[a-z_]+\b`)

// placeholders lists the arguments a sentence uses, each once.
func placeholders(text string) string {
	used := map[string]bool{}
	for _, action := range regexp.MustCompile(`\{\{.*?\}\}`).FindAllString(text, -1) {
		for _, p := range placeholder.FindAllString(action, -1) {
			used[p] = true
		}
	}
	return strings.Join(slices.Sorted(maps.Keys(used)), " ")
}

// A sentence that one language lacks shows up in another; one that lost its amount misleads.
func TestLanguagesSayTheSame(t *testing.T) {
	c := opened(t)
	english := c.sentences["en"]
	for _, lang := range c.Languages() {
		other := c.sentences[lang]
		for id, text := range english {
			translated, ok := other[id]
			switch {
			case !ok:
				t.Errorf("%s: no %q", lang, id)
			case strings.TrimSpace(translated) == "" || translated != strings.TrimSpace(translated):
				t.Errorf("%s: %s is empty or padded: %q", lang, id, translated)
			case placeholders(text) != placeholders(translated):
				t.Errorf("%s: %s uses %q, in English %q", lang, id, placeholders(translated), placeholders(text))
			}
		}
		for id := range other {
			if _, ok := english[id]; !ok {
				t.Errorf("%s: %q stands in no English file", lang, id)
			}
		}
	}
}

// A topic without its file in one language was forgotten, not translated.
func TestEveryTopicStandsInEveryLanguage(t *testing.T) {
	english, err := filepath.Glob("catalogue/*.en.toml")
	if err != nil || len(english) < 10 {
		t.Fatalf("%d topics, %v", len(english), err)
	}
	for _, lang := range opened(t).Languages() {
		for _, path := range english {
			if _, err := catalogue.Open(strings.Replace(path, ".en.", "."+lang+".", 1)); err != nil {
				t.Error(err)
			}
		}
	}
}

// The words on a screen never promise what the register does not know, and one thing has one name.
func TestBannedWords(t *testing.T) {
	c := opened(t)
	for lang, banned := range map[string]*regexp.Regexp{
		"en":      regexp.MustCompile(`(?i)approved offline|stored payment|force done|\btransactions?\b|\bterminals?\b`),
		"fr-CA":   regexp.MustCompile(`(?i)approuvé hors ligne|paiement stocké|\btransactions?\b`),
		"zh-Hans": regexp.MustCompile(`离线批准|离线成功|交易`),
	} {
		for id, text := range c.sentences[lang] {
			if found := banned.FindString(text); found != "" {
				t.Errorf("%s: %s says %q in %q", lang, id, found, text)
			}
		}
	}
}

// French puts a blank that does not break before a colon and none before the other marks; Chinese has
// marks of its own. What commands print carries addresses and options and follows its own rules.
func TestMarks(t *testing.T) {
	c := opened(t)
	machine := regexp.MustCompile(`\{\{.*?\}\}|[0-9a-z\[]+:[:0-9/]+\]?`)
	for lang, wrong := range map[string]*regexp.Regexp{
		"fr-CA":   regexp.MustCompile(`[^\x{a0}]:|[^\x{a0}]»| [;!?]`),
		"zh-Hans": regexp.MustCompile(`\p{Han}[,;:!?]|[,;:!?]\p{Han}`),
	} {
		for id, text := range c.sentences[lang] {
			if strings.HasPrefix(id, "command.") || strings.HasPrefix(id, "doctor.") {
				continue
			}
			if found := wrong.FindString(machine.ReplaceAllString(text, "")); found != "" {
				t.Errorf("%s: %s has %q in %q", lang, id, found, text)
			}
		}
	}
}

// GB 2312 holds the simplified characters in use and none of the traditional ones beside them.
func TestChineseIsSimplified(t *testing.T) {
	c := opened(t)
	for id, text := range c.sentences["zh-Hans"] {
		for _, r := range text {
			if r < 0x3400 || r > 0x9fff {
				continue
			}
			if _, err := simplifiedchinese.HZGB2312.NewEncoder().String(string(r)); err != nil {
				t.Errorf("%s: %q is not a simplified character", id, r)
			}
		}
	}
	if _, err := simplifiedchinese.HZGB2312.NewEncoder().String("網"); err == nil {
		t.Error("the check lets a traditional character pass")
	}
}

func columns(s string) int {
	n := 0
	for _, r := range s {
		n++
		if k := width.LookupRune(r).Kind(); k == width.EastAsianWide || k == width.EastAsianFullwidth {
			n++
		}
	}
	return n
}

// The customer display cuts a line after 40 columns: the shopper would not see how it ends.
func TestPromptsFitTheDisplay(t *testing.T) {
	c := opened(t)
	args := map[string]string{"amount": pos.Amount{Minor: 123456790, Currency: "CAD"}.Format("zh-Hans"), "seconds": "25"}
	for _, lang := range c.Languages() {
		for id := range c.Topic(lang, "prompt.") {
			most := 40
			if strings.HasSuffix(id, ".hint") {
				most = 20
			}
			line := c.Say(lang, id, args)
			if columns(line) > most {
				t.Errorf("%s: %s is %d columns: %q", lang, id, columns(line), line)
			}
			if Columns(line) != columns(line) {
				t.Errorf("%s: %s is counted as %d columns: %q", lang, id, Columns(line), line)
			}
		}
	}
}

func TestSay(t *testing.T) {
	c := opened(t)
	for _, test := range []struct {
		name, lang, id string
		args           map[string]string
		want           string
	}{
		{"in English", "en", "state.paid.label", nil, "PAID"},
		{"in Chinese", "zh-Hans", "state.paid.label", nil, "已付款"},
		{"in the nearest language", "fr-FR", "state.paid.label", nil, "PAYÉ"},
		{"to a stranger", "xx", "state.paid.label", nil, "PAID"},
		{"with an amount", "fr-CA", "prompt.paid.line1", map[string]string{"amount": "12,50 $"}, "Payé\u00a0: 12,50 $"},
		{"with the seconds", "en", "state.held.say", map[string]string{"seconds": "18"},
			"No connection. The code is still valid for 18 s and is sent by itself. Nothing is charged yet."},
		{"without the seconds", "en", "state.held.say", nil,
			"No connection. The code is still valid and is sent by itself. Nothing is charged yet."},
		{"a sentence nobody wrote", "zh-Hans", "state.lost.label", nil, "state.lost.label"},
	} {
		t.Run(test.name, func(t *testing.T) {
			if got := c.Say(test.lang, test.id, test.args); got != test.want {
				t.Errorf("got %q, want %q", got, test.want)
			}
		})
	}
}

func TestMatch(t *testing.T) {
	c := opened(t)
	for _, test := range []struct{ header, want string }{
		{"", "en"},
		{"de-DE,de;q=0.9", "en"},
		{"fr-CA,fr;q=0.9,en;q=0.8", "fr-CA"},
		{"fr", "fr-CA"},
		{"zh-CN,zh;q=0.9,en;q=0.7", "zh-Hans"},
		{"zh-Hans", "zh-Hans"},
		{"en-US,en;q=0.9,zh;q=0.5", "en"},
		{"de,fr;q=0.5", "fr-CA"},
		{"not a header;;;q=x", "en"},
	} {
		if got := c.Match(test.header); got != test.want {
			t.Errorf("%q: got %s, want %s", test.header, got, test.want)
		}
	}
}

// One payment is not "1 payments"; Chinese makes no difference.
func TestNumbersPickTheForm(t *testing.T) {
	c, err := open(fstest.MapFS{
		"catalogue/x.en.toml":      {Data: []byte(`"x.n" = { one = "{{.n}} payment", other = "{{.n}} payments" }`)},
		"catalogue/x.fr-CA.toml":   {Data: []byte(`"x.n" = { one = "{{.n}} paiement", other = "{{.n}} paiements" }`)},
		"catalogue/x.zh-Hans.toml": {Data: []byte(`"x.n" = "{{.n}} 笔"`)},
	})
	if err != nil {
		t.Fatal(err)
	}
	var got []string
	for _, lang := range c.Languages() {
		for _, n := range []string{"0", "1", "2"} {
			got = append(got, c.Say(lang, "x.n", map[string]string{"n": n}))
		}
	}
	want := []string{"0 payments", "1 payment", "2 payments", "0 paiement", "1 paiement", "2 paiements", "0 笔", "1 笔", "2 笔"}
	if !slices.Equal(got, want) {
		t.Errorf("got %q, want %q", got, want)
	}
}

// Two files that give one id different sentences would let the order of files decide.
func TestOpenRefusesAFaultyCatalogue(t *testing.T) {
	for name, files := range map[string]fstest.MapFS{
		"one id in two files": {
			"catalogue/x.en.toml": {Data: []byte(`"a.b" = "one"`)}, "catalogue/y.en.toml": {Data: []byte(`"a.b" = "two"`)}},
		"a language we do not speak": {"catalogue/x.de.toml": {Data: []byte(`"a.b" = "eins"`)}},
		"not TOML":                   {"catalogue/x.en.toml": {Data: []byte(`"a.b = `)}},
	} {
		if _, err := open(files); err == nil {
			t.Errorf("%s: accepted", name)
		}
	}
}

func TestTopic(t *testing.T) {
	topic := opened(t).Topic("fr-CA", "who.")
	if len(topic) != 4 || topic["who.till"] != "la caisse" {
		t.Errorf("got %q", topic)
	}
}
