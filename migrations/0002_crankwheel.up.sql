-- What the API says, one row a fact. Main tables carry load_id, loaded_at and deleted_at, and lose no row;
-- daily tables are replaced day by day; child tables follow their parent's row.

CREATE SCHEMA crankwheel;
COMMENT ON SCHEMA crankwheel IS
    'What the CrankWheel API says, one row a fact, personal data unmasked and deleted rows included. Dashboards read bi instead.';

CREATE TABLE crankwheel.demo_requests (
    account_id          text NOT NULL,
    demo_id             bigint NOT NULL,
    started_at          timestamptz NOT NULL,
    last_event_at       timestamptz,
    availability_bucket text,
    answered            boolean NOT NULL,
    seconds_to_respond  integer,
    handled_by          text,
    call_confirmed      boolean,
    screenshared        boolean,
    accepted_from       text,
    prospect_name       text,
    prospect_email      text,
    prospect_phone      text,
    prospect_company    text,
    prospect_job_title  text,
    prospect_website    text,
    prospect_location   text,
    request_origin      text,
    origin_channel      text,
    utm_source          text,
    utm_medium          text,
    utm_campaign        text,
    utm_term            text,
    utm_content         text,
    extra               jsonb,
    load_id             bigint NOT NULL,
    loaded_at           timestamptz NOT NULL,
    deleted_at          timestamptz,
    PRIMARY KEY (account_id, demo_id)
);
CREATE INDEX demo_requests_started ON crankwheel.demo_requests (account_id, started_at);

COMMENT ON TABLE crankwheel.demo_requests IS
    'Instant Demo requests that were not cancelled, from demo_usage. Grain: one row a request. Key: account_id, demo_id.';
COMMENT ON COLUMN crankwheel.demo_requests.account_id          IS 'Which CrankWheel account: wheelhouse.accounts.account_id. "default" where only one account is configured.';
COMMENT ON COLUMN crankwheel.demo_requests.demo_id             IS 'CrankWheel''s number of the request, unique in its account.';
COMMENT ON COLUMN crankwheel.demo_requests.started_at          IS 'When the prospect asked for a demo.';
COMMENT ON COLUMN crankwheel.demo_requests.last_event_at       IS 'When anything last happened to the request. NULL when the API did not say.';
COMMENT ON COLUMN crankwheel.demo_requests.availability_bucket IS 'How much of the demo pool was free: full_capacity, half_capacity, no_capacity, or a newer value as sent. NULL when not sent.';
COMMENT ON COLUMN crankwheel.demo_requests.answered            IS 'True when an agent responded, that is when seconds_to_respond is a number.';
COMMENT ON COLUMN crankwheel.demo_requests.seconds_to_respond  IS 'Seconds from the request to the agent''s response. NULL: nobody responded.';
COMMENT ON COLUMN crankwheel.demo_requests.handled_by          IS 'E-mail address of the agent who responded, lower case. NULL: nobody.';
COMMENT ON COLUMN crankwheel.demo_requests.call_confirmed      IS 'Whether the call was confirmed. NULL: did not apply.';
COMMENT ON COLUMN crankwheel.demo_requests.screenshared        IS 'Whether a screen was shared. NULL: did not apply.';
COMMENT ON COLUMN crankwheel.demo_requests.accepted_from       IS 'Where the agent accepted it: extension, email, or a newer value as sent. NULL: did not apply.';
COMMENT ON COLUMN crankwheel.demo_requests.prospect_name       IS 'Personal: the prospect''s name as typed. NULL: not asked or left empty.';
COMMENT ON COLUMN crankwheel.demo_requests.prospect_email      IS 'Personal: the prospect''s e-mail address as typed. NULL: not asked or left empty.';
COMMENT ON COLUMN crankwheel.demo_requests.prospect_phone      IS 'Personal: the prospect''s telephone number as typed. NULL: not asked or left empty.';
COMMENT ON COLUMN crankwheel.demo_requests.prospect_company    IS 'Personal: the prospect''s company as typed. NULL: not asked or left empty.';
COMMENT ON COLUMN crankwheel.demo_requests.prospect_job_title  IS 'Personal: the prospect''s job title as typed. NULL: not asked or left empty.';
COMMENT ON COLUMN crankwheel.demo_requests.prospect_website    IS 'Personal: the prospect''s web site as typed. NULL: not asked or left empty.';
COMMENT ON COLUMN crankwheel.demo_requests.prospect_location   IS 'Personal: where CrankWheel takes the prospect to be ("Kopavogur, Iceland"). NULL: not known.';
COMMENT ON COLUMN crankwheel.demo_requests.request_origin      IS 'Address of the page or campaign link where the request was made, as sent; its parameters may be personal. NULL: not sent.';
COMMENT ON COLUMN crankwheel.demo_requests.origin_channel      IS 'email_campaign when the origin''s path is /ss/showu/<short name>, else website. NULL: no origin was sent.';
COMMENT ON COLUMN crankwheel.demo_requests.utm_source          IS 'The request''s utm_source as sent. NULL: none.';
COMMENT ON COLUMN crankwheel.demo_requests.utm_medium          IS 'The request''s utm_medium as sent. NULL: none.';
COMMENT ON COLUMN crankwheel.demo_requests.utm_campaign        IS 'The request''s utm_campaign as sent. NULL: none.';
COMMENT ON COLUMN crankwheel.demo_requests.utm_term            IS 'The request''s utm_term as sent. NULL: none.';
COMMENT ON COLUMN crankwheel.demo_requests.utm_content         IS 'The request''s utm_content as sent. NULL: none.';
COMMENT ON COLUMN crankwheel.demo_requests.extra               IS 'Keys of the answer that the pipeline does not know, as sent. NULL when there were none. May hold personal data.';
COMMENT ON COLUMN crankwheel.demo_requests.load_id             IS 'The wheelhouse.loads entry (its id) that last changed this row.';
COMMENT ON COLUMN crankwheel.demo_requests.loaded_at           IS 'When this row was last changed here. A load that brings the same facts again does not touch it.';
COMMENT ON COLUMN crankwheel.demo_requests.deleted_at          IS 'When a load of a window that holds this row no longer brought it. NULL: the row is live. bi leaves deleted rows out.';

