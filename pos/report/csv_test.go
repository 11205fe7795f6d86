package report

import (
	"bytes"
	"encoding/csv"
	"strings"
	"testing"

	"posd/pos"
)

// One fact a row under names that stay; what a person wrote never becomes a formula.
func TestCSV(t *testing.T) {
	r := aFriday(t)
	r.People = append(r.People, Person{Cashier: `=HYPERLINK("http://evil")`, Currency: "USD", Sales: Sum{1, 100}})
	r.Note = "-1+1, \"quoted\"\nand a second line"
	var b bytes.Buffer
	if err := CSV(&b, r); err != nil {
		t.Fatal(err)
	}
	golden(t, "friday.csv", b.Bytes())
	text := strings.TrimPrefix(b.String(), "\ufeff")
	rows, err := csv.NewReader(strings.NewReader(text)).ReadAll()
	if err != nil {
		t.Fatal(err)
	}
	sum := map[string]int64{}
	for i, row := range rows {
		if len(row) != len(csvColumns) {
			t.Errorf("row %d has %d cells", i, len(row))
		}
		for _, cell := range row {
			if cell != "" && strings.ContainsRune("=+@", rune(cell[0])) {
				t.Errorf("%q would be taken for a formula", cell)
			}
		}
		if row[0] == "money" && row[1] == "net" {
			sum[row[2]] += r.Totals[0].Net
		}
	}
	if len(sum) == 0 || rows[0][0] != "section" {
		t.Errorf("%v", rows[0])
	}
	if err := CSV(broken{}, r); err == nil {
		t.Error("a full disk is not told")
	}
	if spoken("-5") != "'-5" || spoken("") != "" || decimal(-5, pos.Currency("USD")) != "-0.05" {
		t.Error("a person's words and our own figures are told apart")
	}
}
