-- The whole data model. {text}, {blob} and {int} stand for the engine's own
-- types: on PostgreSQL every text is COLLATE "C" so that both engines sort
-- alike. Times are Unix milliseconds, file times Unix nanoseconds, ids the
-- numbers behind the wire's ids. There are no foreign keys: what users attach
-- to a song outlives the song.

CREATE TABLE settings (
	name {text} PRIMARY KEY,
	value {text} NOT NULL
);

CREATE TABLE users (
	id {int} PRIMARY KEY,
	name {text} NOT NULL,
	name_fold {text} NOT NULL UNIQUE,
	email {text} NOT NULL DEFAULT '',
	password_hash {text} NOT NULL DEFAULT '',
	sealed {blob},
	admin_role {int} NOT NULL DEFAULT 0,
	settings_role {int} NOT NULL DEFAULT 1,
	stream_role {int} NOT NULL DEFAULT 1,
	download_role {int} NOT NULL DEFAULT 0,
	upload_role {int} NOT NULL DEFAULT 0,
	playlist_role {int} NOT NULL DEFAULT 0,
	cover_art_role {int} NOT NULL DEFAULT 0,
	comment_role {int} NOT NULL DEFAULT 0,
	podcast_role {int} NOT NULL DEFAULT 0,
	jukebox_role {int} NOT NULL DEFAULT 0,
	share_role {int} NOT NULL DEFAULT 0,
	video_role {int} NOT NULL DEFAULT 0,
	scrobbling {int} NOT NULL DEFAULT 1,
	max_bit_rate {int} NOT NULL DEFAULT 0,
	all_libraries {int} NOT NULL DEFAULT 1,
	avatar {blob},
	avatar_type {text} NOT NULL DEFAULT '',
	avatar_at {int} NOT NULL DEFAULT 0,
	version {int} NOT NULL DEFAULT 1,
	created_at {int} NOT NULL,
	removed_at {int} NOT NULL DEFAULT 0
);

CREATE TABLE credentials (
	id {int} PRIMARY KEY,
	user_id {int} NOT NULL,
	name {text} NOT NULL,
	hash {blob} NOT NULL UNIQUE,
	sealed {blob},
	scope {text} NOT NULL,
	library_id {int} NOT NULL DEFAULT 0,
	created_at {int} NOT NULL,
	last_used_at {int} NOT NULL DEFAULT 0,
	revoked_at {int} NOT NULL DEFAULT 0
);
CREATE INDEX credentials_user ON credentials (user_id);

CREATE TABLE sessions (
	hash {blob} PRIMARY KEY,
	user_id {int} NOT NULL,
	created_at {int} NOT NULL,
	expires_at {int} NOT NULL
);

CREATE TABLE libraries (
	id {int} PRIMARY KEY,
	name {text} NOT NULL,
	location {text} NOT NULL,
	secret {blob},
	kind {text} NOT NULL,
	owner_id {int} NOT NULL DEFAULT 0,
	quota {int} NOT NULL DEFAULT 0,
	config {int} NOT NULL DEFAULT 0,
	alarm {text} NOT NULL DEFAULT '',
	created_at {int} NOT NULL,
	scanned_at {int} NOT NULL DEFAULT 0,
	changed_at {int} NOT NULL DEFAULT 0,
	removed_at {int} NOT NULL DEFAULT 0
);

-- scope_kind is library, album, artist or playlist; right_name is read,
-- upload or manage.
CREATE TABLE access (
	id {int} PRIMARY KEY,
	user_id {int} NOT NULL,
	scope_kind {text} NOT NULL,
	scope_id {int} NOT NULL,
	right_name {text} NOT NULL,
	created_at {int} NOT NULL,
	UNIQUE (user_id, scope_kind, scope_id, right_name)
);
CREATE TABLE granted_songs (
	user_id {int} NOT NULL,
	song_id {int} NOT NULL,
	PRIMARY KEY (user_id, song_id)
);

