//go:build !linux

package line

import (
	"context"
	"fmt"
)

// OpenHID is for Linux only.
func OpenHID(_ context.Context, path string) (*HID, error) {
	return nil, fmt.Errorf("open %s: %w: HID devices are read on Linux only", path, ErrNoHID)
}

// OpenKeys is for Linux only.
func OpenKeys(_ context.Context, path string) (*Node, error) {
	return nil, fmt.Errorf("open %s: %w: keyboards are read on Linux only", path, ErrNoKeys)
}

// OpenNode is for Linux only.
func OpenNode(_ context.Context, path string) (*Node, error) {
	return nil, fmt.Errorf("open %s: %w", path, ErrNoPort)
}
