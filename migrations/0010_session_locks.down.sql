DROP TABLE wheelhouse.session_locks;