CREATE TABLE folders (
	id {int} PRIMARY KEY,
	library_id {int} NOT NULL,
	parent_id {int} NOT NULL,
	path {blob} NOT NULL,
	name {text} NOT NULL,
	name_sort {text} NOT NULL,
	created_at {int} NOT NULL,
	missing_at {int} NOT NULL DEFAULT 0,
	cover_version {text} NOT NULL DEFAULT '',
	songs {int} NOT NULL DEFAULT 0,
	UNIQUE (library_id, path)
);
CREATE INDEX folders_parent ON folders (parent_id, name_sort, id);

CREATE TABLE songs (
	id {int} PRIMARY KEY,
	library_id {int} NOT NULL,
	object_key {blob} NOT NULL,
	part {int} NOT NULL DEFAULT 0,
	folder_id {int} NOT NULL,
	album_id {int} NOT NULL,
	annot_id {int} NOT NULL,
	copy_of {int} NOT NULL DEFAULT 0,
	size {int} NOT NULL,
	mtime {int} NOT NULL,
	etag {text} NOT NULL DEFAULT '',
	reader {int} NOT NULL,
	identity {text} NOT NULL DEFAULT '',
	created_at {int} NOT NULL,
	missing_at {int} NOT NULL DEFAULT 0,
	title {text} NOT NULL,
	title_sort {text} NOT NULL,
	search {text} NOT NULL,
	disc {int} NOT NULL DEFAULT 1, -- to sort by: 1 where the tags tell none
	track {int} NOT NULL DEFAULT 0,
	year {int} NOT NULL DEFAULT 0,
	duration {int} NOT NULL DEFAULT 0,
	recording_id {text} NOT NULL DEFAULT '',
	card {blob} NOT NULL,
	UNIQUE (library_id, object_key, part)
);
CREATE INDEX songs_album ON songs (album_id, disc, track, title_sort, id);
CREATE INDEX songs_folder ON songs (folder_id, missing_at);
CREATE INDEX songs_identity ON songs (library_id, identity, part, missing_at);
CREATE INDEX songs_order ON songs (library_id, missing_at, title_sort, id);
CREATE INDEX songs_created ON songs (library_id, missing_at, created_at);
CREATE INDEX songs_annot ON songs (annot_id);
CREATE INDEX songs_title ON songs (search);
CREATE INDEX songs_year ON songs (library_id, missing_at, year);

CREATE TABLE albums (
	id {int} PRIMARY KEY,
	library_id {int} NOT NULL,
	folder_id {int} NOT NULL,
	group_key {text} NOT NULL,
	name {text} NOT NULL,
	name_sort {text} NOT NULL,
	artist {text} NOT NULL DEFAULT '',
	artist_sort {text} NOT NULL DEFAULT '',
	search {text} NOT NULL,
	year {int} NOT NULL DEFAULT 0,
	created_at {int} NOT NULL,
	songs {int} NOT NULL DEFAULT 0,
	duration {int} NOT NULL DEFAULT 0,
	release_id {text} NOT NULL DEFAULT '',
	release_group_id {text} NOT NULL DEFAULT '',
	card {blob} NOT NULL,
	UNIQUE (library_id, group_key)
);
CREATE INDEX albums_name ON albums (library_id, songs, name_sort, id);
CREATE INDEX albums_artist ON albums (library_id, songs, artist_sort, name_sort, id);
CREATE INDEX albums_created ON albums (library_id, songs, created_at, id);
CREATE INDEX albums_year ON albums (library_id, songs, year, name_sort, id);

-- Old ids of rows that were merged into others; both kinds share the table.
CREATE TABLE aliases (
	kind {text} NOT NULL,
	old_id {int} NOT NULL,
	new_id {int} NOT NULL,
	PRIMARY KEY (kind, old_id)
);

