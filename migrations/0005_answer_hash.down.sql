ALTER TABLE wheelhouse.loads DROP COLUMN answer_hash;
