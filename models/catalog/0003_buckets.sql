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

-- Which song a line of a playlist's file was found to name: it still does when
-- the song has moved and the file, changed elsewhere, names its old place.
CREATE TABLE playlist_lines (
	playlist_id {int} NOT NULL,
	line {text} NOT NULL,
	song_id {int} NOT NULL,
	PRIMARY KEY (playlist_id, line)
);
CREATE INDEX playlist_lines_song ON playlist_lines (song_id);

-- A purge and a song that takes another's row look for the queues that it is in.
CREATE INDEX queue_entries_song ON queue_entries (song_id);
-- Copies: one album in several libraries.

-- Which albums are shown once: whoever reads library_id wholly sees copy_id,
-- which lies there, holds every song of album_id and is preferred to it, in
-- lists instead of album_id.
CREATE TABLE album_copies (
	album_id {int} NOT NULL,
	library_id {int} NOT NULL,
	copy_id {int} NOT NULL,
	PRIMARY KEY (album_id, library_id)
);
CREATE INDEX album_copies_copy ON album_copies (copy_id);

-- The key that an album's stars, ratings and counts hang on: its own, or that
-- of a copy.
ALTER TABLE albums ADD COLUMN annot_id {int} NOT NULL DEFAULT 0;
UPDATE albums SET annot_id = id;
CREATE INDEX albums_annot ON albums (annot_id);
CREATE INDEX albums_search ON albums (search, artist_sort);
CREATE INDEX albums_release ON albums (release_id) WHERE release_id <> '';
CREATE INDEX songs_copy ON songs (copy_of) WHERE copy_of <> 0;

-- Albums that changed since copies were settled.
CREATE TABLE copy_due (
	album_id {int} PRIMARY KEY
);
-- What a scan asked of its library's store, by what providers price, and how
-- many objects it found archived. requests is lists, heads and gets together.
ALTER TABLE scan_runs ADD COLUMN lists {int} NOT NULL DEFAULT 0;
ALTER TABLE scan_runs ADD COLUMN heads {int} NOT NULL DEFAULT 0;
ALTER TABLE scan_runs ADD COLUMN gets {int} NOT NULL DEFAULT 0;
ALTER TABLE scan_runs ADD COLUMN throttled {int} NOT NULL DEFAULT 0;
ALTER TABLE scan_runs ADD COLUMN archived {int} NOT NULL DEFAULT 0;

-- 1 while the song's object must be restored in its store before it can be
-- read.
ALTER TABLE songs ADD COLUMN archived {int} NOT NULL DEFAULT 0;
