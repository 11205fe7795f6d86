package till_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"posd/pos"
)

// journalRunsAhead leaves an entry in the file that was written by a clock so far ahead, and starts again. Where a day is
// open it stays so.
func (c *counter) journalRunsAhead(by time.Duration, dayOpen bool) {
	c.t.Helper()
	at := time.Now().Add(by)
	day := pos.Date(at.Add(-4 * time.Hour).Format(time.DateOnly))
	entries := []pos.Entry{{Kind: pos.DayOpened, Day: day, At: at}}
	if !dayOpen {
		entries = append(entries, pos.Entry{Kind: pos.DayClosed, Day: day, At: at, Body: pos.Body{Z: 1}})
	}
	c.append(entries...)
}

func (c *counter) append(entries ...pos.Entry) {
	c.t.Helper()
	if _, err := c.file.Append(c.t.Context(), entries...); err != nil {
		c.t.Fatal(err)
	}
	c.restart()
}

func (c *counter) tells(code pos.TroubleCode, want bool) {
	c.t.Helper()
	c.wait(time.Minute) // what has to stand a while before it is told
	if got := slices.ContainsFunc(c.told(), func(s string) bool { return strings.HasPrefix(s, string(code)) }); got != want {
		c.t.Errorf("told %q, %s should be there: %v", c.told(), code, want)
	}
}

// The clock of the register fell back: no day opens or closes by it, and people know why. What belongs to the open
// day goes on, money is written down whatever the clock says, and when the clock has caught up so does the rest.
func TestClockBehindTheJournal(t *testing.T) {
	sells := func(c *counter) error {
		_, err := c.till.Sell(c.t.Context(), pos.NewSale{Amount: pos.Amount{Minor: 700, Currency: "USD"}})
		return err
	}
	t.Run("five minutes are borne", func(t *testing.T) {
		story(t, func(c *counter) {
			c.journalRunsAhead(5*time.Minute, false)
			if err := sells(c); err != nil {
				t.Error(err)
			}
			c.tells(pos.TroubleClockBehind, false)
		})
	})
	t.Run("no day opens", func(t *testing.T) {
		story(t, func(c *counter) {
			c.journalRunsAhead(time.Hour, false)
			problem(t, sells(c), pos.Unsupported)
			c.tells(pos.TroubleClockBehind, true)
			c.wait(54 * time.Minute) // it catches up
			c.tells(pos.TroubleClockBehind, false)
			if err := sells(c); err != nil {
				t.Error(err)
			}
		})
	})
	t.Run("no day closes, and the open one goes on", func(t *testing.T) {
		story(t, func(c *counter) {
			c.append(pos.Entry{Kind: pos.DayOpened, Day: "1999-12-31", At: time.Now().Add(10 * time.Hour)})
			_, err := c.close("k1")
			problem(t, err, pos.DayNotClosable)
			c.scan(c.sell(100), wechatCode)
			c.wait(time.Second)
			c.tells(pos.TroubleClockBehind, true)
			_, err = c.close("k2") // what was written since by the wrong clock does not make it right
			problem(t, err, pos.DayNotClosable)
			c.wait(5 * time.Hour) // the cut-off is over by the wrong clock
			if _, open, err := c.file.OpenDay(c.t.Context()); err != nil || !open {
				t.Errorf("the day closed by a clock that stands behind: %v", err)
			}
			c.wait(6 * time.Hour)
			if _, open, err := c.file.OpenDay(c.t.Context()); err != nil || open {
				t.Errorf("the clock has caught up, and the day is still open: %v", err)
			}
		})
	})
	t.Run("money is written down whatever the clock says", func(t *testing.T) {
		story(t, func(c *counter) {
			c.bank.next(replyLost(2 * time.Second))
			id := c.sell(100)
			c.scan(id, wechatCode)
			at := time.Now().Add(24 * time.Hour)
			c.append(pos.Entry{Kind: pos.DayClosed, Day: "1999-12-31", At: at, Body: pos.Body{Z: 1}})
			c.wait(time.Minute)
			c.status(id, "paid")
			entries, err := c.file.DayEntries(c.t.Context(), "2000-01-01") // the day that the journal has reached; it is not opened
			if err != nil || !slices.ContainsFunc(entries, func(e pos.Entry) bool { return e.Kind == pos.KindOf(pos.Approve) }) {
				t.Errorf("the money counts elsewhere: %+v, %v", entries, err)
			}
		})
	})
	t.Run("the acquirer's clock says that ours is right", func(t *testing.T) {
		story(t, func(c *counter) {
			c.journalRunsAhead(90*24*time.Hour, true)
			_, err := c.close("k1")
			problem(t, err, pos.DayNotClosable)
			c.bank.dates = true
			c.scan(c.sell(100), wechatCode)
			c.wait(time.Second)
			c.tells(pos.TroubleClockBehind, false)
			c.bank.dates = false
			c.wait(2 * time.Hour) // nothing was heard for so long: who knows what was done to the clock
			c.tells(pos.TroubleClockBehind, true)
		})
	})
}

