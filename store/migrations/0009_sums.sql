-- +goose Up

-- Whether the same sum was paid a moment ago is looked up by the sum: however dense the trade, only its own rows are read.
DROP INDEX attempt_approved;
CREATE INDEX attempt_approved ON attempt (minor, since_ms) WHERE state = 'approved';
