-- The list of streams, for SQL. The program's own list is in internal/stream; a test holds the two equal.
CREATE TABLE wheelhouse.streams (
    stream     text NOT NULL,
    position   smallint NOT NULL,
    grain      text NOT NULL,
    main_table text NOT NULL,
    one_day    boolean NOT NULL,
    PRIMARY KEY (stream)
);
COMMENT ON TABLE wheelhouse.streams IS
    'What Wheelhouse loads. Grain: one row for each stream, that is for each API endpoint and the tables it fills. Key: stream. Written by migrations only.';
COMMENT ON COLUMN wheelhouse.streams.stream     IS 'Name of the stream, as in wheelhouse.loads.stream.';
COMMENT ON COLUMN wheelhouse.streams.position   IS '1, 2, 3, … in the order in which a run takes the streams.';
COMMENT ON COLUMN wheelhouse.streams.grain      IS 'What one answer is about: events (things that happened in the window), daily (sums over the window, which is a day) or snapshot (everything there is at the moment of asking).';
COMMENT ON COLUMN wheelhouse.streams.main_table IS 'Table of schema crankwheel whose rows are the stream''s records.';
COMMENT ON COLUMN wheelhouse.streams.one_day    IS 'Whether only a load of exactly one day covers that day, because the answer holds sums over its window.';

INSERT INTO wheelhouse.streams (stream, position, grain, main_table, one_day) VALUES
    ('demo_usage',      1, 'events',   'demo_requests',     true),
    ('usage_new',       2, 'events',   'screen_sessions',   false),
    ('usage_shares',    3, 'daily',    'share_usage_daily', true),
    ('shares',          4, 'daily',    'shares',            true),
    ('share_visits',    5, 'events',   'share_visits',      false),
    ('share_details',   6, 'events',   'share_details',     false),
    ('user_access',     7, 'snapshot', 'users',             false),
    ('company_content', 8, 'snapshot', 'contents',          false);
