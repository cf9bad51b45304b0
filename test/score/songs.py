"""The songs of the collection: what is written into its files.

A song maps names to lists of values. The names are those of Vorbis comments
(https://picard-docs.musicbrainz.org/en/appendices/tag_mapping.html), whatever
the container calls them. fields turns such tags into what is scored.
"""
import re
import uuid


def mbid(what):
    return str(uuid.uuid5(uuid.NAMESPACE_URL, "https://songlocker.example/" + what))


LISTS = {
    "ARTIST", "ARTISTS", "ARTISTSORT", "ALBUMARTIST", "ALBUMARTISTS", "ALBUMARTISTSORT", "GENRE", "COMPOSER",
    "COMPOSERSORT", "CONDUCTOR", "LYRICIST", "ARRANGER", "PRODUCER", "ENGINEER", "PERFORMER", "REMIXER", "MOOD", "GROUPING", "ISRC",
    "LABEL", "CATALOGNUMBER", "RELEASETYPE", "WORK", "MUSICBRAINZ_ARTISTID", "MUSICBRAINZ_ALBUMARTISTID",
}

VERSES = "Over the harbour the lamps are lit\nand nobody counts the boats\n\nover the harbour, over the hill\na whistle on two notes"


def song(**tags):
    return {k: v if isinstance(v, list) else [v] for k, v in tags.items()}


