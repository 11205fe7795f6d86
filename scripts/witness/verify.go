package main

import (
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"database/sql"
	"fmt"
	"path/filepath"
	"time"

	"posd/store"
)

const audited = 1_000_000 // rows

// verifies compares the audit of a journal of a million rows with a loop that reads the same rows with the
// same driver and makes a keyed hash of each, over the hash before: it looks at nothing and says nothing.
func verifies(b *bench) ([]result, error) {
	path := filepath.Join(b.dir, "audited.db")
	if _, err := fill(path, audited/4, 0); err != nil {
		return nil, err
	}
	db, err := sql.Open("sqlite3", "file:"+path+"?mode=ro")
	if err != nil {
		return nil, err
	}
	defer db.Close()
	var rows int64
	var floor, ours []time.Duration
	for range max(b.rounds/20, 3) {
		at := time.Now()
		least, err := bareChain(db)
		if err != nil {
			return nil, err
		}
		floor = append(floor, time.Since(at))
		at = time.Now()
		v, err := store.Verify(context.Background(), path, key)
		if err != nil || !v.Whole || v.Rows != least {
			return nil, fmt.Errorf("%+v, and %d rows are there: %w", v, least, err)
		}
		ours = append(ours, time.Since(at))
		rows = v.Rows
	}
	line := compare(fmt.Sprintf("journal verify, %d rows", rows), floor, ours, 1.3)
	line.Note = "the floor reads the same rows with the same driver and makes the keyed hash of each; it compares nothing"
	return []result{line}, nil
}

func bareChain(db *sql.DB) (n int64, err error) {
	rows, err := db.Query("SELECT seq, at_ms, day, sale, reference, kind, body, chain FROM journal ORDER BY seq")
	if err != nil {
		return 0, err
	}
	defer rows.Close()
	mac := hmac.New(sha256.New, key)
	var sum, text []byte
	for rows.Next() {
		var seq, at int64
		var day, sale, reference, kind, body, chain sql.RawBytes
		if err := rows.Scan(&seq, &at, &day, &sale, &reference, &kind, &body, &chain); err != nil {
			return n, err
		}
		text = fmt.Appendf(text[:0], "%d|%d|", seq, at)
		for _, field := range []sql.RawBytes{day, sale, reference, kind, body} {
			text = append(append(text, field...), '|')
		}
		mac.Reset()
		mac.Write(sum)
		mac.Write(text)
		sum = mac.Sum(sum[:0])
		n++
	}
	return n, rows.Err()
}
