package main

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"io"
	"net/http"
	"strings"
)

// event is one event of the register's stream.
type event struct {
	ID   string
	Kind string
	Data []byte
}

// longestEvent bounds what the register may say in one event.
const longestEvent = 8 << 20

var errLongEvent = errors.New("an event is longer than any register's")

// stream takes a text/event-stream apart, however it was cut on the way.
type stream struct {
	lines *bufio.Reader
	last  string // the id of the last event that had one: where to resume
}

func newStream(from io.Reader) *stream { return &stream{lines: bufio.NewReaderSize(from, 64<<10)} }

// next waits for a whole event. Half an event at the end of the stream is no event.
func (s *stream) next() (event, error) {
	var e event
	var data [][]byte
	size := 0
	for {
		line, err := s.line(longestEvent - size)
		if err != nil {
			return event{}, err
		}
		size += len(line)
		if len(line) == 0 {
			if e.ID != "" {
				s.last = e.ID // also without data: all before it has been told
			}
			if data == nil {
				e = event{}
				continue
			}
			e.Data = bytes.Join(data, []byte("\n"))
			return e, nil
		}
		field, value, _ := bytes.Cut(line, []byte(":"))
		value = bytes.TrimPrefix(value, []byte(" "))
		switch string(field) {
		case "event":
			e.Kind = string(value)
		case "id":
			if !bytes.ContainsRune(value, 0) {
				e.ID = string(value)
			}
		case "data":
			data = append(data, bytes.Clone(value))
		}
	}
}

// line reads up to a line's end, which may be LF or CR LF, and not beyond most bytes.
func (s *stream) line(most int) ([]byte, error) {
	var line []byte
	for {
		part, err := s.lines.ReadSlice('\n')
		line = append(line, part...)
		switch {
		case len(line) > most:
			return nil, errLongEvent
		case err == nil:
			return bytes.TrimSuffix(bytes.TrimSuffix(line, []byte("\n")), []byte("\r")), nil
		case !errors.Is(err, bufio.ErrBufferFull):
			return nil, err
		}
	}
}

// listen opens the event stream, after an event where one is named. The caller closes it.
func (r *register) listen(ctx context.Context, after string) (*stream, io.ReadCloser, error) {
	req, err := r.request(ctx, http.MethodGet, "/v1/events", "", nil)
	if err != nil {
		return nil, nil, err
	}
	req.Header.Set("Accept", "text/event-stream")
	if after != "" {
		req.Header.Set("Last-Event-ID", after)
	}
	answer, err := r.http.Do(req)
	if err != nil {
		return nil, nil, unreachable{strings.TrimPrefix(r.base, "http://"), err}
	}
	if answer.StatusCode != http.StatusOK {
		defer answer.Body.Close()
		text, err := io.ReadAll(io.LimitReader(answer.Body, longestBody))
		if err != nil {
			return nil, nil, unreachable{strings.TrimPrefix(r.base, "http://"), err}
		}
		return nil, nil, refusal(answer.StatusCode, text)
	}
	s := newStream(answer.Body)
	s.last = after
	return s, answer.Body, nil
}
