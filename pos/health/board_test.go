package health

import (
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"posd/pos"
	"posd/pos/words"
)

var noon = time.Date(2026, 11, 20, 17, 0, 0, 0, time.UTC)

func board() (*Board, *int) {
	var told int
	return New(func() { told++ }), &told
}

// lines is what stands at an instant, in reading order.
func lines(b *Board, now time.Time) string {
	var out []string
	for _, s := range b.Standing(now) {
		line := string(s.Code)
		if s.About != "" {
			line += "(" + s.About + ")"
		}
		out = append(out, line)
	}
	return strings.Join(out, " ")
}

func condition(code pos.TroubleCode, about string, since time.Time) pos.Trouble {
	return pos.Trouble{Code: code, About: about, Since: since}
}

func happened(code pos.TroubleCode, about string, at time.Time) pos.Trouble {
	return pos.Trouble{Code: code, About: about, Since: at, Passing: true}
}

// A plug that sits loose for a second must not flash a banner; one that stays out must show.
func TestACableThatBlinksIsNotNews(t *testing.T) {
	b, _ := board()
	b.Raise(condition(pos.TroubleScanner, "scanner", noon))
	if got := lines(b, noon.Add(2*time.Second)); got != "" {
		t.Errorf("after two seconds: %s", got)
	}
	if got := b.NextChange(noon); !got.Equal(noon.Add(3 * time.Second)) {
		t.Errorf("next change %v", got)
	}
	b.Clear(pos.TroubleScanner, "scanner")
	b.Raise(condition(pos.TroubleScanner, "scanner", noon.Add(2500*time.Millisecond)))
	if got := lines(b, noon.Add(5*time.Second)); got != "" {
		t.Errorf("out again for two and a half seconds: %s", got)
	}
	if got := lines(b, noon.Add(6*time.Second)); got != "scanner_gone(scanner)" {
		t.Errorf("out for good: %q", got)
	}
	if got := b.NextChange(noon.Add(6 * time.Second)); !got.IsZero() {
		t.Errorf("something is to change at %v", got)
	}
}

// A wrong scan is told and forgotten; the same one again is told for as long again.
func TestAPassingTroublePasses(t *testing.T) {
	b, _ := board()
	b.Raise(happened(pos.TroubleStrayScan, "scanner", noon))
	if got := lines(b, noon); got != "stray_scan(scanner)" {
		t.Fatalf("at once: %q", got)
	}
	b.Raise(happened(pos.TroubleStrayScan, "scanner", noon.Add(10*time.Second)))
	standing := b.Standing(noon.Add(24 * time.Second))
	if len(standing) != 1 || !standing[0].Since.Equal(noon) {
		t.Fatalf("lengthened: %v", standing)
	}
	if got := b.NextChange(noon.Add(24 * time.Second)); !got.Equal(noon.Add(25 * time.Second)) {
		t.Errorf("next change %v", got)
	}
	if got := lines(b, noon.Add(25*time.Second)); got != "" {
		t.Errorf("after its time: %s", got)
	}
	b.Raise(happened(pos.TroubleStrayScan, "scanner", noon.Add(time.Hour)))
	if got := b.Standing(noon.Add(time.Hour)); len(got) != 1 || !got[0].Since.Equal(noon.Add(time.Hour)) {
		t.Errorf("an hour later it is a new one: %v", got)
	}
}

// One cause, one sentence.
func TestWhatExplainsWhat(t *testing.T) {
	for _, test := range []struct {
		name  string
		raise []pos.Trouble
		want  string
	}{
		{"a dead line explains what the acquirer last said", []pos.Trouble{
			condition(pos.TroubleAcquirerUnreachable, "", noon), condition(pos.TroubleAcquirerRefuses, "", noon),
			condition(pos.TroubleClockSkew, "", noon)}, "acquirer_unreachable"},
		{"a line not yet called dead explains nothing", []pos.Trouble{
			condition(pos.TroubleAcquirerUnreachable, "", noon.Add(59*time.Second)), condition(pos.TroubleAcquirerRefuses, "", noon)},
			"acquirer_refuses"},
		{"a scanner that is gone sends no rubbish", []pos.Trouble{
			condition(pos.TroubleScanner, "left", noon), happened(pos.TroubleGarbled, "left", noon.Add(30*time.Second))}, "scanner_gone(left)"},
		{"another scanner does", []pos.Trouble{
			condition(pos.TroubleScanner, "left", noon), happened(pos.TroubleGarbled, "right", noon.Add(30*time.Second))},
			"scanner_gone(left) garbled(right)"},
		{"a clock behind the journal differs from the acquirer's", []pos.Trouble{
			condition(pos.TroubleClockSkew, "", noon), condition(pos.TroubleClockBehind, "", noon)}, "clock_behind"},
		{"a disk that fails stands above all", []pos.Trouble{
			condition(pos.TroubleNeedsManager, "r1", noon), condition(pos.TroubleOrphan, "s1", noon.Add(-time.Hour)),
			condition(pos.TroubleClockBehind, "", noon), condition(pos.TroubleStorage, "", noon.Add(time.Second)),
			happened(pos.TroubleWrongCode, "", noon.Add(50*time.Second))},
			"storage_failed orphan(s1) needs_manager(r1) wrong_code"},
	} {
		t.Run(test.name, func(t *testing.T) {
			for range 2 { // the order of raising tells nothing
				b, _ := board()
				for _, tr := range test.raise {
					b.Raise(tr)
				}
				if got := lines(b, noon.Add(time.Minute)); got != test.want {
					t.Errorf("got %q, want %q", got, test.want)
				}
				slices.Reverse(test.raise)
			}
		})
	}
}