SONGS = {
    # Everything that MusicBrainz knows: a printed artist, and the list of them.
    "full": song(
        TITLE="Harbour Lights", TITLESORT="Harbour Lights, The", ARTIST="Ada North feat. Søren Ö", ARTISTS=["Ada North", "Søren Ö"],
        ARTISTSORT=["North, Ada", "Ö, Søren"], ALBUM="The Long Quay", ALBUMSORT="Long Quay, The", ALBUMARTIST="Ada North & The Tides",
        ALBUMARTISTS=["Ada North", "The Tides"], ALBUMARTISTSORT=["North, Ada", "Tides, The"], COMPOSER=["Ada North", "Béla Farkas"],
        LYRICIST=["Ada North", "Ivo Kern"], PRODUCER=["Mia Lund", "Otto Brandt"], ARRANGER="Béla Farkas", ENGINEER="Jo Finch",
        TRACKNUMBER="3", TRACKTOTAL="11", DISCNUMBER="2", DISCTOTAL="4", DISCSUBTITLE="Low Tide", DATE="2011-09-23", ORIGINALDATE="1998-04-06",
        GENRE=["Folk", "Chamber Pop", "Folk, World, & Country"], MOOD=["Calm", "Wistful"], BPM="96", ISRC=["GBAYE9800003", "GBAYE1100017"],
        LABEL=["Quayside", "Lantern Records"], CATALOGNUMBER=["QS 011", "LR-7/2"], BARCODE="5012345678900", MEDIA="CD",
        RELEASETYPE=["album", "live"], RELEASESTATUS="official", RELEASECOUNTRY="GB", LANGUAGE="eng", COMMENT="A remark", LYRICS=VERSES,
        MUSICBRAINZ_TRACKID=mbid("full/recording"), MUSICBRAINZ_RELEASETRACKID=mbid("full/track"), MUSICBRAINZ_ALBUMID=mbid("full/release"),
        MUSICBRAINZ_RELEASEGROUPID=mbid("full/group"), MUSICBRAINZ_ARTISTID=[mbid("ada"), mbid("soren")],
        MUSICBRAINZ_ALBUMARTISTID=[mbid("ada"), mbid("tides")], REPLAYGAIN_TRACK_GAIN="-6.54 dB", REPLAYGAIN_TRACK_PEAK="0.988553",
        REPLAYGAIN_ALBUM_GAIN="-7.12 dB", REPLAYGAIN_ALBUM_PEAK="1.000000"),
    "plain": song(TITLE="Morning", ARTIST="Jo Finch", ALBUM="Days", TRACKNUMBER="1", DATE="1969", GENRE="Rock", COMMENT="found on a tape"),
    "title": song(TITLE="Only a title"),
    # Lists by repetition, without a printed form.
    "lists": song(
        TITLE="Three of Us", ARTIST=["Ann", "Ben", "Cho"], ALBUM="Trio", ALBUMARTIST=["Ann", "Ben"], GENRE=["Jazz", "Bebop", "Live"],
        COMPOSER=["Ann", "Cho"], CONDUCTOR=["Ben", "Dee"], LYRICIST=["Cho", "Ann"], TRACKNUMBER="7", TRACKTOTAL="9", DATE="1985-06"),
    # Names with what others split at.
    "separators": song(
        TITLE="Either/Or; And, Or & So", ARTIST="AC/DC", ALBUM="Earth, Wind & Fire", ALBUMARTIST="Tyler, The Creator", COMPOSER="Simon & Garfunkel",
        GENRE=["Hip-Hop/Rap", "Drum & Bass"], TRACKNUMBER="12", DISCNUMBER="1", DATE="2004-11-05", COMMENT="one; two, three / four"),
    "letters": song(
        TITLE="東京の夜 🎧", ARTIST=["Дмитрий Шостакович", "林憶蓮"], ALBUM="Ελληνικά עברית عربي", ALBUMARTIST="Sigur Rós", GENRE=["サントラ", "Электро"],
        COMPOSER="Antonín Dvořák", TRACKNUMBER="1", TRACKTOTAL="2", DATE="2020-02-29", COMMENT="naïve façade — “quoted”", LYRICS="歌詞\nвторая строка"),
    "latin": song(TITLE="Café Noël", ARTIST="Björk Guðmundsdóttir", ALBUM="Über allen Gipfeln", ALBUMARTIST="Óscar Ñandú", GENRE="Chanson", COMPOSER="Erik Gøtz",
                  TRACKNUMBER="4", TRACKTOTAL="8", DATE="1977", COMMENT="© Château, 50 £"),
    "classical": song(
        TITLE="Sonata No. 2 in B minor: II. Adagio", ARTIST="Edda Holm", ALBUM="Sonatas", ALBUMARTIST="Edda Holm", COMPOSER="Clara Voss", COMPOSERSORT="Voss, Clara",
        CONDUCTOR="Leif Aas", PERFORMER=["Edda Holm (piano)", "Nina Roth (violin)"], WORK="Sonata No. 2 in B minor", MOVEMENTNAME="Adagio", MOVEMENT="2", MOVEMENTTOTAL="4",
        GENRE="Classical", TRACKNUMBER="2", TRACKTOTAL="13", DISCNUMBER="1", DISCTOTAL="2", DATE="1962-03-01", ORIGINALDATE="1961", GROUPING=["Sonatas", "Late works"]),
    "compilation": song(TITLE="Night Bus", ARTIST="Kilo Watt", ALBUM="Now Then 42", ALBUMARTIST="Various Artists", COMPILATION="1", TRACKNUMBER="17", TRACKTOTAL="20",
                        DISCNUMBER="2", DISCTOTAL="2", GENRE="Pop", DATE="2001", REMIXER="DJ Ohm", MUSICBRAINZ_ALBUMARTISTID=mbid("various")),
    "numbers": song(TITLE="300", ARTIST="1999", ALBUM="45:33", TRACKNUMBER="300", TRACKTOTAL="400", DISCNUMBER="12", DISCTOTAL="30", DATE="2010-12-31", BPM="174", GENRE="Techno"),
    "long": song(TITLE="A very long title that goes on " * 9 + "and ends", ARTIST="The Band With a Name of More Than Thirty Letters", ALBUM="An album whose name is longer than thirty",
                 COMMENT="line one\nline two\nline three " + "and more " * 150, LYRICS="\n".join("Line %d of the long song, with words enough to fill it" % i for i in range(1, 120)),
                 TRACKNUMBER="5", DATE="2015-07-01", GENRE="Spoken Word"),
    "pictures": song(TITLE="Framed", ARTIST="Ada North", ALBUM="Gallery", TRACKNUMBER="6", DATE="1999-10", GENRE="Ambient", PICTURES=["3 image/jpeg", "4 image/png"]),
    "one picture": song(TITLE="Portrait", ARTIST="Ada North", ALBUM="Gallery", TRACKNUMBER="8", DATE="1999", GENRE="Ambient", PICTURES="3 image/jpeg"),
    "sung": song(TITLE="Sung", ARTIST="Jo Finch", ALBUM="Days", SYNCED=["1500 one", "2010 two, and", "62250 three"]),
    "gains": song(TITLE="Loud", ARTIST="Jo Finch", ALBUM="Levels", REPLAYGAIN_TRACK_GAIN="+3.20 dB", REPLAYGAIN_TRACK_PEAK="0.251189", REPLAYGAIN_ALBUM_GAIN="+1.05 dB",
                  REPLAYGAIN_ALBUM_PEAK="0.500000", GENRE="Rock", DATE="2019-01-02"),
}

