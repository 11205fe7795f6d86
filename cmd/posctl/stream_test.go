package main

import (
	"bytes"
	"errors"
	"io"
	"slices"
	"strings"
	"testing"
	"testing/iotest"
)

// all reads every whole event of a stream.
func all(from io.Reader) (list []event, err error) {
	s := newStream(from)
	for {
		e, err := s.next()
		if errors.Is(err, io.EOF) {
			return list, nil
		}
		if err != nil {
			return list, err
		}
		list = append(list, e)
	}
}

func TestStream(t *testing.T) {
	for name, c := range map[string]struct {
		text string
		want []event
	}{
		"one":                 {"id: 7\nevent: sale\ndata: {}\n\n", []event{{"7", "sale", []byte("{}")}}},
		"without an id":       {"event: device\ndata: {}\n\n", []event{{"", "device", []byte("{}")}}},
		"from Windows":        {"event: sale\r\ndata: {}\r\n\r\n", []event{{"", "sale", []byte("{}")}}},
		"over several lines":  {"data: {\ndata: }\n\n", []event{{"", "", []byte("{\n}")}}},
		"a comment keeps it":  {": ping\n\nevent: sale\n: ping\ndata:{}\n\n", []event{{"", "sale", []byte("{}")}}},
		"a colon in the data": {"data: {\"a\":1}\n\n", []event{{"", "", []byte(`{"a":1}`)}}},
		"half at the end":     {"data: {}\n\ndata: {", []event{{"", "", []byte("{}")}}},
		"whole but unended":   {"data: {}\n", nil},
		"an id alone":         {"id: 9\n\ndata: {}\n\n", []event{{"", "", []byte("{}")}}},
	} {
		for cut, from := range map[string]io.Reader{"at once": strings.NewReader(c.text), "byte by byte": iotest.OneByteReader(strings.NewReader(c.text)),
			"in halves": iotest.HalfReader(strings.NewReader(c.text))} {
			got, err := all(from)
			if err != nil || !slices.EqualFunc(got, c.want, same) {
				t.Errorf("%s, %s: got %v, %v, want %v", name, cut, got, err, c.want)
			}
		}
	}
}

func same(a, b event) bool { return a.ID == b.ID && a.Kind == b.Kind && bytes.Equal(a.Data, b.Data) }

// A register that never ends its line would fill the memory.
func TestEndlessEvent(t *testing.T) {
	endless := io.MultiReader(strings.NewReader("data: "), iotest.DataErrReader(zeros{}))
	if _, err := all(endless); !errors.Is(err, errLongEvent) {
		t.Errorf("got %v", err)
	}
}

type zeros struct{}

func (zeros) Read(b []byte) (int, error) {
	for i := range b {
		b[i] = '0'
	}
	return len(b), nil
}

// However a stream is cut on the way, it tells the same events.
func FuzzStream(f *testing.F) {
	f.Add("id: 7\nevent: sale\ndata: {}\n\n", 3)
	f.Add(": ping\r\n\r\ndata: a\ndata\n\nid\n\n", 1)
	f.Fuzz(func(t *testing.T, text string, at int) {
		whole, wholeErr := all(strings.NewReader(text))
		at = min(max(at, 0), len(text))
		cut, cutErr := all(io.MultiReader(strings.NewReader(text[:at]), strings.NewReader(text[at:])))
		if !errors.Is(cutErr, wholeErr) || !slices.EqualFunc(whole, cut, same) {
			t.Errorf("whole %v %v, cut at %d %v %v", whole, wholeErr, at, cut, cutErr)
		}
		head, _ := all(strings.NewReader(text[:at]))
		if len(head) > len(whole) || !slices.EqualFunc(head, whole[:len(head)], same) {
			t.Errorf("the first %d bytes tell %v, all tell %v", at, head, whole)
		}
	})
}
