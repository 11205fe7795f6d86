package till

import (
	"strconv"
	"time"

	"posd/pos"
)

// What two clocks may differ by, and how long an agreement is believed. Money goes on whatever the clocks say: a
// code's life is measured by a clock that cannot be set, and the acquirer's answers decide. Only days depend on
// what time it is.
const (
	mostSkew  = 3 * time.Minute // the wallets refuse signed calls that are five minutes off
	agreedFor = time.Hour
)

// clocks compares our clock with the acquirer's.
func (t *Till) clocks(theirs time.Time) {
	now := time.Now()
	t.connection.Skew, t.compared = now.Sub(theirs), now
	if !t.skewed() {
		t.o.Clear(pos.TroubleClockSkew, "")
		return
	}
	off := t.connection.Skew.Round(time.Minute)
	args := map[string]string{"minutes": strconv.Itoa(int(off.Abs() / time.Minute)), "theirs": theirs.In(t.o.Calendar.Zone).Format("2006-01-02 15:04")}
	if off > 0 {
		args["ahead"] = "yes"
	}
	t.o.Trouble(pos.Trouble{Code: pos.TroubleClockSkew, Since: now, Args: args})
}

// stepped forgets what the clocks said of each other when ours has been set since: the one that cannot be set tells.
func (t *Till) stepped(now time.Time) {
	if t.compared.IsZero() {
		return
	}
	if step := now.Round(0).Sub(t.compared.Round(0)) - now.Sub(t.compared); step.Abs() > mostSkew {
		t.connection.Skew, t.compared = 0, time.Time{}
		t.o.Clear(pos.TroubleClockSkew, "")
	}
}

// skewed reports whether our clock and the acquirer's differ by more than is good.
func (t *Till) skewed() bool { return t.connection.Skew.Abs() > mostSkew }

// civil is the time that names a business day: ours or, where the acquirer's clock says otherwise, the acquirer's.
// A day with a wrong date cannot be taken back.
func (t *Till) civil(now time.Time) time.Time {
	t.stepped(now)
	if t.skewed() {
		return now.Add(-t.connection.Skew)
	}
	return now
}

// over reports whether a day is over that ends then: by both clocks, where they differ.
func (t *Till) over(end, now time.Time) bool { return !now.Before(end) && !t.civil(now).Before(end) }

// behind reports whether our clock stands so far behind the journal that no day may open or close. Where the
// acquirer's clock agrees with ours it is the last entry that was written by a clock that ran ahead.
func (t *Till) behind(now time.Time) bool {
	t.stepped(now)
	agreed := !t.compared.IsZero() && now.Sub(t.compared) < agreedFor && !t.skewed()
	return t.last.At.Sub(now) > pos.ClockSlack && !agreed
}

// watchClock tells when our clock falls behind the journal, and when it has caught up.
func (t *Till) watchClock(now time.Time) {
	behind := t.behind(now)
	switch {
	case behind && !t.late:
		t.o.Trouble(pos.Trouble{Code: pos.TroubleClockBehind, Since: now, Args: map[string]string{"last": t.last.At.In(t.o.Calendar.Zone).Format("2006-01-02 15:04")}})
	case !behind && t.late:
		t.o.Clear(pos.TroubleClockBehind, "")
	}
	t.late = behind
}
