package report

import (
	"bytes"
	"encoding/csv"
	"strconv"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// One fact a row under names that stay; what came from outside never becomes a formula.
func TestCSV(t *testing.T) {
	r := aFriday(t)
	r.People = append(r.People, Person{Cashier: `=HYPERLINK("http://evil")`, Currency: "USD", Sales: Sum{1, 100}})
	r.Note = "-1+1, \"quoted\"\nand a second line"
	r.By = "＝1+1"
	r.NotFinal[0].Ticket = "@SUM(A1)"
	r.Failed = append(r.Failed, Failure{"+cmd|' /C calc'!A0", 1})
	catalogue := languages(t)
	var machine [][]string // what a program reads is the same in every language
	for _, lang := range catalogue.Languages() {
		t.Run(lang, func(t *testing.T) {
			var b bytes.Buffer
			if err := CSV(&b, r, catalogue, lang); err != nil {
				t.Fatal(err)
			}
			golden(t, "friday."+lang+".csv", b.Bytes())
			rows, err := csv.NewReader(strings.NewReader(strings.TrimPrefix(b.String(), "\ufeff"))).ReadAll()
			if err != nil {
				t.Fatal(err)
			}
			net := map[string]int64{}
			for i, row := range rows {
				if len(row) != len(csvColumns) {
					t.Errorf("row %d has %d cells", i, len(row))
				}
				for column, cell := range row {
					if cell != "" && strings.ContainsRune(formulas, []rune(cell)[0]) && !strings.HasPrefix(csvColumns[column], "amount") {
						t.Errorf("%q would be taken for a formula", cell)
					}
					if strings.Contains(cell, "report.") {
						t.Errorf("an id shows where words should stand: %q", cell)
					}
				}
				if minor, err := strconv.ParseInt(row[6], 10, 64); err == nil && row[0] == "money" && row[1] == "net" {
					net[row[3]] += minor
				}
				row[2] = ""
			}
			for _, want := range r.Net {
				if net[string(want.Currency)] != want.Minor {
					t.Errorf("net of the rows: %v, want %v", net, r.Net)
				}
			}
			if machine == nil {
				machine = rows
			}
			if diff := cmp.Diff(machine, rows); diff != "" {
				t.Errorf("a program reads other facts:\n%s", diff)
			}
		})
	}
	if err := CSV(broken{}, r, catalogue, "en"); err == nil {
		t.Error("a full disk is not told")
	}
}
