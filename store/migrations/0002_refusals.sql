-- +goose Up

-- INSERT OR REPLACE deletes without the delete trigger: a row is only ever added, and right after the last.
-- +goose StatementBegin
CREATE TRIGGER journal_next BEFORE INSERT ON journal
WHEN NEW.seq IS NOT (SELECT coalesce(max(seq), 0) + 1 FROM journal)
BEGIN SELECT RAISE(ABORT, 'journal rows are facts, one after another'); END;
-- +goose StatementEnd

-- An acquirer answers by reference: attempts and refunds share one stock of them.
-- +goose StatementBegin
CREATE TRIGGER attempt_reference BEFORE INSERT ON attempt
WHEN EXISTS (SELECT 1 FROM refund WHERE reference = NEW.reference)
BEGIN SELECT RAISE(ABORT, 'the reference is a refund''s'); END;
-- +goose StatementEnd
-- +goose StatementBegin
CREATE TRIGGER refund_reference BEFORE INSERT ON refund
WHEN EXISTS (SELECT 1 FROM attempt WHERE reference = NEW.reference)
BEGIN SELECT RAISE(ABORT, 'the reference is an attempt''s'); END;
-- +goose StatementEnd
