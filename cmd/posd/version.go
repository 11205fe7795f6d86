package main

import (
	"fmt"
	"runtime"
	"runtime/debug"

	"github.com/spf13/cobra"
)

// release is what this source is the source of.
const release = "0.1.0"

// build says what a register runs.
type build struct {
	Version string `json:"version"`
	Commit  string `json:"commit,omitempty"`
	Go      string `json:"go"`
	OS      string `json:"os"`
}

// builtFrom reads what the compiler noted.
func builtFrom() build {
	b := build{Version: release, Go: runtime.Version(), OS: runtime.GOOS + "/" + runtime.GOARCH}
	info, ok := debug.ReadBuildInfo()
	if !ok {
		return b
	}
	for _, s := range info.Settings {
		switch {
		case s.Key == "vcs.revision":
			b.Commit = s.Value[:min(12, len(s.Value))]
		case s.Key == "vcs.modified" && s.Value == "true" && b.Commit != "":
			b.Commit += "-changed"
		}
	}
	return b
}

func (f *face) versionCommand() *cobra.Command {
	return f.withJSON(&cobra.Command{Use: "version", Short: "Say which posd this is", Args: nothing,
		RunE: func(*cobra.Command, []string) error {
			b := builtFrom()
			if f.json {
				return writeJSON(f.stdout, b)
			}
			name := "posd " + b.Version
			if b.Commit != "" {
				name += " " + b.Commit
			}
			_, err := fmt.Fprintf(f.stdout, "%s (%s, %s)\n", name, b.Go, b.OS)
			return err
		}})
}