# What is scored, by the name of the tag that holds it. ARTIST is what is
# printed, ARTISTS the people one by one.
TEXTS = {
    "TITLE": "title", "TITLESORT": "title sort", "ALBUM": "album", "ALBUMSORT": "album sort", "DISCSUBTITLE": "disc title", "COMMENT": "comment", "LYRICS": "lyrics",
    "BARCODE": "barcode", "MEDIA": "media", "RELEASESTATUS": "release status", "RELEASECOUNTRY": "release country", "LANGUAGE": "language", "MOVEMENTNAME": "movement",
    "MUSICBRAINZ_TRACKID": "recording id", "MUSICBRAINZ_RELEASETRACKID": "track id", "MUSICBRAINZ_ALBUMID": "release id", "MUSICBRAINZ_RELEASEGROUPID": "release group id",
}
MANY = {
    "ARTISTSORT": "artist sort", "ALBUMARTISTSORT": "album artist sort", "GENRE": "genres", "COMPOSER": "composers", "COMPOSERSORT": "composer sort", "CONDUCTOR": "conductors",
    "LYRICIST": "lyricists", "ARRANGER": "arrangers", "PRODUCER": "producers", "ENGINEER": "engineers", "PERFORMER": "performers", "REMIXER": "remixers", "MOOD": "moods",
    "GROUPING": "groupings", "ISRC": "ISRCs", "LABEL": "labels", "CATALOGNUMBER": "catalog numbers", "RELEASETYPE": "release types", "WORK": "works", "PICTURES": "pictures", "SYNCED": "synced lyrics",
    "MUSICBRAINZ_ARTISTID": "artist ids", "MUSICBRAINZ_ALBUMARTISTID": "album artist ids",
}
GAINS = {"REPLAYGAIN_TRACK_GAIN": "track gain", "REPLAYGAIN_TRACK_PEAK": "track peak", "REPLAYGAIN_ALBUM_GAIN": "album gain", "REPLAYGAIN_ALBUM_PEAK": "album peak"}


def lrc(tags):
    """Returns tags with synchronised lyrics ("1500 a line") as LRC."""
    if "SYNCED" not in tags:
        return tags
    lines = [line.split(" ", 1) for line in tags["SYNCED"]]
    text = "\n".join("[%02d:%05.2f]%s" % (int(ms) // 60000, int(ms) % 60000 / 1000, words) for ms, words in lines)
    return {k: v for k, v in tags.items() if k != "SYNCED"} | {"LYRICS": [text]}


def fields(tags):
    """Turns tags into the fields that are scored: lists of texts by name."""
    out = {}
    times = re.findall(r"(?m)^\[(\d\d):(\d\d)\.(\d\d)\](.*)$", (tags.get("LYRICS") or [""])[0])
    if times:
        tags = {k: v for k, v in tags.items() if k != "LYRICS"} | {"SYNCED": ["%d %s" % (int(m) * 60000 + int(s) * 1000 + int(c) * 10, words) for m, s, c, words in times]}

    def put(name, values):
        values = [v.strip() for v in values if v.strip()]
        if values:
            out[name] = values

    def number(name, tag, total, tag_total):
        m = re.match(r"\s*0*(\d+)(?:\s*/\s*0*(\d+))?", (tags.get(tag) or [""])[0])
        n, of = m.groups() if m else (None, None)
        m = re.match(r"\s*0*(\d+)", (tags.get(tag_total) or [""])[0])
        of = m.group(1) if m else of
        put(name, [n or ""])
        put(total, [of or ""])

    for tag, name in TEXTS.items():
        put(name, tags.get(tag, [])[:1])
    for tag, name in MANY.items():
        put(name, tags.get(tag, []))
    for one, many in ("artist", "artists"), ("album artist", "album artists"):
        printed = tags.get(one.upper().replace(" ", ""), [])
        put(many, tags.get(many.upper().replace(" ", "")) or printed)
        if len(printed) == 1:
            put(one, printed)
    number("track", "TRACKNUMBER", "tracks", "TRACKTOTAL")
    number("disc", "DISCNUMBER", "discs", "DISCTOTAL")
    number("movement number", "MOVEMENT", "movements", "MOVEMENTTOTAL")
    for tag, name in ("DATE", "date"), ("ORIGINALDATE", "original date"):
        m = re.match(r"\d{4}(-\d\d)?(-\d\d)?", (tags.get(tag) or [""])[0])
        put(name, [m.group(0) if m else ""])
    for tag, name in GAINS.items():
        m = re.match(r"\s*[+-]?\d+(\.\d+)?", (tags.get(tag) or [""])[0])
        put(name, [m.group(0).strip() if m else ""])
    m = re.match(r"\d+", (tags.get("BPM") or [""])[0])
    put("bpm", [m.group(0) if m else ""])
    if (tags.get("COMPILATION") or ["0"])[0] not in ("0", "", "False"):
        put("compilation", ["1"])
    return out