CREATE TABLE crankwheel.demo_answers (
    account_id text NOT NULL,
    demo_id    bigint NOT NULL,
    question   text NOT NULL,
    answer     text,
    PRIMARY KEY (account_id, demo_id, question)
);

COMMENT ON TABLE crankwheel.demo_answers IS
    'Answers to an account''s own lead-capture questions, from demo_usage. Grain: one row for each question of a request that has no column in demo_requests. Key: account_id, demo_id, question. Follows its request.';
COMMENT ON COLUMN crankwheel.demo_answers.account_id IS 'Which CrankWheel account: wheelhouse.accounts.account_id. "default" where only one account is configured.';
COMMENT ON COLUMN crankwheel.demo_answers.demo_id    IS 'The request: crankwheel.demo_requests.demo_id.';
COMMENT ON COLUMN crankwheel.demo_answers.question   IS 'The question''s key as the account named it, without the prefix prospect-.';
COMMENT ON COLUMN crankwheel.demo_answers.answer     IS 'Personal: the answer as typed; JSON text when it was not a string. NULL: left empty.';

CREATE TABLE crankwheel.demo_cancellations_daily (
    account_id text NOT NULL,
    day        date NOT NULL,
    canceled   integer NOT NULL,
    load_id    bigint NOT NULL,
    loaded_at  timestamptz NOT NULL,
    PRIMARY KEY (account_id, day)
);

COMMENT ON TABLE crankwheel.demo_cancellations_daily IS
    'Cancelled Instant Demo requests, of which the API tells only the number, from demo_usage. Grain: one row for each loaded day, zeros included. Key: account_id, day. No row: the day is not loaded.';
COMMENT ON COLUMN crankwheel.demo_cancellations_daily.account_id IS 'Which CrankWheel account: wheelhouse.accounts.account_id. "default" where only one account is configured.';
COMMENT ON COLUMN crankwheel.demo_cancellations_daily.day        IS 'The day in the account''s reporting zone (wheelhouse.accounts.timezone).';
COMMENT ON COLUMN crankwheel.demo_cancellations_daily.canceled   IS 'Number of requests cancelled that day.';
COMMENT ON COLUMN crankwheel.demo_cancellations_daily.load_id    IS 'The wheelhouse.loads entry (its id) that last changed this row.';
COMMENT ON COLUMN crankwheel.demo_cancellations_daily.loaded_at  IS 'When this row was last changed here. A load that brings the same facts again does not touch it.';

