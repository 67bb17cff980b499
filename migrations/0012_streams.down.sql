DROP TABLE wheelhouse.streams;
