package api_test

import (
	"strings"
	"testing"
)

// A manager's spreadsheet and a manager's browser ask for the same day in their own ways and languages.
func TestTheDayInEveryForm(t *testing.T) {
	r := open(t)
	r.pays(12950, code)
	for _, test := range []struct {
		name, path string
		headers    []string
		status     int
		begins     string
		has        []string
	}{
		{"json", "/v1/days/current", nil, 200, "{", []string{`"zone":"`, `"refunds":[]`, `"hours":[{`, `"z":null`}},
		{"csv asked for", "/v1/days/current?format=csv", nil, 200, "\ufeffsection,item,label,", []string{"money,net,Net,USD,", "12950,129.50"}},
		{"csv accepted", "/v1/days/current", []string{"Accept", "text/csv"}, 200, "\ufeffsection,item,label,", nil},
		{"csv in French", "/v1/days/current?format=csv&lang=fr-CA", nil, 200, "\ufeffsection,item,label,", []string{"money,sales,Ventes,USD,"}},
		{"text says that it is no Z", "/v1/days/current?format=text", nil, 200, "", []string{"X report (day not closed)", "$129.50"}},
		{"text in Chinese", "/v1/days/current?format=text&lang=zh-Hans", nil, 200, "", []string{"X 报表"}},
		{"a form we do not write", "/v1/days/current?format=pdf", nil, 501, "{", []string{"unsupported", "json, text and csv"}},
		{"a day that never was", "/v1/days/1999-01-01", nil, 404, "{", []string{"not_found"}},
	} {
		t.Run(test.name, func(t *testing.T) {
			status, body := r.call("GET", test.path, nil, test.headers...)
			if status != test.status || !strings.HasPrefix(body, test.begins) {
				t.Fatalf("%d %.200s", status, body)
			}
			for _, want := range test.has {
				if !strings.Contains(body, want) {
					t.Errorf("%q is missing in:\n%s", want, body)
				}
			}
		})
	}
}
