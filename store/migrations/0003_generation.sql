-- +goose Up

-- A restored file begins a new generation; every start asks which one it is.
CREATE INDEX journal_generation ON journal (seq) WHERE kind = 'generation.started';
