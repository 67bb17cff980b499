-- An answer's hash is another since this version.
COMMENT ON COLUMN wheelhouse.loads.answer_hash IS
    'Version of the normaliser and XXH3 (128 bits) of the answer as it came, where one answer was the whole window. NULL: asked for in parts or pages, or its totals do not add up.';
