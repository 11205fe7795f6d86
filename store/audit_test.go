package store

import (
	"testing"
)

// The audit reads a register that trades on: what is written meanwhile is no damage, and a false alarm would end the
// daemon in the middle of a day.
func TestAuditOfALiveRegister(t *testing.T) {
	s := open(t, register(t))
	all := week(7, 400)
	s.must(t, all[:40]...)
	done := make(chan struct{})
	go func() {
		defer close(done)
		for _, e := range all[40:] {
			if _, err := s.Append(t.Context(), e); err != nil {
				t.Error(err)
				return
			}
		}
	}()
	audits := 0
	for more := true; more; audits++ {
		select {
		case <-done:
			more = false // and once more, when all is written
		default:
		}
		if err := s.Audit(t.Context()); err != nil {
			t.Fatal(err)
		}
	}
	if audits < 2 {
		t.Error("it was never read while it was written")
	}
	if err := s.Reopen(t.Context()); err != nil {
		t.Fatal(err)
	}
	if err := s.Audit(t.Context()); err != nil {
		t.Error(err)
	}
}
