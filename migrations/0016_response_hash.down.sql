DROP FUNCTION wheelhouse.loads_over(text, text, tstzrange);
ALTER TABLE wheelhouse.loads RENAME COLUMN response_hash TO answer_hash;
ALTER TABLE wheelhouse.loads ADD COLUMN response_hash bytea;

COMMENT ON COLUMN wheelhouse.loads.response_hash IS 'Hash of the normalised answer: equal for equal rows, whatever their order.';
COMMENT ON COLUMN wheelhouse.loads.stream     IS 'demo_usage, usage_new, usage_shares, shares, share_visits, share_details, user_access or company_content.';
COMMENT ON COLUMN bi.loads.stream             IS 'demo_usage, usage_new, usage_shares, shares, share_visits, share_details, user_access or company_content.';
COMMENT ON COLUMN bi.coverage.stream          IS 'demo_usage, usage_new, usage_shares, shares, share_visits, share_details, user_access or company_content.';

CREATE FUNCTION wheelhouse.loads_over(of_account text, of_stream text, stretch tstzrange) RETURNS SETOF wheelhouse.loads
LANGUAGE sql STABLE PARALLEL SAFE
BEGIN ATOMIC
    SELECT l.*
    FROM wheelhouse.loads l
    WHERE l.account_id = of_account AND l.stream = of_stream AND l.span && stretch
      AND lower(l.span) < upper(stretch)
      AND lower(l.span) >= lower(stretch) - (SELECT extract(epoch FROM max(upper(o.span) - lower(o.span))) * interval '1 second'
                                             FROM wheelhouse.loads o WHERE o.account_id = of_account AND o.stream = of_stream);
END;
COMMENT ON FUNCTION wheelhouse.loads_over(text, text, tstzrange) IS
    'The loads of a stream of an account whose windows overlap an interval, found by the index loads_window.';

REVOKE ALL ON FUNCTION wheelhouse.loads_over(text, text, tstzrange) FROM PUBLIC;
