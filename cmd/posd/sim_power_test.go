package main

import (
	"context"
	"database/sql"
	"database/sql/driver"
	"errors"
	"fmt"
	"os"
	"strings"
	"sync"
)

var errPower = errors.New("the power went")

// power is what the register's machine runs on. It may go right before or right after any statement that
// writes: a step of a migration, the begin, each row and each projection of a commit, the commit itself.
// From that moment nothing is written or read any more, and the next start finds the files as they lay.
type power struct {
	seed uint64
	cuts float64     // how often it goes at one of these moments
	good func() bool // it does not go any more

	mu    sync.Mutex
	boot  int           // how often it came
	n     int           // moments since then
	at    int           // cuts at a moment
	plug  int           // by the plug
	gone  chan struct{} // closed when it went
	off   bool
	path  string
	files map[string][]byte // what lay there when it went
}

// sides are the files that belong to a register file.
var sides = []string{"", "-wal", "-journal", ".mark", ".mark.new"}

// step is a moment at which the power may go.
func (p *power) step() error {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.off {
		return errPower
	}
	p.n++
	if p.good() || draws(p.seed, fmt.Sprint("power ", p.boot, " ", p.n)).Float64() >= p.cuts {
		return nil
	}
	p.at++
	p.lose()
	return errPower
}

// cut pulls the plug.
func (p *power) cut() {
	p.mu.Lock()
	defer p.mu.Unlock()
	if !p.off {
		p.plug++
		p.lose()
	}
}

func (p *power) lose() {
	p.off, p.files = true, map[string][]byte{}
	for _, side := range sides {
		if b, err := os.ReadFile(p.path + side); err == nil {
			p.files[side] = b
		}
	}
	close(p.gone)
}

// back brings the power back, to the files as they lay when it went: whatever a process wrote after that, while
// it was stopped, never happened.
func (p *power) back() error {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.off {
		for _, side := range append(sides, "-shm") {
			if b, there := p.files[side]; there {
				if err := os.WriteFile(p.path+side, b, 0o600); err != nil {
					return err
				}
			} else if err := os.Remove(p.path + side); err != nil && !os.IsNotExist(err) {
				return err
			}
		}
	}
	p.off, p.files, p.gone, p.n = false, nil, make(chan struct{}), 0
	p.boot++
	return nil
}

func (p *power) went() bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.off
}

// plugged is SQLite's driver on machines whose power may go, found by their register file.
type plugged struct {
	driver.Driver
	machines sync.Map // *power by path
}

// pluggedIn is registered once, as every driver is.
var pluggedIn = sync.OnceValue(func() *plugged {
	db, err := sql.Open("sqlite3", "")
	if err != nil {
		panic(err)
	}
	d := &plugged{Driver: db.Driver()}
	_ = db.Close()
	sql.Register("plugged", d)
	return d
})

func (d *plugged) Open(name string) (driver.Conn, error) {
	path, _, _ := strings.Cut(strings.TrimPrefix(name, "file:"), "?")
	machine, known := d.machines.Load(path)
	if !known {
		return nil, fmt.Errorf("no machine for %s", path)
	}
	p := machine.(*power)
	if p.went() {
		return nil, errPower
	}
	c, err := d.Driver.Open(name)
	if err != nil {
		return nil, err
	}
	return &pluggedConn{c, p, strings.Contains(name, "_synchronous=FULL")}, nil
}

type pluggedConn struct {
	driver.Conn
	p      *power
	writes bool
}

// around runs a statement between two moments at which the power may go.
func around[T any](c *pluggedConn, do func() (T, error)) (T, error) {
	var none T
	if !c.writes {
		if c.p.went() {
			return none, errPower
		}
		return do()
	}
	if err := c.p.step(); err != nil {
		return none, err
	}
	got, err := do()
	if err == nil {
		if err = c.p.step(); err != nil {
			return none, err
		}
	}
	return got, err
}

func (c *pluggedConn) Prepare(text string) (driver.Stmt, error) {
	if c.p.went() {
		return nil, errPower
	}
	s, err := c.Conn.Prepare(text)
	if err != nil {
		return nil, err
	}
	return &pluggedStmt{s, c}, nil
}

func (c *pluggedConn) BeginTx(ctx context.Context, o driver.TxOptions) (driver.Tx, error) {
	tx, err := around(c, func() (driver.Tx, error) { return c.Conn.(driver.ConnBeginTx).BeginTx(ctx, o) })
	if err != nil {
		return nil, err
	}
	return &pluggedTx{tx, c}, nil
}

func (c *pluggedConn) ExecContext(ctx context.Context, text string, args []driver.NamedValue) (driver.Result, error) {
	return around(c, func() (driver.Result, error) { return c.Conn.(driver.ExecerContext).ExecContext(ctx, text, args) })
}

func (c *pluggedConn) QueryContext(ctx context.Context, text string, args []driver.NamedValue) (driver.Rows, error) {
	if c.p.went() {
		return nil, errPower
	}
	return c.Conn.(driver.QueryerContext).QueryContext(ctx, text, args)
}

type pluggedStmt struct {
	driver.Stmt
	c *pluggedConn
}

func (s *pluggedStmt) ExecContext(ctx context.Context, args []driver.NamedValue) (driver.Result, error) {
	return around(s.c, func() (driver.Result, error) { return s.Stmt.(driver.StmtExecContext).ExecContext(ctx, args) })
}

func (s *pluggedStmt) QueryContext(ctx context.Context, args []driver.NamedValue) (driver.Rows, error) {
	if s.c.p.went() {
		return nil, errPower
	}
	return s.Stmt.(driver.StmtQueryContext).QueryContext(ctx, args)
}

type pluggedTx struct {
	driver.Tx
	c *pluggedConn
}

func (t *pluggedTx) Commit() error {
	_, err := around(t.c, func() (struct{}, error) { return struct{}{}, t.Tx.Commit() })
	if err != nil {
		_ = t.Rollback() // only so that the connection can be closed
	}
	return err
}
