-- Statements of a transaction that loads windows, besides those that are made from the descriptions of the tables.

-- name: settings
-- Settings of one transaction (invariant 7). If this process stops in the middle, the server ends the transaction, so that another
-- process can load the window. Rows are always looked up by their keys: the planner has no statistics of staging tables or of
-- tables that are being filled, and would choose to read whole tables, or to compile.
SELECT set_config('idle_in_transaction_session_timeout', @idle, true), set_config('jit', 'off', true), set_config('enable_seqscan', 'off', true),
       set_config('bytea_output', 'hex', true), now();

-- name: mark_dirty
SELECT wheelhouse.mark_dirty(@account, @load, '{}', @days::text[]::date[]);

-- name: zone
SELECT timezone FROM wheelhouse.accounts WHERE account_id = @account;

-- name: lock_zone
-- The row is locked, so that a change of the zone waits for this transaction.
SELECT timezone FROM wheelhouse.accounts WHERE account_id = @account FOR SHARE;
