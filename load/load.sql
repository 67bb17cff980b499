-- What a transaction that loads windows needs beside the statements that are made from the descriptions of the tables.

-- name: settings
-- For one transaction. If this process is stopped in the middle, the server ends it, so that another can take the window.
-- Rows are always looked up by their keys: the planner has no figures of staging tables, nor of tables that are being
-- filled, and would rather read all there is, or spend time on compiling.
SELECT set_config('idle_in_transaction_session_timeout', @idle, true), set_config('jit', 'off', true), set_config('enable_seqscan', 'off', true),
       set_config('bytea_output', 'hex', true), now();

-- name: mark_dirty
SELECT wheelhouse.mark_dirty(@account, @load, @times::timestamptz[], @days::text[]::date[]);
