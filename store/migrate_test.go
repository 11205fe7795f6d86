package store

import (
	"fmt"
	"io/fs"
	"path"
	"strings"
	"testing"
)

// A step without a number would be skipped without a word, one of two with the same number is taken by some files alone, and
// what a library would take for the way back is a statement like another here.
func TestStepsAreNumbered(t *testing.T) {
	files, err := fs.Glob(migrations, "migrations/*")
	if err != nil || len(files) < 9 {
		t.Fatalf("%d steps, %v", len(files), err)
	}
	for i, file := range files {
		if want := fmt.Sprintf("%04d_", i+1); !strings.HasPrefix(path.Base(file), want) || stepOf(file) != int64(i+1) || path.Ext(file) != ".sql" {
			t.Errorf("step %d is called %s, want %sNAME.sql", stepOf(file), file, want)
		}
		text, err := migrations.ReadFile(file)
		if err != nil || strings.Contains(strings.ToLower(string(text)), "+goose down") {
			t.Errorf("%s: a way back is never taken, or it cannot be read: %v", file, err)
		}
	}
	if newest() != int64(len(files)) {
		t.Errorf("the newest is %d of %d", newest(), len(files))
	}
}
