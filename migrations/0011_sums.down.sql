-- Sums of sessions stay as they are: they hold without the others.
DROP VIEW bi.agent_monthly, bi.campaign_monthly, bi.share_monthly;
DROP FUNCTION bi.stretches(text, date, date);
DROP VIEW bi.summed_days, bi.request_hours, bi.video_daily, wheelhouse.days_stale;
DROP AGGREGATE bi.join_arrays(integer[]);
DROP TABLE wheelhouse.request_hours, wheelhouse.video_daily, wheelhouse.agent_monthly, wheelhouse.campaign_monthly, wheelhouse.share_monthly;
COMMENT ON TABLE wheelhouse.session_summaries IS
    'Of which days wheelhouse.session_daily holds the sums. Grain: one row for each account. Key: account_id.';
COMMENT ON TABLE wheelhouse.session_due IS
    'Stretches of time whose sessions a load changed since they were added up. Grain: one row for each load that wrote. Key: load_id. Written in the transaction of the load, taken away when the days are added up.';
COMMENT ON COLUMN wheelhouse.session_due.starts IS 'From the first to the last moment at which a session that it wrote may have begun.';
