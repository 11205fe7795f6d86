package store

import (
	"errors"
	"fmt"
	"strings"
	"testing"
)

// The shopper waits while these are asked: none may read every attempt that was ever made.
func TestAScanReadsNoWholeTable(t *testing.T) {
	s := open(t, register(t))
	for name, c := range map[string]struct {
		text string
		args []any
	}{
		"a used code":       {texts[codeUsed], []any{"hash"}},
		"the same sum paid": {selectPaidSince, []any{0, 100, "USD"}},
		"a request again":   {selectRequest, []any{"key"}},
		"whose reference":   {selectSaleOf, []any{"reference"}},
		"a sale of old":     {selectSaleEntries, []any{"s1", 9}},
		"a sale":            {fmt.Sprintf(selectHistory, selectSale), []any{"s1"}},
		"the next refunds":  {selectOwed, []any{9, 16}},
		"their sales":       {fmt.Sprintf(selectHistory, selectThese), []any{`["s1"]`}},
	} {
		rows, err := s.read.QueryContext(t.Context(), "EXPLAIN QUERY PLAN "+c.text, c.args...)
		if err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		for rows.Next() {
			var id, parent, unused int
			var step string
			if err := rows.Scan(&id, &parent, &unused, &step); err != nil {
				t.Fatal(err)
			}
			if strings.HasPrefix(step, "SCAN ") && !strings.Contains(step, "CONSTANT ROW") && !strings.Contains(step, "SUBQUERY") && !strings.Contains(step, "json_each") {
				t.Errorf("%s: %s", name, step)
			}
		}
		if err := errors.Join(rows.Err(), rows.Close()); err != nil {
			t.Fatal(err)
		}
	}
}

// Each event of an attempt took a tenth of a millisecond longer than its row: the list of its states was made a table,
// three times an update, to look one word up in it.
func TestAnEventBuildsNoTable(t *testing.T) {
	s := open(t, register(t))
	for _, text := range texts {
		rows, err := s.write.QueryContext(t.Context(), "EXPLAIN "+text, make([]any, strings.Count(text, "?"))...)
		if err != nil {
			t.Fatalf("%s: %v", text, err)
		}
		for rows.Next() {
			var step string
			var other any
			if err := rows.Scan(&other, &step, &other, &other, &other, &other, &other, &other); err != nil {
				t.Fatal(err)
			}
			if step == "OpenEphemeral" || step == "OpenAutoindex" || step == "SorterOpen" {
				t.Errorf("%s: %s", text, step)
			}
		}
		if err := errors.Join(rows.Err(), rows.Close()); err != nil {
			t.Fatal(err)
		}
	}
}
