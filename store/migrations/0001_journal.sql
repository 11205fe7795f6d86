-- +goose Up

-- The journal is the truth: append-only facts, one row each, in the order they became true. Every
-- other table can be rebuilt from it.
CREATE TABLE journal (
    seq       INTEGER NOT NULL PRIMARY KEY,              -- 1 and up, without gaps
    at_ms     INTEGER NOT NULL,                          -- Unix milliseconds, UTC
    day       TEXT    NOT NULL,                          -- business day, 2006-01-02
    sale      TEXT    NOT NULL,                          -- empty for a day's entries
    reference TEXT    NOT NULL,                          -- the attempt's or refund's at the acquirer; empty for a sale's
    kind      TEXT    NOT NULL,                          -- attempt.approve, day.closed, ...
    body      TEXT    NOT NULL CHECK (json_valid(body)), -- exactly the bytes that were chained
    chain     BLOB    NOT NULL CHECK (length(chain) = 32) -- keyed hash over the row before and this one
) STRICT;

CREATE INDEX journal_sale ON journal (sale) WHERE sale <> '';
CREATE INDEX journal_day ON journal (day);

-- +goose StatementBegin
CREATE TRIGGER journal_no_update BEFORE UPDATE ON journal
BEGIN SELECT RAISE(ABORT, 'journal rows are facts'); END;
-- +goose StatementEnd
-- +goose StatementBegin
CREATE TRIGGER journal_no_delete BEFORE DELETE ON journal
BEGIN SELECT RAISE(ABORT, 'journal rows are facts'); END;
-- +goose StatementEnd

-- Projections: what the journal adds up to, for questions that must be answered at once.
CREATE TABLE sale (
    id         TEXT    NOT NULL PRIMARY KEY,
    seq        INTEGER NOT NULL,                -- of its opening: the order of sales
    day        TEXT    NOT NULL,
    status     TEXT    NOT NULL,                -- the word of the API
    ticket     TEXT    NOT NULL,
    open       INTEGER NOT NULL CHECK (open IN (0, 1)),       -- neither paid nor ended
    unfinished INTEGER NOT NULL CHECK (unfinished IN (0, 1)), -- an attempt or a refund is owed something
    fold       TEXT    NOT NULL CHECK (json_valid(fold))      -- the folded sale
) STRICT;

CREATE INDEX sale_seq ON sale (seq);
CREATE INDEX sale_day ON sale (day, seq);
CREATE INDEX sale_ticket ON sale (ticket) WHERE ticket <> '';
CREATE INDEX sale_unfinished ON sale (seq) WHERE unfinished = 1;
CREATE INDEX sale_open ON sale (seq) WHERE open = 1;

CREATE TABLE attempt (
    reference TEXT    NOT NULL PRIMARY KEY,
    sale      TEXT    NOT NULL REFERENCES sale (id) DEFERRABLE INITIALLY DEFERRED,
    day       TEXT    NOT NULL, -- of its start
    state     TEXT    NOT NULL CHECK (state IN ('held', 'sent', 'awaiting', 'doubtful', 'cancelling', 'voiding',
                                 'unsent', 'declined', 'voided', 'ruled_unpaid', 'ruled_paid', 'approved')),
    since_ms  INTEGER NOT NULL,
    minor     INTEGER NOT NULL, -- charged
    currency  TEXT    NOT NULL,
    theirs    TEXT    NOT NULL,
    code_hash TEXT    NOT NULL  -- keyed; the code itself is never written
) STRICT;

-- At most one attempt of a sale may be unfinished.
CREATE UNIQUE INDEX attempt_one_in_flight ON attempt (sale)
    WHERE state IN ('held', 'sent', 'awaiting', 'doubtful', 'cancelling', 'voiding');
CREATE INDEX attempt_code ON attempt (code_hash) WHERE code_hash <> '';
CREATE INDEX attempt_day ON attempt (day);
CREATE INDEX attempt_approved ON attempt (since_ms) WHERE state = 'approved';

CREATE TABLE refund (
    reference TEXT    NOT NULL PRIMARY KEY,
    id        TEXT    NOT NULL UNIQUE,
    sale      TEXT    NOT NULL REFERENCES sale (id) DEFERRABLE INITIALLY DEFERRED,
    day       TEXT    NOT NULL, -- of its asking
    state     TEXT    NOT NULL CHECK (state IN ('owed', 'sent', 'processing', 'doubtful', 'refused', 'withdrawn',
                                 'ruled_refused', 'ruled_refunded', 'refunded')),
    since_ms  INTEGER NOT NULL,
    minor     INTEGER NOT NULL,
    currency  TEXT    NOT NULL,
    theirs    TEXT    NOT NULL
) STRICT;

CREATE INDEX refund_day ON refund (day);

CREATE TABLE day (
    opened_seq INTEGER NOT NULL PRIMARY KEY,
    day        TEXT    NOT NULL,
    opened_ms  INTEGER NOT NULL,
    closed_ms  INTEGER NOT NULL, -- 0 while open
    z          INTEGER NOT NULL, -- 0 while open
    "by"       TEXT    NOT NULL,
    note       TEXT    NOT NULL,
    rows       INTEGER NOT NULL, -- of the journal, at the close
    head       TEXT    NOT NULL  -- of the chain, at the close
) STRICT;

CREATE UNIQUE INDEX day_one_open ON day (z) WHERE z = 0;
CREATE UNIQUE INDEX day_z ON day (z) WHERE z > 0;

-- Idempotency keys are kept for good.
CREATE TABLE request (
    key TEXT    NOT NULL PRIMARY KEY,
    seq INTEGER NOT NULL -- the entry that first carried it
) STRICT;
