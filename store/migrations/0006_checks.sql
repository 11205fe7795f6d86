-- +goose Up

-- A list of more than two words behind IN is a table that SQLite builds anew for every row it checks: it cost each
-- event of an attempt more than the row itself. And a body that was just made of a struct need not be parsed again to
-- know that it is JSON. Only what new rows are checked for changes, so the schema is rewritten where it stands: a
-- file of a million sales is upgraded at once.
PRAGMA writable_schema = ON;

UPDATE sqlite_schema
   SET sql = replace(sql, 'CHECK (json_valid(body))', 'CHECK (body GLOB ''{*'')')
 WHERE type = 'table' AND name = 'journal';

UPDATE sqlite_schema
   SET sql = 'CREATE TABLE attempt (
    reference TEXT    NOT NULL PRIMARY KEY,
    sale      TEXT    NOT NULL REFERENCES sale (id) DEFERRABLE INITIALLY DEFERRED,
    day       TEXT    NOT NULL, -- of its start
    state     TEXT    NOT NULL CHECK (state = ''held'' OR state = ''sent'' OR state = ''awaiting'' OR state = ''doubtful'' OR
                                 state = ''cancelling'' OR state = ''voiding'' OR
                                 state = ''unsent'' OR state = ''declined'' OR state = ''voided'' OR
                                 state = ''ruled_unpaid'' OR state = ''ruled_paid'' OR state = ''approved''),
    since_ms  INTEGER NOT NULL,
    minor     INTEGER NOT NULL, -- charged
    currency  TEXT    NOT NULL,
    theirs    TEXT    NOT NULL,
    code_hash TEXT    NOT NULL  -- keyed; the code itself is never written
) STRICT'
 WHERE type = 'table' AND name = 'attempt';

UPDATE sqlite_schema
   SET sql = 'CREATE TABLE refund (
    reference TEXT    NOT NULL PRIMARY KEY,
    id        TEXT    NOT NULL UNIQUE,
    sale      TEXT    NOT NULL REFERENCES sale (id) DEFERRABLE INITIALLY DEFERRED,
    day       TEXT    NOT NULL, -- of its asking
    state     TEXT    NOT NULL CHECK (state = ''owed'' OR state = ''sent'' OR state = ''processing'' OR state = ''doubtful'' OR
                                 state = ''refused'' OR state = ''withdrawn'' OR
                                 state = ''ruled_refused'' OR state = ''ruled_refunded'' OR state = ''refunded''),
    since_ms  INTEGER NOT NULL,
    minor     INTEGER NOT NULL,
    currency  TEXT    NOT NULL,
    theirs    TEXT    NOT NULL
) STRICT'
 WHERE type = 'table' AND name = 'refund';

PRAGMA writable_schema = RESET;

DROP INDEX attempt_one_in_flight;
CREATE UNIQUE INDEX attempt_one_in_flight ON attempt (sale)
    WHERE state = 'held' OR state = 'sent' OR state = 'awaiting' OR state = 'doubtful' OR state = 'cancelling' OR state = 'voiding';
