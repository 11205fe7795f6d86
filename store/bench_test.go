package store_test

import (
	"context"
	"fmt"
	"log/slog"
	"path/filepath"
	"testing"
	"time"

	"posd/pos"
	"posd/store"
)

// BenchmarkEvent makes one event of an attempt durable.
func BenchmarkEvent(b *testing.B) {
	s, err := store.Open(context.Background(), store.Options{Path: filepath.Join(b.TempDir(), "register.db"), Key: make([]byte, 32), Log: slog.New(slog.DiscardHandler)})
	if err != nil {
		b.Fatal(err)
	}
	defer s.Close()
	began := []pos.Entry{{Kind: pos.SaleOpened, Sale: "s1", Body: pos.Body{Amount: 12950, Currency: "USD"}},
		{Kind: pos.AttemptHeld, Sale: "s1", Reference: "a1", Body: pos.Body{Mode: pos.ByScan, Wallet: pos.WeChat, Amount: 12950, Currency: "USD"}},
		{Kind: pos.KindOf(pos.Leave), Sale: "s1", Reference: "a1"}, {Kind: pos.KindOf(pos.Silence), Sale: "s1", Reference: "a1"}}
	for i := range began {
		began[i].At, began[i].Day = time.Now(), "2026-11-20"
	}
	if _, err := s.Append(context.Background(), began...); err != nil {
		b.Fatal(err)
	}
	for i := range b.N {
		e := pos.Entry{Kind: pos.KindOf(pos.Silence), Sale: "s1", Reference: "a1", At: time.Now(), Day: "2026-11-20", Body: pos.Body{To: "doubtful", Reason: fmt.Sprint(i)}}
		if _, err := s.Append(context.Background(), e); err != nil {
			b.Fatal(err)
		}
	}
}