CREATE TABLE artists (
	id {int} PRIMARY KEY,
	name {text} NOT NULL,
	name_fold {text} NOT NULL,
	sort {text} NOT NULL DEFAULT '',
	name_sort {text} NOT NULL,
	search {text} NOT NULL,
	artist_id {text} NOT NULL DEFAULT '',
	created_at {int} NOT NULL,
	cover_version {text} NOT NULL DEFAULT '',
	cover_album_id {int} NOT NULL DEFAULT 0
);
CREATE INDEX artists_fold ON artists (name_fold);
CREATE INDEX artists_mbid ON artists (artist_id);

CREATE TABLE song_artists (
	song_id {int} NOT NULL,
	role {text} NOT NULL,
	position {int} NOT NULL,
	artist_id {int} NOT NULL,
	sub_role {text} NOT NULL DEFAULT '',
	credit {text} NOT NULL,
	PRIMARY KEY (song_id, role, position)
);
CREATE INDEX song_artists_artist ON song_artists (artist_id, role, song_id);

CREATE TABLE album_artists (
	album_id {int} NOT NULL,
	role {text} NOT NULL,
	position {int} NOT NULL,
	artist_id {int} NOT NULL,
	credit {text} NOT NULL,
	PRIMARY KEY (album_id, role, position)
);
CREATE INDEX album_artists_artist ON album_artists (artist_id, role, album_id);

-- What a library holds of an artist: albums and songs in a role.
CREATE TABLE artist_counts (
	artist_id {int} NOT NULL,
	library_id {int} NOT NULL,
	role {text} NOT NULL,
	albums {int} NOT NULL,
	songs {int} NOT NULL,
	PRIMARY KEY (artist_id, library_id, role)
);
CREATE INDEX artist_counts_library ON artist_counts (library_id, role, artist_id);

CREATE TABLE genres (
	id {int} PRIMARY KEY,
	name {text} NOT NULL,
	fold {text} NOT NULL UNIQUE
);
CREATE TABLE song_genres (
	song_id {int} NOT NULL,
	position {int} NOT NULL,
	genre_id {int} NOT NULL,
	PRIMARY KEY (song_id, position)
);
CREATE INDEX song_genres_genre ON song_genres (genre_id, song_id);
CREATE TABLE genre_counts (
	genre_id {int} NOT NULL,
	library_id {int} NOT NULL,
	songs {int} NOT NULL,
	albums {int} NOT NULL,
	PRIMARY KEY (genre_id, library_id)
);

-- Where pictures come from. owner_kind and owner_id name what shows the
-- picture: an album, a disc of an album, a folder, an artist, a song or a
-- playlist; the best rank is shown. place is "file" or "embedded"; offset and
-- length lie within the object. hash is the content's, once it has been read.
CREATE TABLE pictures (
	id {int} PRIMARY KEY,
	owner_kind {text} NOT NULL,
	owner_id {int} NOT NULL,
	disc {int} NOT NULL DEFAULT 0,
	rank {int} NOT NULL,
	version {text} NOT NULL,
	library_id {int} NOT NULL,
	object_key {blob} NOT NULL,
	place {text} NOT NULL,
	mime {text} NOT NULL DEFAULT '',
	byte_offset {int} NOT NULL DEFAULT 0,
	byte_length {int} NOT NULL DEFAULT 0,
	encoding {text} NOT NULL DEFAULT '',
	picture_type {int} NOT NULL DEFAULT 0,
	hash {text} NOT NULL DEFAULT ''
);
CREATE INDEX pictures_owner ON pictures (owner_kind, owner_id, disc, rank);
CREATE INDEX pictures_object ON pictures (library_id, object_key);

-- Lyrics as read from the file (place embedded) or found beside it (place
-- file, then body is empty and object_key says where).
CREATE TABLE lyrics (
	id {int} PRIMARY KEY,
	song_id {int} NOT NULL,
	position {int} NOT NULL,
	place {text} NOT NULL,
	object_key {blob},
	lang {text} NOT NULL DEFAULT '',
	kind {text} NOT NULL DEFAULT 'main',
	synced {int} NOT NULL DEFAULT 0,
	body {text} NOT NULL DEFAULT ''
);
CREATE INDEX lyrics_song ON lyrics (song_id, position);

