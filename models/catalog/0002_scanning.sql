-- What the scanner learns beyond the first schema.

-- Albums of one family have one name and artist, or one release id, and stay
-- apart because their folders are copies of each other.
ALTER TABLE albums ADD COLUMN family {text} NOT NULL DEFAULT '';
UPDATE albums SET family = group_key;
CREATE INDEX albums_family ON albums (library_id, family);

-- The whole name as printed, such as "A feat. B", where that joins several
-- artists; the credit is the whole or a part of it.
ALTER TABLE song_artists ADD COLUMN joined {text} NOT NULL DEFAULT '';
CREATE INDEX song_artists_joined ON song_artists (joined) WHERE joined <> '';

-- Chapters that a file tells of itself, in their order; times in ms from the
-- beginning of the song.
CREATE TABLE chapters (
	song_id {int} NOT NULL,
	position {int} NOT NULL,
	start_at {int} NOT NULL,
	end_at {int} NOT NULL DEFAULT 0, -- 0: the next one's start, or the song's end
	title {text} NOT NULL DEFAULT '',
	PRIMARY KEY (song_id, position)
);

-- Songs that went missing after this time count together as one loss when a
-- scan asks whether so much may really be gone.
ALTER TABLE libraries ADD COLUMN guard_from {int} NOT NULL DEFAULT 0;

-- What a scan has read and keeps until it knows which rows the songs take.
CREATE TABLE scan_held (
	library_id {int} NOT NULL,
	position {int} NOT NULL,
	body {blob} NOT NULL,
	PRIMARY KEY (library_id, position)
);

-- Files within libraries that say what is no music of theirs, as last read:
-- their rules hold also for a scan that does not list them.
CREATE TABLE ignore_files (
	library_id {int} NOT NULL,
	object_key {blob} NOT NULL,
	version {text} NOT NULL,
	body {blob},
	PRIMARY KEY (library_id, object_key)
);

-- Cue sheets that lie beside music, by their version, and the names of the
-- files, one a line, that they cut into songs.
CREATE TABLE sheets (
	library_id {int} NOT NULL,
	object_key {blob} NOT NULL,
	version {text} NOT NULL,
	files {text} NOT NULL DEFAULT '',
	PRIMARY KEY (library_id, object_key)
);

-- Which sheet beside it an object was read with, by the song that is the
-- object as a whole.
CREATE TABLE song_sheets (
	song_id {int} PRIMARY KEY,
	version {text} NOT NULL
);

-- How songs that are parts of an object are cut out of it. whole_id is the
-- song that is the object as a whole, and hidden while there are parts.
CREATE TABLE cuts (
	song_id {int} PRIMARY KEY,
	whole_id {int} NOT NULL,
	kind {text} NOT NULL,
	head {blob} NOT NULL,
	from_byte {int} NOT NULL,
	to_byte {int} NOT NULL,
	first_frame {int} NOT NULL DEFAULT 0,
	frames {int} NOT NULL DEFAULT 0,
	size {int} NOT NULL,
	object_size {int} NOT NULL
);
CREATE INDEX cuts_whole ON cuts (whole_id);

-- Playlists that lie as files in libraries, as last read, and the lists that
-- they became. imported_at is the list's changed_at as the file left it: it
-- differs once a user has edited the list.
CREATE TABLE playlist_files (
	library_id {int} NOT NULL,
	object_key {blob} NOT NULL,
	version {text} NOT NULL,
	hash {text} NOT NULL,
	playlist_id {int} NOT NULL,
	imported_at {int} NOT NULL,
	PRIMARY KEY (library_id, object_key)
);
CREATE INDEX playlist_files_playlist ON playlist_files (playlist_id);

-- What a playlist's file said of an entry that no song was found for, whose
-- song_id is 0.
ALTER TABLE playlist_entries ADD COLUMN line {text} NOT NULL DEFAULT '';
CREATE INDEX playlist_entries_line ON playlist_entries (playlist_id, position) WHERE line <> '';

-- The folder from which the first songs of this one came while others were
-- still there: when the rest follows, both are one.
ALTER TABLE folders ADD COLUMN begun_by {int} NOT NULL DEFAULT 0;

-- Songs that credited one artist and, their tags corrected, credit another,
-- until the scan has ended.
CREATE TABLE artist_moves (
	library_id {int} NOT NULL,
	from_id {int} NOT NULL,
	to_id {int} NOT NULL,
	songs {int} NOT NULL,
	PRIMARY KEY (library_id, from_id, to_id)
);
