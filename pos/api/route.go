package api

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"reflect"
	"strings"

	"github.com/danielgtaylor/huma/v2"

	"posd/pos"
)

// router registers routes with the framework that writes the OpenAPI document for us.
type router struct {
	s   *Server
	api huma.API
}

// named is the one path parameter there is.
type named struct {
	ID string `path:"id"`
}

// filter is what a list may be asked for.
type filter struct {
	Day       string `query:"day" doc:"business day, 2006-01-02"`
	Status    string `query:"status"`
	Ticket    string `query:"ticket"`
	Reference string `query:"reference"`
	Limit     string `query:"limit" doc:"1 to 200; 50 when absent"`
	After     string `query:"after" doc:"the last id of the page before"`
}

// sent is what comes with a POST. The body is read by ourselves: the framework would quote a value
// that it refuses, and that value may be a payment code.
type sent struct {
	Key     string `header:"Idempotency-Key" doc:"1 to 64 printable characters, kept for good"`
	RawBody []byte
}

// aimed is the same with the path's parameter.
type aimed struct {
	ID      string `path:"id"`
	Key     string `header:"Idempotency-Key" doc:"1 to 64 printable characters, kept for good"`
	RawBody []byte
}

// command is what a POST says beside its body.
type command struct{ ID, Key string }

type answer[T any] struct{ Body T }

// get registers a question. Nothing changes on GET.
func get[Q, T any](r router, path, summary string, f func(context.Context, *Q) (T, error)) {
	huma.Register(r.api, operation(http.MethodGet, path, summary, 200), func(ctx context.Context, q *Q) (*answer[T], error) {
		v, err := f(ctx, q)
		if err != nil {
			return nil, r.s.problem(ctx, err)
		}
		return &answer[T]{v}, nil
	})
}

// post registers a command whose body is an In.
func post[In, T any](r router, path string, status int, summary string, f func(context.Context, command, In) (T, error)) {
	op := operation(http.MethodPost, path, summary, status)
	op.SkipValidateBody = true
	op.MaxBodyBytes = maxBody
	schema := r.api.OpenAPI().Components.Schemas.Schema(reflect.TypeFor[In](), true, "")
	op.RequestBody = &huma.RequestBody{Content: map[string]*huma.MediaType{"application/json": {Schema: schema}}}
	do := func(ctx context.Context, c command, body []byte) (*answer[T], error) {
		var in In
		err := decode(body, &in)
		var v T
		if err == nil {
			v, err = f(ctx, c, in)
		}
		if err != nil {
			return nil, r.s.problem(ctx, err)
		}
		return &answer[T]{v}, nil
	}
	defer func() { op.RequestBody.Required = false }() // nothing is an empty object: decode says what is missing, in our words
	if strings.Contains(path, "{id}") {
		huma.Register(r.api, op, func(ctx context.Context, c *aimed) (*answer[T], error) {
			return do(ctx, command{c.ID, c.Key}, c.RawBody)
		})
		return
	}
	huma.Register(r.api, op, func(ctx context.Context, c *sent) (*answer[T], error) {
		return do(ctx, command{"", c.Key}, c.RawBody)
	})
}

// schemaName keeps the shapes of a day's report apart from those of a sale that share a name.
func schemaName(t reflect.Type, hint string) string {
	name := huma.DefaultSchemaNamer(t, hint)
	for t.Kind() == reflect.Pointer || t.Kind() == reflect.Slice {
		t = t.Elem()
	}
	if strings.HasSuffix(t.PkgPath(), "/report") && !strings.HasPrefix(name, "Report") {
		name = "Report" + name
	}
	return name
}

func operation(method, path, summary string, status int) huma.Operation {
	return huma.Operation{OperationID: method + " " + path, Method: method, Path: path, Summary: summary, DefaultStatus: status,
		Responses: map[string]*huma.Response{"default": {Description: "problem+json: type, say, do"}}}
}

// decode reads one JSON object strictly: no unknown fields, nothing behind it. Its error names no value.
func decode(body []byte, to any) error {
	if len(bytes.TrimSpace(body)) == 0 {
		body = []byte("{}")
	}
	d := json.NewDecoder(bytes.NewReader(body))
	d.DisallowUnknownFields()
	if err := d.Decode(to); err != nil {
		return badBody(err)
	}
	if _, err := d.Token(); !errors.Is(err, io.EOF) {
		return pos.Refuse("api.body", pos.BadRequest, "something follows the JSON")
	}
	return nil
}

// badBody keeps of a decoding error what cannot quote a value.
func badBody(err error) error {
	var large *http.MaxBytesError
	var kind *json.UnmarshalTypeError
	switch {
	case errors.As(err, &large):
		return pos.Refuse("api.body", pos.TooLarge, "")
	case errors.As(err, &kind):
		return pos.Refuse("api.body", pos.BadRequest, "field %s has the wrong type", kind.Field)
	}
	return pos.Refuse("api.body", pos.BadRequest, "not the JSON object that is wanted")
}