-- session_id begins with the start in milliseconds: the key alone finds a stretch of time.
CREATE TABLE crankwheel.screen_sessions (
    account_id           text NOT NULL,
    session_id           uuid NOT NULL,
    agent_email          text NOT NULL,
    started_at           timestamptz NOT NULL,
    occurrence           smallint NOT NULL,
    ended_at             timestamptz,
    duration_seconds     integer,
    ended                boolean NOT NULL,
    max_viewers          integer,
    viewers              integer,
    viewer_locations     text[],
    rtc_seconds          integer,
    webcam_seconds       integer,
    recording_content_id bigint,
    recording_url        text,
    extra                jsonb,
    load_id              bigint NOT NULL,
    loaded_at            timestamptz NOT NULL,
    deleted_at           timestamptz,
    PRIMARY KEY (session_id, account_id)
);

COMMENT ON TABLE crankwheel.screen_sessions IS
    'Screen-share sessions, from usage_new. Grain: one row a session. Key: account_id, session_id; also account, agent, start and occurrence, from which the id is made.';
COMMENT ON COLUMN crankwheel.screen_sessions.account_id           IS 'Which CrankWheel account: wheelhouse.accounts.account_id. "default" where only one account is configured.';
COMMENT ON COLUMN crankwheel.screen_sessions.session_id           IS 'Made here (the API sends none): start in milliseconds, then a hash of account, agent and occurrence. The same session has the same id on every load, and ids sort by start. See wheelhouse.session_id.';
COMMENT ON COLUMN crankwheel.screen_sessions.agent_email          IS 'E-mail address of the agent who shared, lower case.';
COMMENT ON COLUMN crankwheel.screen_sessions.started_at           IS 'When sharing began.';
COMMENT ON COLUMN crankwheel.screen_sessions.occurrence           IS '1; or 2, 3, … for further sessions of one agent that start in the same second.';
COMMENT ON COLUMN crankwheel.screen_sessions.ended_at             IS 'When sharing ended. NULL: still running when last loaded.';
COMMENT ON COLUMN crankwheel.screen_sessions.duration_seconds     IS 'How long it lasted, in seconds, as the API says. NULL: not sent.';
COMMENT ON COLUMN crankwheel.screen_sessions.ended                IS 'False while the session was still running when last loaded.';
COMMENT ON COLUMN crankwheel.screen_sessions.max_viewers          IS 'Most viewers at one time. NULL: not sent.';
COMMENT ON COLUMN crankwheel.screen_sessions.viewers              IS 'Viewers altogether. NULL: not sent (answers before 2022).';
COMMENT ON COLUMN crankwheel.screen_sessions.viewer_locations     IS 'Where viewers were taken to be, as sent, unknown ones (*) left out. Empty: none known. NULL: not sent.';
COMMENT ON COLUMN crankwheel.screen_sessions.rtc_seconds          IS 'Seconds of real-time video. NULL: not sent.';
COMMENT ON COLUMN crankwheel.screen_sessions.webcam_seconds       IS 'Seconds with the web camera on. NULL: not sent.';
COMMENT ON COLUMN crankwheel.screen_sessions.recording_content_id IS 'The recording in the content library: crankwheel.contents.content_id. NULL: not recorded.';
COMMENT ON COLUMN crankwheel.screen_sessions.recording_url        IS 'Address of the recording, as sent. NULL: not recorded.';
COMMENT ON COLUMN crankwheel.screen_sessions.extra                IS 'Keys of the answer that the pipeline does not know, as sent. NULL when there were none. May hold personal data.';
COMMENT ON COLUMN crankwheel.screen_sessions.load_id              IS 'The wheelhouse.loads entry (its id) that last changed this row.';
COMMENT ON COLUMN crankwheel.screen_sessions.loaded_at            IS 'When this row was last changed here. A load that brings the same facts again does not touch it.';
COMMENT ON COLUMN crankwheel.screen_sessions.deleted_at           IS 'When a load of a window that holds this row no longer brought it. NULL: the row is live. bi leaves deleted rows out.';

CREATE TABLE crankwheel.screen_session_events (
    account_id   text NOT NULL,
    session_id   uuid NOT NULL,
    seq          integer NOT NULL,
    occurred_at  timestamptz NOT NULL,
    kind         text,
    agent_email  text,
    content_id   bigint,
    content_name text,
    content      text,
    extra        jsonb,
    PRIMARY KEY (session_id, account_id, seq)
);