// Our clock and the acquirer's differ: people know by how much, and in which direction. Money goes on. A day has the
// name that both would give it, and closes by itself when it is over by both.
func TestClockSkew(t *testing.T) {
	for _, ahead := range []time.Duration{0, 3 * time.Minute, -3 * time.Minute, 4 * time.Minute, -4 * time.Minute, 50 * time.Hour, -50 * time.Hour} {
		t.Run(fmt.Sprint("the acquirer is ahead by ", ahead), func(t *testing.T) {
			skewed := ahead.Abs() > 3*time.Minute
			story(t, func(c *counter) {
				c.bank.dates, c.bank.ahead = true, ahead
				c.wait(10 * time.Hour)
				id := c.sell(100)
				c.scan(id, wechatCode)
				c.wait(time.Second)
				c.status(id, "paid")
				if got := c.standing().Connection.Skew; got != -ahead {
					t.Errorf("the skew is %s", got)
				}
				c.tells(pos.TroubleClockSkew, skewed)
				for _, told := range c.board.Standing(time.Now()) {
					if told.Code == pos.TroubleClockSkew && (told.Args["minutes"] != fmt.Sprint(int(ahead.Abs().Minutes())) || (told.Args["ahead"] != "") != (ahead < 0)) {
						t.Errorf("told %v", told.Args)
					}
				}
				c.stands(c.give(id, 100, "k1").ID, pos.Refunded)
				cutoff := 18 * time.Hour // from ten in the morning to four
				if skewed && ahead < 0 {
					cutoff += -ahead
				}
				c.wait(cutoff - 2*time.Minute)
				if _, open, _ := c.file.OpenDay(c.t.Context()); !open {
					t.Error("the day closed before it was over by both clocks")
				}
				c.wait(4 * time.Minute)
				if _, open, _ := c.file.OpenDay(c.t.Context()); open {
					t.Error("the day is over by both clocks, and still open")
				}
				c.bank.ahead = 0
				c.scan(c.sell(200), alipayCode)
				c.wait(time.Second)
				c.tells(pos.TroubleClockSkew, false)
			})
		})
	}
}

// The first sale of a morning opens a day. Its name cannot be taken back: where the clocks differ by days, it is the
// acquirer's.
func TestSkewedClockNamesNoDay(t *testing.T) {
	story(t, func(c *counter) {
		c.wait(10 * time.Hour)
		c.bank.dates, c.bank.ahead = true, 40*24*time.Hour // the battery of our clock is dead
		c.scan(c.sell(100), wechatCode)
		c.wait(time.Second)
		if day, err := c.close("k1"); err != nil || day.Day != "2000-01-01" {
			t.Errorf("closed %+v, %v", day, err)
		}
		if s := c.sale(c.sell(200)); s.Day != "2000-02-10" {
			t.Errorf("the next day is %s", s.Day)
		}
	})
}
