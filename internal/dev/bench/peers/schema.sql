-- The tables that peers load into, with the columns, keys and indexes of the warehouse.
CREATE SCHEMA peer;

CREATE TABLE peer.screen_sessions (LIKE crankwheel.screen_sessions INCLUDING INDEXES);
CREATE TABLE peer.screen_session_events (LIKE crankwheel.screen_session_events INCLUDING INDEXES);

-- Columns that a hand-written pipeline does not fill.
ALTER TABLE peer.screen_sessions
    ALTER account_id SET DEFAULT 'default',
    ALTER occurrence SET DEFAULT 1,
    ALTER load_id    SET DEFAULT 0,
    ALTER loaded_at  SET DEFAULT now();
ALTER TABLE peer.screen_session_events
    ALTER account_id SET DEFAULT 'default';