// The console redraws when it is told: once for a change, not for every failed call to the acquirer.
func TestTold(t *testing.T) {
	b, told := board()
	steps := []struct {
		name string
		do   func()
		want int
	}{
		{"it begins", func() { b.Raise(condition(pos.TroubleAcquirerUnreachable, "", noon)) }, 1},
		{"it goes on", func() { b.Raise(condition(pos.TroubleAcquirerUnreachable, "", noon.Add(time.Second))) }, 1},
		{"it has another reason", func() {
			b.Raise(pos.Trouble{Code: pos.TroubleAcquirerUnreachable, Since: noon.Add(2 * time.Second), Args: map[string]string{"reason": "dns"}})
		}, 2},
		{"it ends", func() { b.Clear(pos.TroubleAcquirerUnreachable, "") }, 3},
		{"it ends once more", func() { b.Clear(pos.TroubleAcquirerUnreachable, "") }, 3},
		{"a scan at nothing", func() { b.Raise(happened(pos.TroubleStrayScan, "", noon)) }, 4},
		{"the same again lasts longer", func() { b.Raise(happened(pos.TroubleStrayScan, "", noon.Add(time.Second))) }, 5},
	}
	for _, step := range steps {
		if step.do(); *told != step.want {
			t.Errorf("%s: told %d times, want %d", step.name, *told, step.want)
		}
	}
}

func TestRaisedAgainKeepsItsSince(t *testing.T) {
	b, _ := board()
	b.Raise(condition(pos.TroubleStorage, "", noon))
	args := map[string]string{"n": "2"}
	b.Raise(pos.Trouble{Code: pos.TroubleStorage, Since: noon.Add(time.Minute), Args: args})
	args["n"] = "changed behind the board's back"
	got := b.Standing(noon.Add(time.Minute))
	if len(got) != 1 || !got[0].Since.Equal(noon) || got[0].Args["n"] != "2" || got[0].Severity != Critical {
		t.Errorf("got %v", got)
	}
}

// A night of a broken scanner must not push out that the disk fails, nor fill the memory.
func TestTheBoardIsBounded(t *testing.T) {
	b, _ := board()
	b.Raise(condition(pos.TroubleStorage, "", noon))
	for i := range 3 * Limit {
		b.Raise(happened(pos.TroubleWrongCode, fmt.Sprint("code ", i), noon))
		b.Raise(condition(pos.TroubleNeedsManager, fmt.Sprint("r", i), noon.Add(time.Duration(i)*time.Second)))
	}
	if len(b.held) != Limit {
		t.Errorf("%d held", len(b.held))
	}
	standing := b.Standing(noon.Add(time.Hour))
	if standing[0].Code != pos.TroubleStorage {
		t.Errorf("the gravest was dropped: first is %v", standing[0])
	}
	if last := standing[len(standing)-1]; last.About != fmt.Sprint("r", 3*Limit-1) {
		t.Errorf("the newest was dropped: last is %v", last)
	}
}

// A code that somebody forgot to add here is shown all the same.
func TestAnUnknownTroubleIsNotSwallowed(t *testing.T) {
	b, _ := board()
	b.Raise(happened("on_fire", "", noon))
	if got := b.Standing(noon.Add(59 * time.Second)); len(got) != 1 || got[0].Severity != Warning {
		t.Errorf("got %v", got)
	}
	if got := lines(b, noon.Add(time.Minute)); got != "" {
		t.Errorf("it never passes: %s", got)
	}
}

// Every trouble that has sentences has a row here and the other way round; nothing hides its own cause.
func TestCatalogue(t *testing.T) {
	c, err := words.Open()
	if err != nil {
		t.Fatal(err)
	}
	for code, row := range catalogue {
		if !c.Has("trouble."+string(code)+".say") || !c.Has("trouble."+string(code)+".do") {
			t.Errorf("%s has no sentences", code)
		}
		if weight(row.severity) == 2 && row.severity != Info {
			t.Errorf("%s: severity %q", code, row.severity)
		}
		for _, hidden := range row.hides {
			if slices.Contains(look(hidden).hides, code) || hidden == code {
				t.Errorf("%s and %s hide each other", code, hidden)
			}
		}
	}
	for id := range c.Topic("en", "trouble.") {
		code := pos.TroubleCode(strings.Split(id, ".")[1])
		if _, ok := catalogue[code]; !ok {
			t.Errorf("%s has sentences but no row", code)
		}
	}
}

// The till raises while pages read.
func TestManyHands(t *testing.T) {
	b := New(func() {})
	var hands sync.WaitGroup
	for i := range 8 {
		hands.Go(func() {
			for n := range 200 {
				at := noon.Add(time.Duration(n) * time.Second)
				b.Raise(happened(pos.TroubleStrayScan, fmt.Sprint(i), at))
				b.Standing(at)
				b.NextChange(at)
				b.Clear(pos.TroubleStrayScan, fmt.Sprint((i+1)%8))
			}
		})
	}
	hands.Wait()
	if got := lines(b, noon.Add(time.Hour)); got != "" {
		t.Errorf("left over: %s", got)
	}
}