COMMENT ON TABLE crankwheel.screen_session_events IS
    'What was shown in a screen-share session, from the logs of usage_new. Grain: one row an entry. Key: account_id, session_id, seq. Follows its session.';
COMMENT ON COLUMN crankwheel.screen_session_events.account_id   IS 'Which CrankWheel account: wheelhouse.accounts.account_id. "default" where only one account is configured.';
COMMENT ON COLUMN crankwheel.screen_session_events.session_id   IS 'The session: crankwheel.screen_sessions.session_id.';
COMMENT ON COLUMN crankwheel.screen_session_events.seq          IS '1, 2, 3, … in order of time within the session.';
COMMENT ON COLUMN crankwheel.screen_session_events.occurred_at  IS 'When it was shown.';
COMMENT ON COLUMN crankwheel.screen_session_events.kind         IS 'screen (the agent''s screen), projector (something of the content library), or another kind as sent. NULL: not sent.';
COMMENT ON COLUMN crankwheel.screen_session_events.agent_email  IS 'E-mail address in the entry, lower case. NULL: not sent.';
COMMENT ON COLUMN crankwheel.screen_session_events.content_id   IS 'What was shown: crankwheel.contents.content_id. NULL: no number before a | in content.';
COMMENT ON COLUMN crankwheel.screen_session_events.content_name IS 'Name of what was shown at that time. NULL: no number before a | in content.';
COMMENT ON COLUMN crankwheel.screen_session_events.content      IS 'The entry''s content as sent ("36|HLS recording"). NULL: empty, as it is for kind screen.';
COMMENT ON COLUMN crankwheel.screen_session_events.extra        IS 'Keys of the answer that the pipeline does not know, as sent. NULL when there were none. May hold personal data.';

CREATE TABLE crankwheel.share_usage_daily (
    account_id  text NOT NULL,
    day         date NOT NULL,
    agent_email text NOT NULL,
    agent_name  text,
    shares      integer NOT NULL,
    plays       integer NOT NULL,
    extra       jsonb,
    load_id     bigint NOT NULL,
    loaded_at   timestamptz NOT NULL,
    PRIMARY KEY (account_id, day, agent_email)
);

COMMENT ON TABLE crankwheel.share_usage_daily IS
    'Video sharing by agent, from usage_shares. Grain: one row for each day and agent with any figure above zero. Key: account_id, day, agent_email. No row on a loaded day: zeros.';
COMMENT ON COLUMN crankwheel.share_usage_daily.account_id  IS 'Which CrankWheel account: wheelhouse.accounts.account_id. "default" where only one account is configured.';
COMMENT ON COLUMN crankwheel.share_usage_daily.day         IS 'The day in the account''s reporting zone (wheelhouse.accounts.timezone).';
COMMENT ON COLUMN crankwheel.share_usage_daily.agent_email IS 'E-mail address of the agent, lower case.';
COMMENT ON COLUMN crankwheel.share_usage_daily.agent_name  IS 'The agent''s name as sent. NULL: not sent.';
COMMENT ON COLUMN crankwheel.share_usage_daily.shares      IS 'Video shares the agent created that day.';
COMMENT ON COLUMN crankwheel.share_usage_daily.plays       IS 'Plays that day of any share of the agent''s, whenever created.';
COMMENT ON COLUMN crankwheel.share_usage_daily.extra       IS 'Keys of the answer that the pipeline does not know, as sent. NULL when there were none. May hold personal data.';
COMMENT ON COLUMN crankwheel.share_usage_daily.load_id     IS 'The wheelhouse.loads entry (its id) that last changed this row.';
COMMENT ON COLUMN crankwheel.share_usage_daily.loaded_at   IS 'When this row was last changed here. A load that brings the same facts again does not touch it.';

CREATE TABLE crankwheel.shares (
    account_id         text NOT NULL,
    slug               text NOT NULL,
    content_id         bigint,
    content_name       text,
    created_at         timestamptz,
    created_by_email   text,
    created_by_name    text,
    segment            text,
    has_cta            boolean,
    content_runtime_ms bigint,
    extra              jsonb,
    load_id            bigint NOT NULL,
    loaded_at          timestamptz NOT NULL,
    deleted_at         timestamptz,
    PRIMARY KEY (account_id, slug)
);

COMMENT ON TABLE crankwheel.shares IS
    'Video shares (links to a video, each with its own figures), from company_content/shares. Grain: one row a share. Key: account_id, slug.';
