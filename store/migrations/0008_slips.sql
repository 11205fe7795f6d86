-- +goose Up

-- Slips that were begun on the register's printer: from then on paper may exist, and the next like it is a copy. No figure
-- is made of them, and the journal does not know them.
CREATE TABLE slip (
    kind  TEXT    NOT NULL,                           -- paid, pending, refund, day
    about TEXT    NOT NULL,                           -- a sale's id, a refund's id or a day
    sum   BLOB    NOT NULL CHECK (length(sum) = 32),  -- of its lines: another text about the same is another slip
    at_ms INTEGER NOT NULL,
    PRIMARY KEY (kind, about, sum)
) STRICT, WITHOUT ROWID;
