-- The schema itself stays: golang-migrate's version table lives in it.
DROP TABLE wheelhouse.rejects, wheelhouse.leases, wheelhouse.loads, wheelhouse.runs, wheelhouse.accounts;
