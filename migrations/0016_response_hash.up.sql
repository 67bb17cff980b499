-- response_hash becomes the hash of the answer. The hash of the rows goes: nothing was decided by it.
DROP FUNCTION wheelhouse.loads_over(text, text, tstzrange); -- it returns all columns, and is created again below
ALTER TABLE wheelhouse.loads DROP COLUMN response_hash;
ALTER TABLE wheelhouse.loads RENAME COLUMN answer_hash TO response_hash;

COMMENT ON COLUMN wheelhouse.loads.response_hash IS 'Version of the code that makes rows of an answer, then the 128-bit XXH3 hash of the answer''s unpacked body, if one answer was the whole window. NULL: the window took several answers or is not reconciled, or the stream is not usage_new.';
COMMENT ON COLUMN wheelhouse.loads.stream     IS 'Name of the stream; see wheelhouse.streams.';
COMMENT ON COLUMN bi.loads.stream             IS 'Name of the stream; see bi.streams.';
COMMENT ON COLUMN bi.coverage.stream          IS 'Name of the stream; see bi.streams.';

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
