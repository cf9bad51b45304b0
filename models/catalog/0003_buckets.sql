-- What libraries in buckets need.

-- What an administrator sets of a library, as JSON (models.LibrarySettings).
ALTER TABLE libraries ADD COLUMN settings {text} NOT NULL DEFAULT '';

-- What was asked of a library's store, by day (UTC, days since 1970) and
-- purpose: scan, play or other.
CREATE TABLE usage (
	library_id {int} NOT NULL,
	day {int} NOT NULL,
	purpose {text} NOT NULL,
	lists {int} NOT NULL DEFAULT 0,
	heads {int} NOT NULL DEFAULT 0,
	gets {int} NOT NULL DEFAULT 0,
	bytes {int} NOT NULL DEFAULT 0,
	throttled {int} NOT NULL DEFAULT 0,
	PRIMARY KEY (library_id, day, purpose)
);

-- What lets a library's events in: the SHA-256 of a secret that its provider
-- shows; NULL lets none in.
ALTER TABLE libraries ADD COLUMN hook {blob};
