package store

import (
	"context"
	"database/sql"
	"fmt"
	"os"
	"time"
)

const selectWaiting = `
SELECT count(*), coalesce(min(since_ms), 0)
  FROM (SELECT since_ms FROM attempt WHERE state = 'held' OR state = 'sent' OR state = 'awaiting' OR
                                             state = 'doubtful' OR state = 'cancelling' OR state = 'voiding'
        UNION ALL
        SELECT since_ms FROM refund WHERE state IN ('owed', 'sent', 'processing', 'doubtful'))`

// Waiting counts the payments and refunds of a register file, live or a copy, that have not ended, and says since
// when the oldest waits. It changes nothing.
func Waiting(ctx context.Context, path string) (n int, oldest time.Time, err error) {
	if _, err := os.Stat(path); err != nil {
		return 0, time.Time{}, fmt.Errorf("register file: %w", err)
	}
	db, err := sql.Open("sqlite3", dsn(path, "&mode=ro&_query_only=1"+immutable(path)))
	if err != nil {
		return 0, time.Time{}, err
	}
	defer db.Close()
	var ms int64
	if err := db.QueryRowContext(ctx, selectWaiting).Scan(&n, &ms); err != nil {
		return 0, time.Time{}, fmt.Errorf("waiting: %w", err)
	}
	if ms > 0 {
		oldest = time.UnixMilli(ms).UTC()
	}
	return n, oldest, nil
}