COMMENT ON COLUMN crankwheel.shares.account_id         IS 'Which CrankWheel account: wheelhouse.accounts.account_id. "default" where only one account is configured.';
COMMENT ON COLUMN crankwheel.shares.slug               IS 'CrankWheel''s id of the share, the last part of its link.';
COMMENT ON COLUMN crankwheel.shares.content_id         IS 'The video that is shared: crankwheel.contents.content_id. NULL: not sent.';
COMMENT ON COLUMN crankwheel.shares.content_name       IS 'The video''s name as the share tells it. NULL: not sent.';
COMMENT ON COLUMN crankwheel.shares.created_at         IS 'When the share was created. NULL: not sent.';
COMMENT ON COLUMN crankwheel.shares.created_by_email   IS 'E-mail address of the agent who created it, lower case. NULL: not sent.';
COMMENT ON COLUMN crankwheel.shares.created_by_name    IS 'Name of the agent who created it. NULL: not sent.';
COMMENT ON COLUMN crankwheel.shares.segment            IS 'The segment that the agent gave it, as sent. NULL: none.';
COMMENT ON COLUMN crankwheel.shares.has_cta            IS 'Whether the share shows a call to action. NULL: not sent.';
COMMENT ON COLUMN crankwheel.shares.content_runtime_ms IS 'Length of the video in milliseconds, from the share''s detail. NULL: the detail was not read yet.';
COMMENT ON COLUMN crankwheel.shares.extra              IS 'Keys of the answer that the pipeline does not know, as sent. NULL when there were none. May hold personal data.';
COMMENT ON COLUMN crankwheel.shares.load_id            IS 'The wheelhouse.loads entry (its id) that last changed this row.';
COMMENT ON COLUMN crankwheel.shares.loaded_at          IS 'When this row was last changed here. A load that brings the same facts again does not touch it.';
COMMENT ON COLUMN crankwheel.shares.deleted_at         IS 'When a load of a window that holds this row no longer brought it. NULL: the row is live. bi leaves deleted rows out.';

CREATE TABLE crankwheel.share_engagement_daily (
    account_id          text NOT NULL,
    day                 date NOT NULL,
    slug                text NOT NULL,
    visits              integer,
    plays               integer,
    cta_clicks          integer,
    avg_percent_watched double precision,
    engagement_score    double precision,
    load_id             bigint NOT NULL,
    loaded_at           timestamptz NOT NULL,
    PRIMARY KEY (account_id, day, slug)
);

COMMENT ON TABLE crankwheel.share_engagement_daily IS
    'How a share did on a day, from company_content/shares asked day by day. Grain: one row for each day and share with a visit. Key: account_id, day, slug. No row on a loaded day: no visit.';
COMMENT ON COLUMN crankwheel.share_engagement_daily.account_id          IS 'Which CrankWheel account: wheelhouse.accounts.account_id. "default" where only one account is configured.';
COMMENT ON COLUMN crankwheel.share_engagement_daily.day                 IS 'The day in the account''s reporting zone (wheelhouse.accounts.timezone).';
COMMENT ON COLUMN crankwheel.share_engagement_daily.slug                IS 'The share: crankwheel.shares.slug.';
COMMENT ON COLUMN crankwheel.share_engagement_daily.visits              IS 'Visits to the share that day. Adds up over days.';
COMMENT ON COLUMN crankwheel.share_engagement_daily.plays               IS 'Plays of the video that day. Adds up over days.';
COMMENT ON COLUMN crankwheel.share_engagement_daily.cta_clicks          IS 'Clicks on the call to action that day. Adds up over days.';
COMMENT ON COLUMN crankwheel.share_engagement_daily.avg_percent_watched IS 'Part of the video watched on average that day, 0 to 1, as the API says. Does not add up. NULL: not sent.';
COMMENT ON COLUMN crankwheel.share_engagement_daily.engagement_score    IS 'CrankWheel''s engagement score (engagement_score_v1) of the day. Does not add up. NULL: not sent.';
COMMENT ON COLUMN crankwheel.share_engagement_daily.load_id             IS 'The wheelhouse.loads entry (its id) that last changed this row.';
COMMENT ON COLUMN crankwheel.share_engagement_daily.loaded_at           IS 'When this row was last changed here. A load that brings the same facts again does not touch it.';

