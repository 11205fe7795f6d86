package main

import (
	"fmt"
	"net/http"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// What a manager reads at the end of the day, command by command.
func TestTheDayAsPeopleReadIt(t *testing.T) {
	const closing = "POST /v1/days/current/close"
	for name, c := range map[string]struct {
		args    string
		answers map[string]any
	}{
		"day":               {"day", map[string]any{"GET /v1/days/current?format=text": "day.txt"}},
		"day-csv":           {"day 2026-11-20 --format csv", map[string]any{"GET /v1/days/2026-11-20?format=csv": "day.csv"}},
		"day-json":          {"day 2026-11-20 --format json", map[string]any{"GET /v1/days/2026-11-20?format=json": "day.json"}},
		"day-odd-format":    {"day --format pdf", nil},
		"day-odd-name":      {"day ../status", map[string]any{"GET /v1/days/..%2Fstatus?format=text": "problem.json"}},
		"day-list":          {"day list", map[string]any{"GET /v1/days": "days.json"}},
		"day-list-fr":       {"day list --lang fr-CA", map[string]any{"GET /v1/days": "days.json"}},
		"day-list-json":     {"day list --json", map[string]any{"GET /v1/days": "days.json"}},
		"close":             {"close --by Roy --note fire", map[string]any{closing: "day.json", "GET /v1/days/2026-11-20?format=text": "day.txt"}},
		"close-zh":          {"close --by Roy --lang zh-Hans", map[string]any{closing: "day.json", "GET /v1/days/2026-11-20?format=text": "day.txt"}},
		"close-json":        {"close --by Roy --json", map[string]any{closing: "day.json"}},
		"close-nothing":     {"close --by Roy", map[string]any{closing: "problem-closed.json"}},
		"close-nobody":      {"close", nil},
		"close-unprintable": {"close --by Roy", map[string]any{closing: "day.json", "GET /v1/days/2026-11-20?format=text": "problem.json"}},
	} {
		t.Run(name, func(t *testing.T) {
			r := standIn(t, c.answers)
			got := command(t.Context(), t, "", append([]string{"--config", r.config}, strings.Fields(c.args)...)...)
			golden(t, name+".want", got.String())
			if len(r.asked()) != len(c.answers) {
				t.Errorf("asked %v", r.asked())
			}
		})
	}
}

// The close carries the name and the note, asks as the manager, and is the same close when its answer was
// lost and it is asked again.
func TestWhatACloseAsks(t *testing.T) {
	times := 0
	r := standIn(t, map[string]any{
		"POST /v1/days/current/close": func(w http.ResponseWriter, _ *http.Request) {
			if times++; times == 1 {
				panic(http.ErrAbortHandler)
			}
			w.WriteHeader(http.StatusCreated)
			send(w, `{"day":"2026-11-20","z":412}`)
		},
		"GET /v1/days/2026-11-20?format=text": "day.txt",
	})
	got := command(t.Context(), t, "", "--config", r.config, "--lang", "fr-CA", "close", "--by", "M. Roy", "--note", "one refund on its way", "--key", "Z-1")
	if got.code != 0 {
		t.Fatal(got)
	}
	ask := asked{"POST /v1/days/current/close", "Bearer token-of-manager", "Z-1", "fr-CA", `{"by":"M. Roy","note":"one refund on its way"}`}
	want := []asked{ask, ask, {"GET /v1/days/2026-11-20?format=text", "Bearer token-of-manager", "", "fr-CA", ""}}
	if d := cmp.Diff(want, r.asked(), cmp.AllowUnexported(asked{})); d != "" {
		t.Errorf("-want +got:\n%s", d)
	}
}

// The manager's address opens the manager's page, and its secret stays in the fragment.
func TestOpenTheManagersPage(t *testing.T) {
	r := standIn(t, map[string]any{"POST /v1/session-code": func(w http.ResponseWriter, _ *http.Request) {
		fmt.Fprint(w, `{"code":"one-time","path":"/manager","role":"manager"}`)
	}})
	got := command(t.Context(), t, "", "--config", r.config, "open", "--role", "manager")
	if got.code != 0 || got.out != r.URL+"/manager#code=one-time\n" {
		t.Error(got)
	}
}
