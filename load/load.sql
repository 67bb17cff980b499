-- Statements of a transaction that loads windows, besides those that are made from the descriptions of the tables.

-- name: now
SELECT now();

-- name: mark_dirty
SELECT wheelhouse.mark_dirty(@account, @load, '{}', @days::text[]::date[]);

-- name: zone
SELECT timezone FROM wheelhouse.accounts WHERE account_id = @account;

-- name: lock_zone
-- The row is locked, so that a change of the zone waits for this transaction.
SELECT timezone FROM wheelhouse.accounts WHERE account_id = @account FOR SHARE;
