package api

import (
	"context"
	"maps"
	"slices"
	"strconv"
	"time"

	"posd/pos"
	"posd/pos/report"
)

// listed is how many refunds the queue tells of: an outage may leave thousands.
const listed = 200

// Queue is what waits, the oldest first: every payment and every orphan, the refunds that may have left, and those
// whose turn is next. Total is of all.
type Queue struct {
	Items []report.Item          `json:"items"`
	More  int                    `json:"more"` // refunds that wait for their turn behind those
	Total map[pos.Currency]int64 `json:"total"`
}

// QueueQuery bounds the queue.
type QueueQuery struct {
	Limit string `query:"limit" doc:"how many refunds: 1 to 200; 200 when absent"`
}

func (s *Server) queue(ctx context.Context, q *QueueQuery) (Queue, error) {
	limit := listed
	if q.Limit != "" {
		n, err := strconv.Atoi(q.Limit)
		if err != nil || n < 1 || n > listed {
			return Queue{}, pos.Refuse("api.queue", pos.BadRequest, "limit")
		}
		limit = n
	}
	shown, _, err := s.waits(ctx, limit)
	return shown, err
}

func (s *Server) syncQueue(ctx context.Context, _ command, _ struct{}) (Queue, error) {
	if err := s.o.Till.Sync(ctx); err != nil {
		return Queue{}, err
	}
	return s.queue(ctx, &QueueQuery{})
}

// waits reads the queue with so many refunds, and the sales that it is about.
func (s *Server) waits(ctx context.Context, limit int) (Queue, []pos.Sale, error) {
	sales, refunds, err := s.unfinished(ctx, limit)
	if err != nil {
		return Queue{}, nil, err
	}
	backlog, err := s.o.Book.Backlog(ctx)
	if err != nil {
		return Queue{}, nil, err
	}
	now, outlooks := time.Now(), s.o.Till.Standing().Outlooks
	q := Queue{Items: s.items(sales, now, outlooks), More: max(0, backlog.Owed+backlog.Left-len(refunds)), Total: map[pos.Currency]int64{}}
	maps.Copy(q.Total, backlog.Sums)
	for _, i := range q.Items {
		q.Total[i.Currency] += i.Amount
	}
	for _, w := range refunds {
		q.Items = append(q.Items, s.refundItem(w.Sale, *w.Sale.Refund(w.Reference), now, outlooks[w.Reference]))
		sales = append(sales, w.Sale)
	}
	slices.SortStableFunc(q.Items, func(a, b report.Item) int { return a.Since.Compare(b.Since) })
	return q, sales, nil
}

// unfinished reads every sale that is pressing, and the first refunds: those that may have left, then those whose turn
// is next. One that is listed with the wrong sale is only counted.
func (s *Server) unfinished(ctx context.Context, limit int) ([]pos.Sale, []pos.Waiting, error) {
	sales, err := s.o.Book.Pressing(ctx)
	if err != nil {
		return nil, nil, err
	}
	refunds, err := s.o.Book.Refunds(ctx, true, 0, limit)
	if err == nil && len(refunds) < limit {
		var owed []pos.Waiting
		owed, err = s.o.Book.Refunds(ctx, false, 0, limit-len(refunds))
		refunds = append(refunds, owed...)
	}
	known := map[string]bool{}
	return sales, slices.DeleteFunc(refunds, func(w pos.Waiting) bool { // it ended or came back while we read
		twice := known[w.Reference]
		known[w.Reference] = true
		r := w.Sale.Refund(w.Reference)
		return twice || r == nil || r.State.Final()
	}), err
}

// notFinal is everything that waits, by name: the report of a day leaves nothing out.
func (s *Server) notFinal(ctx context.Context) ([]report.Item, error) {
	q, _, err := s.waits(ctx, listed)
	if err != nil || q.More == 0 {
		return q.Items, err
	}
	known := map[string]bool{}
	for _, i := range q.Items {
		known[i.ID] = true
	}
	add := func(i report.Item) {
		if !known[i.ID] { // it may have left, or come back, while we read
			known[i.ID] = true
			q.Items = append(q.Items, i)
		}
	}
	now, outlooks := time.Now(), s.o.Till.Standing().Outlooks
	for after, more := int64(0), true; more; {
		left, err := s.o.Book.Refunds(ctx, true, after, listed)
		if err != nil {
			return nil, err
		}
		for _, w := range left {
			after = w.Seq
			if r := w.Sale.Refund(w.Reference); r != nil {
				add(s.refundItem(w.Sale, *r, now, outlooks[w.Reference]))
			}
		}
		more = len(left) == listed
	}
	owed, err := s.o.Book.Owed(ctx, 0)
	for _, c := range owed {
		add(report.CarriedItem(c))
	}
	slices.SortStableFunc(q.Items, func(a, b report.Item) int { return a.Since.Compare(b.Since) })
	return q.Items, err
}
