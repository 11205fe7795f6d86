package pos

import (
	"fmt"
	"time"
)

// Date is a business day, "2006-01-02".
type Date string

// ClockSlack is how far the clock may stand behind the last entry before no day opens or closes.
const ClockSlack = 5 * time.Minute

// Calendar says which business day an instant belongs to.
type Calendar struct {
	Zone   *time.Location
	Cutoff time.Duration // whole minutes after local midnight, under 24 h; an instant before it counts in the day before
}

// Day is the business day of now. It walks the wall clock, not hours, so that days of 23 and 25
// hours begin at the cut-off too.
func (c Calendar) Day(now time.Time) Date {
	local := now.In(c.Zone)
	wall := time.Duration(local.Hour())*time.Hour + time.Duration(local.Minute())*time.Minute
	if wall < c.Cutoff {
		local = local.AddDate(0, 0, -1)
	}
	return Date(local.Format(time.DateOnly))
}

// Next is the business day that an instant counts in while no day is open: the calendar's, but never one
// up to closed, which has its Z. After a close by hand the next business day has begun.
func (c Calendar) Next(now time.Time, closed Date) Date {
	day := c.Day(now)
	if closed == "" || day > closed {
		return day
	}
	last, err := time.Parse(time.DateOnly, string(closed))
	if err != nil {
		return day
	}
	return Date(last.AddDate(0, 0, 1).Format(time.DateOnly))
}

// End is the first instant that no longer belongs to d.
func (c Calendar) End(d Date) (time.Time, error) {
	t, err := time.ParseInLocation(time.DateOnly, string(d), c.Zone)
	if err != nil {
		return time.Time{}, fmt.Errorf("day %q: %w", d, err)
	}
	minutes := int(c.Cutoff / time.Minute)
	return time.Date(t.Year(), t.Month(), t.Day()+1, minutes/60, minutes%60, 0, 0, c.Zone), nil
}

// Day is the frame of a business day; its figures are folded from entries.
type Day struct {
	Day    Date
	Opened time.Time
	Closed time.Time // zero while open
	Z      int       // 0 while open
	By     string
	Note   string
	Rows   int64  // of the journal, at the close
	Head   string // of the chain, at the close
}

// Head is the end of the journal: the last row and the chain's value there; zero for an empty one.
type Head struct {
	Seq   int64
	Chain string // hex
	At    time.Time
}
