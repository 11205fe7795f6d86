package store

import (
	"bufio"
	"context"
	"database/sql"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"time"
)

// ExportHead is the first line of an export.
type ExportHead struct {
	Register string `json:"register"`
	Store    string `json:"store"`
	Version  string `json:"version"`
	At       string `json:"at"` // RFC 3339, UTC
}

// exported is a row of the journal as a line of JSON. Hash is the chain's value, in hex.
type exported struct {
	Seq       int64           `json:"seq"`
	At        string          `json:"at"`
	Day       string          `json:"day"`
	Sale      string          `json:"sale,omitempty"`
	Reference string          `json:"reference,omitempty"`
	Kind      string          `json:"kind"`
	Body      json.RawMessage `json:"body"`
	Hash      string          `json:"hash"`
}

// Export writes the journal of a register file, live or a copy, as JSON Lines: a head, each row as it
// stands, and a last line with how many there were and where the chain ends, so that a cut one shows.
// progress hears of every thousand rows and of the last.
func Export(ctx context.Context, path string, w io.Writer, head ExportHead, progress func(rows int64)) (rows int64, err error) {
	if _, err := os.Stat(path); err != nil {
		return 0, fmt.Errorf("register file: %w", err)
	}
	db, err := sql.Open("sqlite3", dsn(path, "&mode=ro&_query_only=1"+immutable(path)))
	if err != nil {
		return 0, err
	}
	defer db.Close()
	list, err := db.QueryContext(context.WithoutCancel(ctx), selectAll) // the driver would watch ctx with a goroutine a row
	if err != nil {
		return 0, fmt.Errorf("journal: %w", err)
	}
	defer list.Close()
	out := bufio.NewWriter(w)
	lines := json.NewEncoder(out)
	head.At = time.Now().UTC().Format(time.RFC3339)
	if err := lines.Encode(head); err != nil {
		return 0, err
	}
	chain := ""
	for list.Next() {
		r, hash, err := scanRow(list)
		if err != nil {
			return rows, fmt.Errorf("row %d: %w", rows+1, err)
		}
		chain = hex.EncodeToString(hash)
		at := time.UnixMilli(r.atMS).UTC().Format("2006-01-02T15:04:05.000Z")
		if err := lines.Encode(exported{r.seq, at, r.day, r.sale, r.reference, r.kind, json.RawMessage(r.body), chain}); err != nil {
			return rows, fmt.Errorf("row %d: %w", r.seq, err)
		}
		if rows++; rows%1000 == 0 {
			if err := ctx.Err(); err != nil {
				return rows, err
			}
			progress(rows)
		}
	}
	if err := list.Err(); err != nil {
		return rows, fmt.Errorf("journal: %w", err)
	}
	progress(rows)
	if err := lines.Encode(map[string]any{"rows": rows, "head": chain}); err != nil {
		return rows, err
	}
	return rows, out.Flush()
}
