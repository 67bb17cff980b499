-- Members that the program does not know are not loaded. Their names are kept, because they show that the API has something new.
CREATE TABLE wheelhouse.unknown_members (
    load_id    bigint PRIMARY KEY REFERENCES wheelhouse.loads (id),
    account_id text   NOT NULL,
    stream     text   NOT NULL,
    members    text[] NOT NULL
);
CREATE INDEX unknown_members_stream ON wheelhouse.unknown_members (account_id, stream);

COMMENT ON TABLE wheelhouse.unknown_members IS
    'Members of the API''s answers, beside the records, that the program does not know and therefore does not load. Grain: one row for each load whose answers had such members. Key: load_id.';
COMMENT ON COLUMN wheelhouse.unknown_members.load_id    IS 'The load: wheelhouse.loads.id.';
COMMENT ON COLUMN wheelhouse.unknown_members.account_id IS 'Which CrankWheel account: wheelhouse.accounts.account_id. "default" where only one account is configured.';
COMMENT ON COLUMN wheelhouse.unknown_members.stream     IS 'Name of the stream; see wheelhouse.streams.';
COMMENT ON COLUMN wheelhouse.unknown_members.members    IS 'Names of up to 20 members, without their values. A name that may be a personal value is an ellipsis.';