CREATE TABLE crankwheel.share_visits (
    account_id         text NOT NULL,
    slug               text NOT NULL,
    visit_id           text NOT NULL,
    visited_at         timestamptz NOT NULL,
    played             boolean,
    percent_watched    double precision,
    watch_time_seconds double precision,
    cta_clicked        boolean,
    extra              jsonb,
    load_id            bigint NOT NULL,
    loaded_at          timestamptz NOT NULL,
    deleted_at         timestamptz,
    PRIMARY KEY (account_id, slug, visit_id)
);
CREATE INDEX share_visits_visited ON crankwheel.share_visits (account_id, visited_at);

COMMENT ON TABLE crankwheel.share_visits IS
    'Visits to video shares, from company_content/shares/<slug>. Grain: one row a visit. Key: account_id, slug, visit_id. Visitors are anonymous.';
COMMENT ON COLUMN crankwheel.share_visits.account_id         IS 'Which CrankWheel account: wheelhouse.accounts.account_id. "default" where only one account is configured.';
COMMENT ON COLUMN crankwheel.share_visits.slug               IS 'The share: crankwheel.shares.slug.';
COMMENT ON COLUMN crankwheel.share_visits.visit_id           IS 'CrankWheel''s id of the visit, unique within its share.';
COMMENT ON COLUMN crankwheel.share_visits.visited_at         IS 'When the visit began.';
COMMENT ON COLUMN crankwheel.share_visits.played             IS 'Whether the video was played. NULL: not sent.';
COMMENT ON COLUMN crankwheel.share_visits.percent_watched    IS 'Part of the video watched, 0 to 1. NULL: not sent.';
COMMENT ON COLUMN crankwheel.share_visits.watch_time_seconds IS 'Seconds of video watched. NULL: not sent.';
COMMENT ON COLUMN crankwheel.share_visits.cta_clicked        IS 'Whether the call to action was clicked. NULL: not sent.';
COMMENT ON COLUMN crankwheel.share_visits.extra              IS 'Keys of the answer that the pipeline does not know, as sent. NULL when there were none. May hold personal data.';
COMMENT ON COLUMN crankwheel.share_visits.load_id            IS 'The wheelhouse.loads entry (its id) that last changed this row.';
COMMENT ON COLUMN crankwheel.share_visits.loaded_at          IS 'When this row was last changed here. A load that brings the same facts again does not touch it.';
COMMENT ON COLUMN crankwheel.share_visits.deleted_at         IS 'When a load of a window that holds this row no longer brought it. NULL: the row is live. bi leaves deleted rows out.';

CREATE TABLE crankwheel.share_details (
    account_id              text NOT NULL,
    slug                    text NOT NULL,
    created_at              timestamptz NOT NULL,
    customer_account_id     text,
    content_created_by      text,
    content_recorded_at     timestamptz,
    content_runtime_seconds integer,
    video_url               text,
    access_sharing_enabled  boolean,
    extra                   jsonb,
    load_id                 bigint NOT NULL,
    loaded_at               timestamptz NOT NULL,
    deleted_at              timestamptz,
    PRIMARY KEY (account_id, slug)
);
CREATE INDEX share_details_created ON crankwheel.share_details (account_id, created_at);

COMMENT ON TABLE crankwheel.share_details IS
    'Video shares with their account in the customer''s CRM, from share_details. Grain: one row a share. Key: account_id, slug. Selected by the share''s creation.';
COMMENT ON COLUMN crankwheel.share_details.account_id              IS 'Which CrankWheel account: wheelhouse.accounts.account_id. "default" where only one account is configured.';
COMMENT ON COLUMN crankwheel.share_details.slug                    IS 'The share: crankwheel.shares.slug.';
COMMENT ON COLUMN crankwheel.share_details.created_at              IS 'When the share was created.';
COMMENT ON COLUMN crankwheel.share_details.customer_account_id     IS 'Id of the customer''s account in the CRM, as the agent entered it. NULL: none.';
COMMENT ON COLUMN crankwheel.share_details.content_created_by      IS 'E-mail address of the agent who made the video, lower case. NULL: not sent.';
COMMENT ON COLUMN crankwheel.share_details.content_recorded_at     IS 'When the video was recorded. NULL: not sent.';
COMMENT ON COLUMN crankwheel.share_details.content_runtime_seconds IS 'Length of the video in seconds. NULL: not sent.';
COMMENT ON COLUMN crankwheel.share_details.video_url               IS 'The link that a prospect is given: whoever has it sees the video. NULL: not sent.';
COMMENT ON COLUMN crankwheel.share_details.access_sharing_enabled  IS 'Whether the link is open. NULL: not sent.';
COMMENT ON COLUMN crankwheel.share_details.extra                   IS 'Keys of the answer that the pipeline does not know, as sent. NULL when there were none. May hold personal data.';
COMMENT ON COLUMN crankwheel.share_details.load_id                 IS 'The wheelhouse.loads entry (its id) that last changed this row.';
COMMENT ON COLUMN crankwheel.share_details.loaded_at               IS 'When this row was last changed here. A load that brings the same facts again does not touch it.';
COMMENT ON COLUMN crankwheel.share_details.deleted_at              IS 'When a load of a window that holds this row no longer brought it. NULL: the row is live. bi leaves deleted rows out.';

