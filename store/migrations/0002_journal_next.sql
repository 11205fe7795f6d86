-- +goose Up

-- INSERT OR REPLACE deletes without the delete trigger: a row is only ever added, and right after the last.
-- +goose StatementBegin
CREATE TRIGGER journal_next BEFORE INSERT ON journal
WHEN NEW.seq IS NOT (SELECT coalesce(max(seq), 0) + 1 FROM journal)
BEGIN SELECT RAISE(ABORT, 'journal rows are facts, one after another'); END;
-- +goose StatementEnd
