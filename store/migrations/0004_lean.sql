-- +goose Up

-- A sale is folded from its entries when it is asked for; written beside them it cost every event a row.
ALTER TABLE sale DROP COLUMN fold;
