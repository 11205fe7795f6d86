package store

import (
	"log/slog"
	"path/filepath"
	"testing"

	"posd/pos"
)

// A file of an earlier version knew no orphans, and had no list of refunds: after the upgrade the money that nobody
// wants waits for a manager, a refund waits in its place, and a sale that was paid as it should be does not.
func TestUpgradeFindsOrphans(t *testing.T) {
	o := Options{Path: filepath.Join(t.TempDir(), "register.db"), Key: make([]byte, 32), Log: slog.New(slog.DiscardHandler)}
	s, err := Open(t.Context(), o)
	if err != nil {
		t.Fatal(err)
	}
	day := pos.Date("2026-11-20")
	var entries []pos.Entry
	for _, id := range []string{"s1", "s2", "s3"} {
		entries = append(entries,
			pos.Entry{Kind: pos.SaleOpened, Day: day, Sale: id, Body: pos.Body{Amount: 100, Currency: "USD"}},
			pos.Entry{Kind: pos.AttemptHeld, Day: day, Sale: id, Reference: "r" + id, Body: pos.Body{Amount: 100, Currency: "USD", Mode: pos.ByScan}},
			pos.Entry{Kind: pos.KindOf(pos.Leave), Day: day, Sale: id, Reference: "r" + id})
		if id == "s1" {
			entries = append(entries, pos.Entry{Kind: pos.SaleSettled, Day: day, Sale: id, Body: pos.Body{Tender: "cash"}})
		}
		entries = append(entries, pos.Entry{Kind: pos.KindOf(pos.Approve), Day: day, Sale: id, Reference: "r" + id})
	}
	entries = append(entries, pos.Entry{Kind: pos.RefundAsked, Day: day, Sale: "s3", Reference: "g1", Body: pos.Body{Refund: "r_1", Attempt: "rs3", Amount: 40, Currency: "USD"}})
	if _, err := s.Append(t.Context(), append([]pos.Entry{{Kind: pos.DayOpened, Day: day}}, entries...)...); err != nil {
		t.Fatal(err)
	}
	for _, text := range []string{"UPDATE sale SET unfinished = id = 's3'", "DROP INDEX refund_unfinished", "ALTER TABLE refund DROP COLUMN seq", "DROP TABLE slip",
		"DELETE FROM goose_db_version WHERE version_id >= 5"} { // as it was
		if _, err := s.write.ExecContext(t.Context(), text); err != nil {
			t.Fatal(err)
		}
	}
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	if s, err = Open(t.Context(), o); err != nil {
		t.Fatal(err)
	}
	defer func() {
		if err := s.Close(); err != nil {
			t.Error(err)
		}
	}()
	if err := s.Audit(t.Context()); err != nil {
		t.Error(err)
	}
	waiting, err := s.Pressing(t.Context())
	if err != nil || len(waiting) != 1 || waiting[0].ID != "s1" || len(waiting[0].Proposed()) != 1 {
		t.Errorf("waiting %+v, %v", waiting, err)
	}
	refunds, err := s.Refunds(t.Context(), false, 0, 10)
	if err != nil || len(refunds) != 1 || refunds[0].Seq != 15 || refunds[0].Reference != "g1" || refunds[0].Sale.ID != "s3" {
		t.Errorf("refunds %+v, %v", refunds, err)
	}
}
