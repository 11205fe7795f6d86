// Package configs holds the files that a register is put into service with: the default configuration
// with a comment on every key, the profiles of known devices, the systemd unit and the udev rules. They are
// embedded, so that a register without them can still print them.
//
// It reads nothing and decides nothing; only commands import it.
package configs

import (
	"embed"
	"io/fs"
)

//go:embed posd.toml profiles systemd udev
var files embed.FS

// Files is everything there is, by the paths of this folder.
func Files() fs.FS { return files }

// Default is the commented default configuration, "posd.toml".
func Default() []byte {
	// The file is embedded: a build without it does not compile.
	text, _ := files.ReadFile("posd.toml")
	return text
}

// Profiles is the profiles of known devices, each in a file of its own.
func Profiles() fs.FS {
	// The folder is embedded: a build without it does not compile, and Sub of a valid path does not fail.
	profiles, _ := fs.Sub(files, "profiles")
	return profiles
}