CREATE TABLE crankwheel.users (
    account_id   text NOT NULL,
    email        text NOT NULL,
    privilege    text,
    in_demo_pool boolean NOT NULL,
    extra        jsonb,
    load_id      bigint NOT NULL,
    loaded_at    timestamptz NOT NULL,
    deleted_at   timestamptz,
    PRIMARY KEY (account_id, email)
);

COMMENT ON TABLE crankwheel.users IS
    'The account''s users, from user_access. A snapshot: who is missing from a later one gets deleted_at. Grain: one row a user. Key: account_id, email.';
COMMENT ON COLUMN crankwheel.users.account_id   IS 'Which CrankWheel account: wheelhouse.accounts.account_id. "default" where only one account is configured.';
COMMENT ON COLUMN crankwheel.users.email        IS 'E-mail address of the user, lower case.';
COMMENT ON COLUMN crankwheel.users.privilege    IS 'user, admin, owner, reporting, or a newer value as sent. NULL: not sent.';
COMMENT ON COLUMN crankwheel.users.in_demo_pool IS 'Whether the user receives Instant Demo requests.';
COMMENT ON COLUMN crankwheel.users.extra        IS 'Keys of the answer that the pipeline does not know, as sent. NULL when there were none. May hold personal data.';
COMMENT ON COLUMN crankwheel.users.load_id      IS 'The wheelhouse.loads entry (its id) that last changed this row.';
COMMENT ON COLUMN crankwheel.users.loaded_at    IS 'When this row was last changed here. A load that brings the same facts again does not touch it.';
COMMENT ON COLUMN crankwheel.users.deleted_at   IS 'When a load of a window that holds this row no longer brought it. NULL: the row is live. bi leaves deleted rows out.';

CREATE TABLE crankwheel.contents (
    account_id  text NOT NULL,
    content_id  bigint NOT NULL,
    name        text,
    type        text,
    state       text,
    created_by  text,
    recorded_at timestamptz,
    runtime_ms  bigint,
    tag         text,
    url         text,
    view        text NOT NULL,
    extra       jsonb,
    load_id     bigint NOT NULL,
    loaded_at   timestamptz NOT NULL,
    deleted_at  timestamptz,
    PRIMARY KEY (account_id, content_id)
);

COMMENT ON TABLE crankwheel.contents IS
    'The content library, from company_content (active and soft_deleted). A snapshot: what is missing from a later one gets deleted_at. Grain: one row an item. Key: account_id, content_id.';
COMMENT ON COLUMN crankwheel.contents.account_id  IS 'Which CrankWheel account: wheelhouse.accounts.account_id. "default" where only one account is configured.';
COMMENT ON COLUMN crankwheel.contents.content_id  IS 'CrankWheel''s number of the item, unique in its account.';
COMMENT ON COLUMN crankwheel.contents.name        IS 'Its name. NULL: not sent.';
COMMENT ON COLUMN crankwheel.contents.type        IS 'upload, recording, redirect, cta, video, or a newer value as sent. NULL: not sent.';
COMMENT ON COLUMN crankwheel.contents.state       IS 'created, processing, ready, or a newer value as sent. NULL: none sent.';
COMMENT ON COLUMN crankwheel.contents.created_by  IS 'E-mail address of the user who made it, lower case. NULL: nobody is named.';
COMMENT ON COLUMN crankwheel.contents.recorded_at IS 'When it was recorded. NULL: not a recording, or not sent.';
COMMENT ON COLUMN crankwheel.contents.runtime_ms  IS 'Length in milliseconds. NULL: not sent.';
COMMENT ON COLUMN crankwheel.contents.tag         IS 'Its tag as sent. NULL: none.';
COMMENT ON COLUMN crankwheel.contents.url         IS 'Where it leads, as sent. NULL: none.';
COMMENT ON COLUMN crankwheel.contents.view        IS 'active, or soft_deleted: in CrankWheel''s own bin, from which it may come back.';
COMMENT ON COLUMN crankwheel.contents.extra       IS 'Keys of the answer that the pipeline does not know, as sent. NULL when there were none. May hold personal data.';
COMMENT ON COLUMN crankwheel.contents.load_id     IS 'The wheelhouse.loads entry (its id) that last changed this row.';
COMMENT ON COLUMN crankwheel.contents.loaded_at   IS 'When this row was last changed here. A load that brings the same facts again does not touch it.';
COMMENT ON COLUMN crankwheel.contents.deleted_at  IS 'When a load of a window that holds this row no longer brought it. NULL: the row is live. bi leaves deleted rows out.';

