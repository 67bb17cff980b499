DROP INDEX crankwheel.content_events_unknown;
DROP INDEX crankwheel.demo_requests_unknown;
