package main

import (
	"context"
	"errors"
	"io"

	"posd/pos"
)

// serve serves the counter until ctx ends.
func serve(context.Context, Config, io.Writer) error {
	return coded{exitUnavailable, errors.New("the parts of the register are not wired")}
}

// drivers is what the desk can drive.
func drivers() map[pos.Role][]string {
	return map[pos.Role][]string{pos.RoleScanner: {"line"}, pos.RoleDisplay: {"nextion"}}
}
