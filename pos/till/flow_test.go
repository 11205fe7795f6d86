package till

import (
	"testing"

	"posd/pos"
)

// A refund may come to the door before a place is free, if the acquirer is quick; a question has no door to wait at.
func TestWhoMayCall(t *testing.T) {
	taken := flow{wide: 3, calls: 4, away: 4, quick: true}
	slow, crowded, free := taken, taken, taken
	slow.quick = false
	crowded.calls = 7
	free.calls, free.away = 3, 3
	for name, c := range map[string]struct {
		flow flow
		duty pos.Duty
		full bool
	}{
		"a refund comes to the door while all are away": {taken, pos.DutySend, false},
		"a question does not go while all are away":     {taken, pos.DutyAsk, true},
		"nobody comes to the door of a slow acquirer":   {slow, pos.DutySend, true},
		"nobody comes to a door where as many stand":    {crowded, pos.DutySend, true},
		"a refund goes where a place is free":           {free, pos.DutySend, false},
		"a question goes where a place is free":         {free, pos.DutyAsk, false},
	} {
		if got := c.flow.full(c.duty); got != c.full {
			t.Errorf("%s: full is %v", name, got)
		}
	}
}
