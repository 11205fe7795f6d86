package cmd_test

import (
	"bufio"
	"context"
	"encoding/json"
	"io"
	"net/http"
	"strings"
	"sync"
	"testing"
)

// event is one event of the stream.
type event struct {
	id, kind string
	data     json.RawMessage
}

// stream collects the register's events until the test ends or the daemon does.
type stream struct {
	mu     sync.Mutex
	events []event
	raw    said // as it came
}

func (r *register) events(t *testing.T, after string) *stream {
	t.Helper()
	ctx, cancel := context.WithCancel(t.Context())
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, r.base+"/v1/events", nil)
	if err != nil {
		t.Fatal(err)
	}
	req.Header.Set("Authorization", "Bearer "+r.token(t, "cashier"))
	if after != "" {
		req.Header.Set("Last-Event-ID", after)
	}
	answer, err := http.DefaultClient.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	if answer.StatusCode != http.StatusOK {
		t.Fatalf("GET /v1/events: %s", answer.Status)
	}
	s, done := &stream{}, make(chan struct{})
	go func() {
		defer close(done)
		defer answer.Body.Close()
		s.read(answer.Body)
	}()
	t.Cleanup(func() { cancel(); <-done })
	eventually(t, soon, "the stream begins with a snapshot", func() bool {
		all := s.all()
		return len(all) > 0 && all[0].kind == "snapshot"
	})
	return s
}

// read takes a text/event-stream apart until it ends.
func (s *stream) read(from io.Reader) {
	lines := bufio.NewScanner(io.TeeReader(from, &s.raw))
	lines.Buffer(nil, 1<<22)
	var e event
	for lines.Scan() {
		field, value, _ := strings.Cut(lines.Text(), ":")
		value = strings.TrimPrefix(value, " ")
		switch {
		case lines.Text() == "" && e.data != nil:
			s.mu.Lock()
			s.events = append(s.events, e)
			s.mu.Unlock()
			e = event{}
		case field == "id":
			e.id = value
		case field == "event":
			e.kind = value
		case field == "data":
			e.data = append(e.data, value...)
		}
	}
}

func (s *stream) all() []event {
	s.mu.Lock()
	defer s.mu.Unlock()
	return append([]event(nil), s.events...)
}

// statuses lists the different statuses of a sale in the order the stream told them.
func (s *stream) statuses(id string) (list []string) {
	for _, e := range s.all() {
		var told sale
		if e.kind != "sale" || json.Unmarshal(e.data, &told) != nil || told.ID != id {
			continue
		}
		if len(list) == 0 || list[len(list)-1] != told.Status {
			list = append(list, told.Status)
		}
	}
	return list
}