-- What one user attached to one item. kind is so, al, ar or fo; for songs
-- item_id is songs.annot_id. Play counts are derived from plays and kept here.
CREATE TABLE user_items (
	user_id {int} NOT NULL,
	kind {text} NOT NULL,
	item_id {int} NOT NULL,
	starred_at {int} NOT NULL DEFAULT 0,
	rating {int} NOT NULL DEFAULT 0,
	rated_at {int} NOT NULL DEFAULT 0,
	play_count {int} NOT NULL DEFAULT 0,
	played_at {int} NOT NULL DEFAULT 0,
	PRIMARY KEY (user_id, kind, item_id)
);
CREATE INDEX user_items_rated ON user_items (kind, item_id) WHERE rating > 0;
CREATE INDEX user_items_starred ON user_items (user_id, kind, starred_at) WHERE starred_at > 0;
CREATE INDEX user_items_played ON user_items (user_id, kind, played_at);

-- The mean of all users' ratings, kept so that lists need not compute it.
CREATE TABLE ratings (
	kind {text} NOT NULL,
	item_id {int} NOT NULL,
	total {int} NOT NULL,
	votes {int} NOT NULL,
	PRIMARY KEY (kind, item_id)
);

-- The ledger: append-only. played_at and player make a play unique.
CREATE TABLE plays (
	id {int} PRIMARY KEY,
	user_id {int} NOT NULL,
	annot_id {int} NOT NULL,
	song_id {int},
	album_id {int} NOT NULL DEFAULT 0,
	played_at {int} NOT NULL,
	timed {int} NOT NULL DEFAULT 1,
	player {text} NOT NULL,
	source {text} NOT NULL,
	count {int} NOT NULL DEFAULT 1,
	title {text} NOT NULL,
	artist {text} NOT NULL,
	album {text} NOT NULL,
	UNIQUE (user_id, annot_id, played_at, player)
);

CREATE TABLE playlists (
	id {int} PRIMARY KEY,
	owner_id {int} NOT NULL,
	name {text} NOT NULL,
	name_sort {text} NOT NULL,
	comment {text} NOT NULL DEFAULT '',
	public {int} NOT NULL DEFAULT 0,
	created_at {int} NOT NULL,
	changed_at {int} NOT NULL
);
CREATE INDEX playlists_owner ON playlists (owner_id, name_sort);
-- position orders the entries, hidden ones too; it may have gaps.
-- title, artist and album tell what stood there after a song is purged.
CREATE TABLE playlist_entries (
	playlist_id {int} NOT NULL,
	position {int} NOT NULL,
	song_id {int} NOT NULL,
	title {text} NOT NULL DEFAULT '',
	artist {text} NOT NULL DEFAULT '',
	album {text} NOT NULL DEFAULT '',
	PRIMARY KEY (playlist_id, position)
);
CREATE INDEX playlist_entries_song ON playlist_entries (song_id);

CREATE TABLE queues (
	user_id {int} PRIMARY KEY,
	current_index {int} NOT NULL,
	position {int} NOT NULL,
	changed_at {int} NOT NULL,
	changed_by {text} NOT NULL
);
CREATE TABLE queue_entries (
	user_id {int} NOT NULL,
	position {int} NOT NULL,
	song_id {int} NOT NULL,
	PRIMARY KEY (user_id, position)
);

CREATE TABLE bookmarks (
	user_id {int} NOT NULL,
	item_id {int} NOT NULL,
	song_id {int} NOT NULL,
	position {int} NOT NULL,
	comment {text} NOT NULL DEFAULT '',
	created_at {int} NOT NULL,
	changed_at {int} NOT NULL,
	PRIMARY KEY (user_id, item_id)
);

