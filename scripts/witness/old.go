package main

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"time"

	"posd/pos"
)

// fill makes a register file with so many paid sales, of which the last are today's.
func fill(path string, sales, today int) (pos.Date, error) {
	s, err := openStore(path)
	if err != nil {
		return "", err
	}
	ctx := context.Background()
	now := time.Now().UTC()
	day := pos.Date(now.Format(time.DateOnly))
	began := now.Add(-time.Duration(sales/300+1) * 24 * time.Hour)
	before := pos.Date("")
	z := 0
	var batch []pos.Entry
	for n := range sales {
		at, d := began.Add(time.Duration(n/300)*24*time.Hour+time.Duration(n%300)*time.Minute), pos.Date("")
		if d = pos.Date(at.Format(time.DateOnly)); n >= sales-today {
			at, d = now.Add(-time.Duration(sales-n)*time.Second), day
		}
		add := func(kind pos.Kind, reference string, b pos.Body) {
			e := pos.Entry{Kind: kind, At: at, Day: d, Sale: fmt.Sprintf("s_%07d", n), Reference: reference, Body: b}
			if kind == pos.DayOpened || kind == pos.DayClosed {
				e.Sale = ""
			}
			batch = append(batch, e)
		}
		if d != before {
			if before != "" {
				z++
				e := pos.Entry{Kind: pos.DayClosed, At: at, Day: before, Body: pos.Body{Z: z, By: "posd"}}
				batch = append(batch, e)
			}
			add(pos.DayOpened, "", pos.Body{})
			before = d
		}
		amount, reference := int64(1000+n%90000), fmt.Sprintf("NYC5AV-03-%07d", n)
		add(pos.SaleOpened, "", pos.Body{Amount: amount, Currency: "USD", Ticket: fmt.Sprint("A-", n), Cashier: "mroy"})
		add(pos.AttemptHeld, reference, pos.Body{Mode: pos.ByScan, Wallet: pos.WeChat, Amount: amount, Currency: "USD", CodeHash: reference, Last4: "1234"})
		add(pos.KindOf(pos.Leave), reference, pos.Body{To: "sent"})
		add(pos.KindOf(pos.Approve), reference, pos.Body{To: "approved", Theirs: fmt.Sprint("28", n), Amount: amount, Currency: "USD", Wallet: pos.WeChat, Cashier: "mroy",
			Paid: &pos.Paid{At: at, Amount: amount, Currency: "USD", Wallet: pos.WeChat}})
		if len(batch) > 4000 || n == sales-1 {
			if _, err := s.Append(ctx, batch...); err != nil {
				return "", err
			}
			batch = batch[:0]
		}
	}
	return day, s.Close()
}

// aged makes a register whose file has so many sales.
func (b *bench) aged(name string, sales int) (*register, pos.Date, error) {
	r, err := b.newRegister(name, "http://127.0.0.1:1/posp/rest/", "", "")
	if err != nil {
		return nil, "", err
	}
	day, err := r.ages(sales, 200)
	return r, day, err
}

// ages gives a register that was never started a key, and a file with so many sales, of which the last are today's.
func (r *register) ages(sales, today int) (pos.Date, error) {
	if err := os.MkdirAll(r.data, 0o700); err != nil {
		return "", err
	}
	if err := os.WriteFile(filepath.Join(r.data, "register.key"), key, 0o600); err != nil || sales == 0 {
		return "", err
	}
	return fill(filepath.Join(r.data, "register.db"), sales, today)
}

// young is the smaller of two files that are compared.
const young = 10_000

// owing adds a refund that waits to each of the first sales of a file.
func owing(path string, day pos.Date, duties int) error {
	s, err := openStore(path)
	if err != nil {
		return err
	}
	for first := 0; first < duties; first += 2000 {
		var batch []pos.Entry
		for n := first; n < min(first+2000, duties); n++ {
			batch = append(batch, pos.Entry{Kind: pos.RefundAsked, At: time.Now(), Day: day, Sale: fmt.Sprintf("s_%07d", n), Reference: fmt.Sprintf("NYC5AV-03-R%07d", n),
				Body: pos.Body{Refund: fmt.Sprintf("r_%07d", n), Attempt: fmt.Sprintf("NYC5AV-03-%07d", n), Amount: 100, Currency: "USD", Reason: "returned", By: "mroy"}})
		}
		if _, err := s.Append(context.Background(), batch...); err != nil {
			return err
		}
	}
	return s.Close()
}

// start compares a start on a file with many sales, and with many refunds that wait, with a start on an empty one.
func start(b *bench) ([]result, error) {
	sales, duties := 20_000, 10_000
	if b.big {
		sales = 1_000_000
	}
	empty, _, err := b.aged("empty", 0)
	if err != nil {
		return nil, err
	}
	full, day, err := b.aged("full", sales)
	if err != nil {
		return nil, err
	}
	if err := owing(filepath.Join(full.data, "register.db"), day, duties); err != nil {
		return nil, err
	}
	var e, f []time.Duration
	for range 10 {
		for r, to := range map[*register]*[]time.Duration{empty: &e, full: &f} {
			took, err := r.start(b.posd)
			if err != nil {
				return nil, err
			}
			r.stop()
			*to = append(*to, took)
		}
	}
	return []result{compare(fmt.Sprintf("start until it takes sales, %d sales, %d refunds wait", sales, duties), e, f, 3)}, nil
}

// reports compares the report of a day of 200 sales in files of different age.
func reports(b *bench) ([]result, error) {
	old := 100_000
	if b.big {
		old = 1_000_000
	}
	var registers [2]*register
	var days [2]pos.Date
	for i, n := range []int{young, old} {
		r, day, err := b.aged(fmt.Sprint("aged", n), n)
		if err != nil {
			return nil, err
		}
		if _, err := r.start(b.posd); err != nil {
			return nil, err
		}
		defer r.stop()
		registers[i], days[i] = r, day
	}
	var took [2][]time.Duration
	for range max(b.rounds/4, 10) {
		for i, r := range registers {
			at := time.Now()
			var z map[string]any
			if err := r.call("GET", "/v1/days/"+string(days[i]), "", nil, &z); err != nil {
				return nil, err
			}
			took[i] = append(took[i], time.Since(at))
		}
	}
	line := compare(fmt.Sprintf("report of a day of 200 sales, in a file of %d", old), took[0], took[1], 1.25)
	line.Note = fmt.Sprintf("the floor is the same report in a file of %d sales: a report does not grow with the file's age", young)
	return []result{line}, nil
}
