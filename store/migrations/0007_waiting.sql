-- +goose Up

-- Refunds are sent in the order they were asked for, and an outage may leave thousands: a start reads the first of
-- them and not all. The index answers how many wait, and for how much, by itself.
ALTER TABLE refund ADD COLUMN seq INTEGER NOT NULL DEFAULT 0; -- of its asking

UPDATE refund
   SET seq = (SELECT j.seq
                FROM journal j
               WHERE j.sale = refund.sale
                 AND j.sale <> ''
                 AND j.reference = refund.reference
                 AND j.kind = 'refund.requested');

CREATE INDEX refund_unfinished ON refund (seq, state, currency, minor)
    WHERE state = 'owed' OR state = 'sent' OR state = 'processing' OR state = 'doubtful';

-- sale.unfinished is 1 while an attempt is unfinished or an orphan waits for a manager: what must be known before
-- anything is sold. The refunds have their own list.
UPDATE sale
   SET unfinished = 0
 WHERE unfinished = 1
   AND id IN (SELECT sale FROM refund WHERE state IN ('owed', 'sent', 'processing', 'doubtful'))
   AND id NOT IN (SELECT sale FROM attempt WHERE state IN ('held', 'sent', 'awaiting', 'doubtful', 'cancelling', 'voiding'))
   AND id NOT IN (SELECT a.sale
                    FROM attempt a
                    JOIN sale s ON s.id = a.sale
                   WHERE a.state IN ('approved', 'ruled_paid')
                   GROUP BY a.sale
                  HAVING count(*) > 1 OR max(s.status IN ('cancelled', 'settled')) = 1);