CREATE TABLE shares (
	id {int} PRIMARY KEY,
	owner_id {int} NOT NULL,
	secret {text} NOT NULL UNIQUE,
	description {text} NOT NULL DEFAULT '',
	created_at {int} NOT NULL,
	expires_at {int} NOT NULL DEFAULT 0,
	visited_at {int} NOT NULL DEFAULT 0,
	visits {int} NOT NULL DEFAULT 0
);
CREATE TABLE share_entries (
	share_id {int} NOT NULL,
	position {int} NOT NULL,
	kind {text} NOT NULL,
	item_id {int} NOT NULL,
	PRIMARY KEY (share_id, position)
);

CREATE TABLE radios (
	id {int} PRIMARY KEY,
	name {text} NOT NULL,
	name_sort {text} NOT NULL,
	stream_url {text} NOT NULL,
	home_url {text} NOT NULL DEFAULT '',
	created_at {int} NOT NULL
);

CREATE TABLE podcast_channels (
	id {int} PRIMARY KEY,
	url {text} NOT NULL UNIQUE,
	title {text} NOT NULL DEFAULT '',
	description {text} NOT NULL DEFAULT '',
	image_url {text} NOT NULL DEFAULT '',
	status {text} NOT NULL,
	error {text} NOT NULL DEFAULT '',
	library_id {int} NOT NULL DEFAULT 0,
	owner_id {int} NOT NULL,
	created_at {int} NOT NULL,
	checked_at {int} NOT NULL DEFAULT 0
);
CREATE TABLE podcast_episodes (
	id {int} PRIMARY KEY,
	channel_id {int} NOT NULL,
	guid {text} NOT NULL,
	title {text} NOT NULL DEFAULT '',
	description {text} NOT NULL DEFAULT '',
	published_at {int} NOT NULL DEFAULT 0,
	url {text} NOT NULL,
	status {text} NOT NULL,
	error {text} NOT NULL DEFAULT '',
	song_id {int} NOT NULL DEFAULT 0,
	duration {int} NOT NULL DEFAULT 0,
	size {int} NOT NULL DEFAULT 0,
	created_at {int} NOT NULL,
	UNIQUE (channel_id, guid)
);

CREATE TABLE chat_messages (
	id {int} PRIMARY KEY,
	user_id {int} NOT NULL,
	user_name {text} NOT NULL,
	message {text} NOT NULL,
	created_at {int} NOT NULL
);

CREATE TABLE scan_runs (
	id {int} PRIMARY KEY,
	library_id {int} NOT NULL,
	mode {text} NOT NULL,
	state {text} NOT NULL,
	started_at {int} NOT NULL,
	ended_at {int} NOT NULL DEFAULT 0,
	listed {int} NOT NULL DEFAULT 0,
	read_count {int} NOT NULL DEFAULT 0,
	added {int} NOT NULL DEFAULT 0,
	changed {int} NOT NULL DEFAULT 0,
	moved {int} NOT NULL DEFAULT 0,
	missing {int} NOT NULL DEFAULT 0,
	returned {int} NOT NULL DEFAULT 0,
	failed {int} NOT NULL DEFAULT 0,
	requests {int} NOT NULL DEFAULT 0,
	bytes {int} NOT NULL DEFAULT 0,
	message {text} NOT NULL DEFAULT ''
);
CREATE INDEX scan_runs_library ON scan_runs (library_id, started_at);
CREATE TABLE scan_problems (
	run_id {int} NOT NULL,
	position {int} NOT NULL,
	object_key {text} NOT NULL,
	reason {text} NOT NULL,
	PRIMARY KEY (run_id, position)
);
-- Objects that look like music and can't be read, so that no scan reads them
-- again until they change.
CREATE TABLE failures (
	library_id {int} NOT NULL,
	object_key {blob} NOT NULL,
	size {int} NOT NULL,
	mtime {int} NOT NULL,
	etag {text} NOT NULL,
	reader {int} NOT NULL,
	reason {text} NOT NULL,
	PRIMARY KEY (library_id, object_key)
);