CREATE TABLE crankwheel.content_events (
    account_id text NOT NULL,
    content_id bigint NOT NULL,
    seq        integer NOT NULL,
    name       text,
    at_ms      bigint,
    extra      jsonb,
    PRIMARY KEY (account_id, content_id, seq)
);

COMMENT ON TABLE crankwheel.content_events IS
    'Marks on the time line of a recording, from company_content. Grain: one row a mark. Key: account_id, content_id, seq. Follows its item.';
COMMENT ON COLUMN crankwheel.content_events.account_id IS 'Which CrankWheel account: wheelhouse.accounts.account_id. "default" where only one account is configured.';
COMMENT ON COLUMN crankwheel.content_events.content_id IS 'The item: crankwheel.contents.content_id.';
COMMENT ON COLUMN crankwheel.content_events.seq        IS '1, 2, 3, … in the order sent.';
COMMENT ON COLUMN crankwheel.content_events.name       IS 'started, paused, resumed, ended, or a newer value as sent. NULL: not sent.';
COMMENT ON COLUMN crankwheel.content_events.at_ms      IS 'Milliseconds from the start of the recording. NULL: not sent.';
COMMENT ON COLUMN crankwheel.content_events.extra      IS 'Keys of the answer that the pipeline does not know, as sent. NULL when there were none. May hold personal data.';

-- Not above any session_id of that moment or later (UUID version 8: 48 bits of milliseconds first),
-- so that the primary key alone finds a stretch of time. Moments outside 48 bits give the nearest end.
CREATE FUNCTION wheelhouse.session_floor(at timestamptz) RETURNS uuid
LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE
BEGIN ATOMIC
    SELECT (lpad(to_hex(least(greatest(floor(extract(epoch FROM at) * 1000), 0), 281474976710655)::bigint), 12, '0')
            || '00000000000000000000')::uuid;
END;
REVOKE ALL ON FUNCTION wheelhouse.session_floor(timestamptz) FROM PUBLIC;
COMMENT ON FUNCTION wheelhouse.session_floor(timestamptz) IS
    'A uuid not above the session_id of any session that starts at the given moment or later, and above all that start a millisecond or more before: session_id >= wheelhouse.session_floor(t) uses the primary key.';

-- A session's id: its start in milliseconds, then a hash of account, agent and occurrence.
-- transform.SessionID computes the same; a test holds the two together.
CREATE FUNCTION wheelhouse.session_id(account_id text, agent_email text, started_at timestamptz, occurrence integer) RETURNS uuid
LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE
BEGIN ATOMIC
    SELECT encode(
        decode(lpad(to_hex(floor(extract(epoch FROM started_at) * 1000)::bigint), 12, '0'), 'hex')
        || set_byte(set_byte(h, 0, get_byte(h, 0) & 15 | 128), 2, get_byte(h, 2) & 63 | 128), 'hex')::uuid
    FROM (SELECT substring(sha256(
              convert_to(account_id, 'UTF8') || '\x00' || convert_to(agent_email, 'UTF8') || '\x00' || convert_to(occurrence::text, 'UTF8')
          ) FROM 1 FOR 10) AS h) digest;
END;
REVOKE ALL ON FUNCTION wheelhouse.session_id(text, text, timestamptz, integer) FROM PUBLIC;
COMMENT ON FUNCTION wheelhouse.session_id(text, text, timestamptz, integer) IS
    'Makes crankwheel.screen_sessions.session_id (UUID version 8) of account, agent (lower case), start and occurrence.';
