-- Rows with a value that the API does not document, for status: hardly any.
CREATE INDEX demo_requests_unknown ON crankwheel.demo_requests (account_id)
    WHERE availability_bucket NOT IN ('full_capacity', 'half_capacity', 'no_capacity') OR accepted_from NOT IN ('extension', 'email');
CREATE INDEX content_events_unknown ON crankwheel.content_events (account_id)
    WHERE name NOT IN ('started', 'paused', 'resumed', 'ended');
