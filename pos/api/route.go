package api

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"reflect"
	"strconv"
	"strings"

	"github.com/danielgtaylor/huma/v2"
	"github.com/danielgtaylor/huma/v2/adapters/humago"

	"posd/pos"
)

// router registers routes with the framework that writes the OpenAPI document for us.
type router struct {
	s      *Server
	api    huma.API
	shapes bool // says in the document what bodies look like
}

func newRouter(s *Server, mux *http.ServeMux, shapes bool) router {
	config := huma.DefaultConfig("posd", s.o.Version)
	config.Info.Description = "The register's local API. Amounts are integers in minor units, times RFC 3339 UTC."
	config.OpenAPIPath, config.DocsPath, config.SchemasPath = "", "", ""
	config.CreateHooks = nil // no $schema link in answers
	config.Components = &huma.Components{Schemas: huma.NewMapRegistry("#/components/schemas/", schemaName)}
	return router{s, humago.New(mux, config), shapes}
}

// document is the API's description in OpenAPI 3.1. It is made anew for whoever asks, which is seldom: kept, the shapes of all
// bodies would be a quarter of what an idle register remembers.
func (s *Server) document(w http.ResponseWriter, r *http.Request) {
	described := newRouter(s, http.NewServeMux(), true)
	s.routes(described)
	text, err := json.Marshal(described.api.OpenAPI())
	if err != nil {
		s.refuse(w, r, err)
		return
	}
	w.Header().Set("Content-Type", "application/openapi+json")
	if _, err := w.Write(text); err != nil {
		return // whoever hangs up needs no answer
	}
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

// answer is one type for all routes, for the framework makes its code anew for every type it is given. What the body
// is stands in the document by body.
type answer struct{ Body any }

// get registers a question. Nothing changes on GET.
func get[Q, T any](r router, path, summary string, f func(context.Context, *Q) (T, error)) {
	op := operation(http.MethodGet, path, summary, 200)
	r.answers(&op, reflect.TypeFor[T]())
	huma.Register(r.api, op, func(ctx context.Context, q *Q) (*answer, error) {
		v, err := f(ctx, q)
		return r.said(ctx, v, err)
	})
}

// post registers a command whose body is an In.
func post[In, T any](r router, path string, status int, summary string, f func(context.Context, command, In) (T, error)) {
	op := operation(http.MethodPost, path, summary, status)
	op.SkipValidateBody = true
	op.MaxBodyBytes = maxBody
	op.RequestBody = &huma.RequestBody{Content: r.body(reflect.TypeFor[In](), "")}
	r.answers(&op, reflect.TypeFor[T]())
	r.command(op, func(ctx context.Context, c command, body []byte) (v any, err error) {
		var in In
		if err := decode(body, &in); err != nil {
			return nil, err
		}
		return f(ctx, c, in)
	})
}

func (r router) command(op huma.Operation, f func(context.Context, command, []byte) (any, error)) {
	do := func(ctx context.Context, c command, body []byte) (*answer, error) {
		v, err := f(ctx, c, body)
		return r.said(ctx, v, err)
	}
	defer func() { op.RequestBody.Required = false }() // nothing is an empty object: decode says what is missing, in our words
	if strings.Contains(op.Path, "{id}") {
		huma.Register(r.api, op, func(ctx context.Context, c *aimed) (*answer, error) {
			return do(ctx, command{c.ID, c.Key}, c.RawBody)
		})
		return
	}
	huma.Register(r.api, op, func(ctx context.Context, c *sent) (*answer, error) {
		return do(ctx, command{"", c.Key}, c.RawBody)
	})
}

func (r router) said(ctx context.Context, v any, err error) (*answer, error) {
	if err != nil {
		return nil, r.s.problem(ctx, err)
	}
	return &answer{v}, nil
}

// answers says in the document what an operation's answer is.
func (r router) answers(op *huma.Operation, body reflect.Type) {
	op.Responses[strconv.Itoa(op.DefaultStatus)] = &huma.Response{Content: r.body(body, op.OperationID+"Response")}
}

func (r router) body(of reflect.Type, hint string) map[string]*huma.MediaType {
	schema := &huma.Schema{Type: huma.TypeObject}
	if r.shapes {
		schema = r.api.OpenAPI().Components.Schemas.Schema(of, true, hint)
	}
	return map[string]*huma.MediaType{"application/json": {Schema: schema}}
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
