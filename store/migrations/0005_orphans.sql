-- +goose Up

-- sale.unfinished is 1 also while an orphan waits for a manager. Where that may be so, the till looks; the next
-- entry about the sale says for sure.
UPDATE sale
   SET unfinished = 1
 WHERE unfinished = 0
   AND id IN (SELECT a.sale
                FROM attempt a
                JOIN sale s ON s.id = a.sale
               WHERE a.state IN ('approved', 'ruled_paid')
               GROUP BY a.sale
              HAVING count(*) > 1 OR max(s.status IN ('cancelled', 'settled')) = 1);
