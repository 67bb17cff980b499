DROP TABLE wheelhouse.unknown_members;
