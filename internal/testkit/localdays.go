package testkit

// LocalDays is SQL for a test that writes rows by hand: a trigger computes their local_day and local_hour, as the loader does for the
// rows that it writes.
const LocalDays = `
CREATE FUNCTION public.local_days() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
	zone text := coalesce((SELECT timezone FROM wheelhouse.accounts WHERE account_id = NEW.account_id FOR SHARE), 'UTC');
BEGIN
	IF TG_TABLE_NAME = 'share_visits' THEN
		NEW.local_day := (NEW.visited_at AT TIME ZONE zone)::date;
	ELSIF TG_TABLE_NAME IN ('shares', 'share_details') THEN
		NEW.local_day := (NEW.created_at AT TIME ZONE zone)::date;
	ELSE
		NEW.local_day := (NEW.started_at AT TIME ZONE zone)::date;
	END IF;
	IF TG_TABLE_NAME = 'demo_requests' THEN
		NEW.local_hour := extract(hour FROM NEW.started_at AT TIME ZONE zone);
	END IF;
	RETURN NEW;
END $$;
CREATE TRIGGER local_days BEFORE INSERT OR UPDATE OF started_at ON crankwheel.demo_requests FOR EACH ROW EXECUTE FUNCTION public.local_days();
CREATE TRIGGER local_days BEFORE INSERT OR UPDATE OF started_at ON crankwheel.screen_sessions FOR EACH ROW EXECUTE FUNCTION public.local_days();
CREATE TRIGGER local_days BEFORE INSERT OR UPDATE OF created_at ON crankwheel.shares FOR EACH ROW EXECUTE FUNCTION public.local_days();
CREATE TRIGGER local_days BEFORE INSERT OR UPDATE OF created_at ON crankwheel.share_details FOR EACH ROW EXECUTE FUNCTION public.local_days();
CREATE TRIGGER local_days BEFORE INSERT OR UPDATE OF visited_at ON crankwheel.share_visits FOR EACH ROW EXECUTE FUNCTION public.local_days();
`
