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
		"a used code":       {selectCodeUsed, []any{"hash"}},
		"the same sum paid": {selectPaidSince, []any{0, 100, "USD"}},
		"a request again":   {selectRequest, []any{"key"}},
		"whose reference":   {selectSaleOf, []any{"reference"}},
		"a sale of old":     {selectSaleEntries, []any{"s1", 9}},
		"a sale":            {fmt.Sprintf(selectHistory, selectSale), []any{"s1"}},
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
			if strings.HasPrefix(step, "SCAN ") && !strings.Contains(step, "CONSTANT ROW") && !strings.Contains(step, "SUBQUERY") {
				t.Errorf("%s: %s", name, step)
			}
		}
		if err := errors.Join(rows.Err(), rows.Close()); err != nil {
			t.Fatal(err)
		}
	}
}
