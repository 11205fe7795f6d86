package store

import (
	"context"
	"database/sql"
	"embed"
	"errors"
	"fmt"
	"io/fs"
	"path"
)

// Each file of migrations is one step to another version of the schema, which its name begins with.
//
//go:embed migrations/*.sql
var migrations embed.FS

// The list of the steps that a file has taken is goose's, which kept it before: a version that has it still reads ours.
const (
	selectStepped = `
SELECT count(*)
  FROM sqlite_schema
 WHERE name = 'goose_db_version'`

	createSteps = `
CREATE TABLE goose_db_version (
    id         INTEGER PRIMARY KEY AUTOINCREMENT,
    version_id INTEGER NOT NULL,
    is_applied INTEGER NOT NULL,
    tstamp     TIMESTAMP DEFAULT (datetime('now'))
)`

	insertStep = `
INSERT INTO goose_db_version (version_id, is_applied)
VALUES (?, 1)`

	selectVersion = `
SELECT coalesce(max(version_id), 0)
  FROM goose_db_version`
)

// pageSize is SQLite's, in bytes, of a file that is made; one that was made with another keeps it. A commit writes some ten
// pages in as many places, and of each only a row or two is new: on the disk it waits for, small pages are a quarter of
// the bytes. A journal row fits into one. As in the log, pages share a block of the disk: what lies beside a write that the
// power cuts must stay (SQLite's "powersafe overwrite").
const pageSize = 1024

// migrate brings the file to this version, one transaction a step.
func (s *Store) migrate(ctx context.Context, db *sql.DB) error {
	if _, err := db.ExecContext(ctx, fmt.Sprintf("PRAGMA page_size = %d", pageSize)); err != nil {
		return fmt.Errorf("pragma page_size: %w", err)
	}
	have, err := version(ctx, db)
	if err != nil {
		return fmt.Errorf("schema version: %w", err)
	}
	// Only now: it stands in the file's head, and holds for every connection.
	if _, err := db.ExecContext(ctx, "PRAGMA journal_mode = WAL"); err != nil {
		return fmt.Errorf("pragma journal_mode: %w", err)
	}
	if have == newest() {
		s.upgraded() // unless the power went right before
		return nil
	}
	if err := s.keep(ctx, have); err != nil {
		return err
	}
	steps, err := fs.Glob(migrations, "migrations/*.sql") // in order
	if err != nil {
		return err
	}
	for _, file := range steps {
		to := stepOf(file)
		if to <= have {
			continue
		}
		text, err := migrations.ReadFile(file)
		if err == nil {
			err = take(ctx, db, to, string(text))
		}
		if err != nil {
			return fmt.Errorf("migrate: %s: %w", path.Base(file), err)
		}
	}
	s.upgraded()
	return nil
}

// version is how far a file is; a new one gets its list, in which goose wants to find a 0.
func version(ctx context.Context, db *sql.DB) (have int64, err error) {
	var stepped int
	if err := db.QueryRowContext(ctx, selectStepped).Scan(&stepped); err != nil {
		return 0, err
	}
	if stepped == 0 {
		return 0, take(ctx, db, 0, createSteps)
	}
	return have, db.QueryRowContext(ctx, selectVersion).Scan(&have)
}

// take takes one step whole, or not at all.
func take(ctx context.Context, db *sql.DB, to int64, text string) error {
	tx, err := db.BeginTx(ctx, nil)
	if err != nil {
		return err
	}
	if _, err = tx.ExecContext(ctx, text); err == nil {
		_, err = tx.ExecContext(ctx, insertStep, to)
	}
	if err != nil {
		return errors.Join(err, tx.Rollback())
	}
	return tx.Commit()
}

// newest is the version of the schema that we write.
func newest() int64 {
	files, _ := migrations.ReadDir("migrations") // embedded, in order
	return stepOf(files[len(files)-1].Name())
}

// stepOf is the version that a file of migrations leads to.
func stepOf(file string) (version int64) {
	_, _ = fmt.Sscanf(path.Base(file), "%d", &version)
	return version
}
