package store

import (
	"context"
	"database/sql"
	"database/sql/driver"
	"errors"
	"fmt"
)

// writer is the one connection that writes. Its hot statements go to the driver directly: a transaction of
// database/sql starts a goroutine and parses its BEGIN and COMMIT anew, which costs as much as the write.
type writer struct {
	db *sql.DB
	*sql.Conn
	stmts [statements]driver.Stmt // prepared once: parsing SQL costs more than running it
}

// statement is one of the hot ones.
type statement int

const (
	begin statement = iota
	commit
	rollback
	insertEntry
	insertRequest
	insertSale
	updateSaleStatus
	updateSaleUnfinished // and its status
	updateSaleOpen       // and both
	insertAttempt
	updateAttempt
	insertRefund
	updateRefund
	insertDay
	closeDay
	insertSlip
	codeUsed
	statements
)

// texts spells the statements. An update names only columns that change: SQLite rewrites every index that a
// named column is in.
var texts = [statements]string{
	begin:    "BEGIN IMMEDIATE",
	commit:   "COMMIT",
	rollback: "ROLLBACK",

	insertEntry: `
INSERT INTO journal (seq, at_ms, day, sale, reference, kind, body, chain)
VALUES (?, ?, ?, ?, ?, ?, ?, ?)`,

	insertRequest: `
INSERT INTO request (key, seq)
VALUES (?, ?)`,

	insertSale: `
INSERT INTO sale (id, seq, day, status, ticket, open, unfinished)
VALUES (?, ?, ?, ?, ?, ?, ?)`,

	updateSaleStatus: `
UPDATE sale
   SET status = ?
 WHERE id = ?`,

	updateSaleUnfinished: `
UPDATE sale
   SET status = ?, unfinished = ?
 WHERE id = ?`,

	updateSaleOpen: `
UPDATE sale
   SET status = ?, unfinished = ?, open = ?
 WHERE id = ?`,

	insertAttempt: `
INSERT INTO attempt (reference, sale, day, state, since_ms, minor, currency, theirs, code_hash)
VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)`,

	updateAttempt: `
UPDATE attempt
   SET state = ?, since_ms = ?, theirs = ?
 WHERE reference = ?`,

	insertRefund: `
INSERT INTO refund (reference, id, sale, day, state, since_ms, minor, currency, theirs, seq)
VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`,

	updateRefund: `
UPDATE refund
   SET state = ?, since_ms = ?, theirs = ?
 WHERE reference = ?`,

	insertDay: `
INSERT INTO day (opened_seq, day, opened_ms, closed_ms, z, "by", note, rows, head)
VALUES (?, ?, ?, 0, 0, '', '', 0, '')`,

	closeDay: `
UPDATE day
   SET closed_ms = ?, z = ?, "by" = ?, note = ?, rows = ?, head = ?
 WHERE z = 0`,

	insertSlip: `
INSERT INTO slip (kind, about, sum, at_ms)
VALUES (?, ?, ?, ?)
    ON CONFLICT DO NOTHING`,

	codeUsed: `
SELECT EXISTS (SELECT 1 FROM attempt WHERE code_hash = ? AND code_hash <> '' AND state <> 'unsent')`,
}

// pin takes the connection of db for good and prepares the statements on it.
func pin(ctx context.Context, db *sql.DB) (*writer, error) {
	conn, err := db.Conn(ctx)
	if err != nil {
		return nil, errors.Join(err, db.Close())
	}
	w := &writer{db: db, Conn: conn}
	err = conn.Raw(func(raw any) error {
		for i, text := range texts {
			if w.stmts[i], err = raw.(driver.Conn).Prepare(text); err != nil {
				return fmt.Errorf("prepare %s: %w", text, err)
			}
		}
		return nil
	})
	if err != nil {
		return nil, errors.Join(err, w.close())
	}
	return w, nil
}

// close ends the connection and its pool.
func (w *writer) close() error {
	var err error
	for i, stmt := range w.stmts {
		if stmt != nil {
			err = errors.Join(err, stmt.Close())
		}
		w.stmts[i] = nil
	}
	return errors.Join(err, w.Close(), w.db.Close())
}

// transaction runs do in one durable step, or undoes what it did. After an error of the commit nobody knows
// whether it happened.
func (w *writer) transaction(ctx context.Context, do func(*transaction) error) error {
	return w.Raw(func(raw any) error {
		t := &transaction{w: w, conn: raw.(driver.Conn), ctx: ctx}
		if _, err := t.run(begin); err != nil {
			return fmt.Errorf("begin: %w", err)
		}
		if err := do(t); err != nil {
			_, undone := t.run(rollback)
			return errors.Join(err, undone)
		}
		if _, err := t.run(commit); err != nil {
			_, _ = t.run(rollback) // it fails when the failed commit has rolled back
			return fmt.Errorf("commit: %w", err)
		}
		return nil
	})
}

// holds runs a statement that asks for a truth.
func (w *writer) holds(ctx context.Context, s statement, arg driver.Value) (truth bool, err error) {
	err = w.Raw(func(any) error {
		rows, err := w.stmts[s].(driver.StmtQueryContext).QueryContext(ctx, []driver.NamedValue{{Ordinal: 1, Value: arg}})
		if err != nil {
			return err
		}
		var column [1]driver.Value
		err = rows.Next(column[:])
		truth = column[0] == int64(1)
		return errors.Join(err, rows.Close())
	})
	return truth, err
}

// transaction is a step in the making.
type transaction struct {
	w    *writer
	conn driver.Conn
	ctx  context.Context
	args [10]driver.NamedValue
	dry  func(s statement, args []driver.Value) error // takes what would be written, instead of the file
}

// run runs a statement and says how many rows it changed. An argument is an int64, bool, string or []byte.
func (t *transaction) run(s statement, args ...driver.Value) (changed int64, err error) {
	if t.dry != nil {
		return 1, t.dry(s, args)
	}
	done, err := t.w.stmts[s].(driver.StmtExecContext).ExecContext(t.ctx, t.named(args))
	if err != nil {
		return 0, err
	}
	return done.RowsAffected()
}

// exec runs a statement that is not a hot one.
func (t *transaction) exec(text string) error {
	stmt, err := t.conn.Prepare(text)
	if err != nil {
		return err
	}
	_, err = stmt.(driver.StmtExecContext).ExecContext(t.ctx, nil)
	return errors.Join(err, stmt.Close())
}

func (t *transaction) named(args []driver.Value) []driver.NamedValue {
	for i, v := range args {
		t.args[i] = driver.NamedValue{Ordinal: i + 1, Value: v}
	}
	return t.args[:len(args)]
}
