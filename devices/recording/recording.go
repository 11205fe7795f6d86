// Package recording keeps what a device said, byte for byte and with its pauses, in a file that a person can
// read and a driver can be fed with again. It masks payment codes before anything is written.
//
// It opens no device and knows no dialect beyond where in its bytes a code's digits stand.
package recording

import (
	"bufio"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"strconv"
	"strings"
	"time"
)

// Chunk is what one read of a device gave.
type Chunk struct {
	At time.Duration // since the recording began
	B  []byte
}

// Head says where a recording comes from, as pairs in the order in which they were written.
type Head struct{ pairs [][2]string }

// Set adds a fact; one of the same name is replaced. Texts are kept on one line.
func (h *Head) Set(name, value string) {
	value = strings.Join(strings.Fields(strings.ToValidUTF8(value, "?")), " ")
	for i := range h.pairs {
		if h.pairs[i][0] == name {
			h.pairs[i][1] = value
			return
		}
	}
	h.pairs = append(h.pairs, [2]string{name, value})
}

// Get is a fact, or nothing.
func (h Head) Get(name string) string {
	for _, p := range h.pairs {
		if p[0] == name {
			return p[1]
		}
	}
	return ""
}

// Recording is a whole file.
type Recording struct {
	Head   Head
	Chunks []Chunk
}

const title = "# posd recording 1"

// Limits of a file. A scanner says less than a kilobyte a minute.
const (
	MostBytes  = 16 << 20
	mostChunks = 1 << 20
	mostHead   = 64
)

// WriteHead begins a file.
func WriteHead(w io.Writer, h Head) error {
	var b strings.Builder
	b.WriteString(title + "\n")
	for _, p := range h.pairs {
		b.WriteString("# " + p[0] + ": " + p[1] + "\n")
	}
	b.WriteString("# milliseconds, then what one read gave; digits of codes are zeros but for the first two and the last four\n")
	_, err := io.WriteString(w, b.String())
	return err
}

// WriteChunk adds a chunk that was masked.
func WriteChunk(w io.Writer, c Chunk) error {
	_, err := fmt.Fprintf(w, "%d %x\n", c.At.Milliseconds(), c.B)
	return err
}

// ErrFormat is in the chain when a file is no recording.
var ErrFormat = errors.New("this is not a recording of posd")

// Read reads a file.
func Read(r io.Reader) (rec Recording, err error) {
	lines := bufio.NewScanner(io.LimitReader(r, 4*MostBytes))
	lines.Buffer(nil, 1<<20)
	n := 0
	for lines.Scan() {
		n++
		line := strings.TrimSpace(lines.Text())
		switch {
		case n == 1:
			if strings.TrimPrefix(line, "\ufeff") != title {
				return Recording{}, fmt.Errorf("%w: it does not begin with %q", ErrFormat, title)
			}
		case line == "":
		case line[0] == '#':
			if name, value, ok := strings.Cut(strings.TrimSpace(line[1:]), ": "); ok && len(rec.Head.pairs) < mostHead {
				rec.Head.Set(name, value)
			}
		default:
			c, err := readChunk(line)
			if err != nil || len(rec.Chunks) == mostChunks || (len(rec.Chunks) > 0 && c.At < rec.Chunks[len(rec.Chunks)-1].At) {
				return Recording{}, fmt.Errorf("%w: line %d is not a time and bytes that follow the line before", ErrFormat, n)
			}
			rec.Chunks = append(rec.Chunks, c)
		}
	}
	if err := lines.Err(); err != nil {
		return Recording{}, fmt.Errorf("%w: line %d: %w", ErrFormat, n+1, err)
	}
	if n == 0 {
		return Recording{}, fmt.Errorf("%w: it is empty", ErrFormat)
	}
	return rec, nil
}

func readChunk(line string) (Chunk, error) {
	at, bytes, ok := strings.Cut(line, " ")
	ms, err := strconv.ParseInt(at, 10, 64)
	if !ok || err != nil || ms < 0 || ms > int64(1000*time.Hour/time.Millisecond) {
		return Chunk{}, ErrFormat
	}
	b, err := hex.DecodeString(strings.ReplaceAll(bytes, " ", ""))
	return Chunk{time.Duration(ms) * time.Millisecond, b}, err
}
