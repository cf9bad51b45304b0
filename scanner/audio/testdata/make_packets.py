"""FLAC, Ogg (Vorbis, Opus, FLAC, Speex) and MP4 (AAC, ALAC, Opus, FLAC)."""
import base64, shutil, struct
from fixture import *
import mutagen.flac
from mutagen.flac import FLAC, Picture
from mutagen.mp4 import MP4, MP4Cover, MP4FreeForm, AtomDataType
from mutagen.oggopus import OggOpus
from mutagen.oggvorbis import OggVorbis

MB = ["7a1bbc0e-9c34-4a52-8dfb-0123456789%02x" % i for i in range(9)]


def ffmpeg(*args):
    run("ffmpeg", "-y", "-bitexact", *args)


def block(data, kind=3, mime="image/jpeg"):
    p = Picture()
    p.data, p.type, p.mime, p.desc = data, kind, mime, "a description: Käse"
    return p


def text64(p):
    return base64.b64encode(p.write()).decode()


# What TEXTS should come out as.
TEXTS = [
    ("TITLE", "Käse & Brot"), ("titlesort", "Kase"), ("SUBTITLE", "a study"), ("Artist", "Anna feat. Bob"), ("ARTISTS", "Anna"), ("ARTISTS", "Bob"),
    ("ARTISTSORT", "Anna, A"), ("ALBUM", "Das Album"), ("ALBUMSORT", "Album, Das"), ("ALBUM ARTIST", "Various"), ("ALBUMARTISTSORT", "Various, The"),
    ("TRACKNUMBER", "3/12"), ("DISCNUMBER", "1"), ("TOTALDISCS", "2"), ("DISCSUBTITLE", "First half"), ("COMPILATION", "1"),
    ("GENRE", "Jazz"), ("GENRE", "Folk, World, & Country"), ("MOOD", "calm"), ("GROUPING", "set one"), ("DATE", "2005-03-01"),
    ("ORIGINALDATE", "1999"), ("RELEASEDATE", "2006-04"), ("COMPOSER", "Clara"), ("CONDUCTOR", "Karl"), ("PERFORMER", "Gil (guitar)"),
    ("WORK", "Suite"), ("MUSICBRAINZ_WORKID", MB[8]), ("MOVEMENTNAME", "Allegro"), ("MOVEMENT", "2"), ("MOVEMENTTOTAL", "4"), ("LANGUAGE", "deu"),
    ("COMMENT", "first line\nsecond"), ("BPM", "127.6"), ("ISRC", "DEABC0500001"), ("LABEL", "Label A"), ("LABEL", "Label B"), ("CATALOGNUMBER", "LA-1"),
    ("BARCODE", "4012345678901"), ("MEDIA", "CD"), ("RELEASETYPE", "album"), ("RELEASETYPE", "live"), ("RELEASESTATUS", "official"), ("RELEASECOUNTRY", "DE"),
    ("MUSICBRAINZ_TRACKID", MB[0]), ("MUSICBRAINZ_RELEASETRACKID", MB[1]), ("MUSICBRAINZ_ALBUMID", MB[2]), ("MUSICBRAINZ_RELEASEGROUPID", MB[3]),
    ("MUSICBRAINZ_ARTISTID", MB[4]), ("MUSICBRAINZ_ARTISTID", MB[5]), ("MUSICBRAINZ_ALBUMARTISTID", MB[6]),
    ("LYRICS", "[00:01.50]one\n[00:02.00]two"), ("UNSYNCEDLYRICS", "one\n\ntwo"),
]
GAINS = [("REPLAYGAIN_TRACK_GAIN", "-6.54 dB"), ("REPLAYGAIN_TRACK_PEAK", "0.9876"), ("REPLAYGAIN_ALBUM_GAIN", "+3.20 dB"), ("REPLAYGAIN_ALBUM_PEAK", "1.01")]
date = lambda y, m=0, d=0: {"Year": y, "Month": m, "Day": d}
role = lambda r, n, s="", o="": {"Role": r, "Sub": s, "Name": n, "ID": "", "Sort": o}
LYRICS = [
    {"Lang": "xxx", "Synced": True, "Offset": 0, "Lines": [{"Start": 1500, "Text": "one"}, {"Start": 2000, "Text": "two"}]},
    {"Lang": "xxx", "Synced": False, "Offset": 0, "Lines": [{"Start": 0, "Text": t} for t in ("one", "", "two")]},
]
full = dict(
    Title="Käse & Brot", TitleSort="Kase", Subtitle="a study", Artist="Anna feat. Bob", Artists=["Anna", "Bob"], ArtistSort=["Anna, A"], Album="Das Album",
    AlbumSort="Album, Das", AlbumArtist="Various", AlbumArtists=["Various"], AlbumArtistSort=["Various, The"], Track=3, TrackOf=12, Disc=1, DiscOf=2,
    DiscTitle="First half", Compilation=True, Genres=["Jazz", "Folk, World, & Country"], Moods=["calm"], Groupings=["set one"], Date=date(2005, 3, 1),
    OriginalDate=date(1999), ReleaseDate=date(2006, 4), Roles=[role("composer", "Clara"), role("conductor", "Karl"), role("performer", "Gil", "guitar")],
    Works=[{"Name": "Suite", "ID": MB[8]}], Movement="Allegro", MovementNumber=2, MovementOf=4, Language="deu", Comment="first line\nsecond", BPM=128,
    ISRC=["DEABC0500001"], Labels=["Label A", "Label B"], CatalogNo=["LA-1"], Barcode="4012345678901", Media="CD", ReleaseTypes=["album", "live"],
    ReleaseStatus="official", ReleaseCountry="DE", RecordingID=MB[0], ReleaseTrackID=MB[1], ReleaseID=MB[2], ReleaseGroupID=MB[3], ArtistIDs=MB[4:6],
    AlbumArtistIDs=[MB[6]], Lyrics=LYRICS)
gained = dict(Gain={"TrackGain": -6.54, "TrackPeak": 0.9876, "AlbumGain": 3.2, "AlbumPeak": 1.01, "BaseGain": None})
CUT = ["-t", "0.3"]


def fill(f, texts):
    for k, v in texts:
        f.tags.append((k, v))


# FLAC, written by flac and tagged by mutagen.
run("flac", "-f", "-s", "-8", "--until=0:00.3", "-o", "full.flac", tone)
f = FLAC("full.flac")
f.add_tags() if f.tags is None else None
fill(f, TEXTS + GAINS)
f.add_picture(block(back, 4, "image/png"))
f.add_picture(block(front))
f.save()
expect("full.flac", [picture(back, 4, "image/png"), picture(front)], Codec="flac", BitDepth=16, **full, **gained)

# Tagged by metaflac, 24 bits, ID3 tags around it.
ffmpeg("-i", tone, *CUT, "-c:a", "flac", "-sample_fmt", "s32", "-bits_per_raw_sample", "24", tmp + "/24.flac")
run("metaflac", "--remove-all-tags", "--set-tag=TITLE=Vierundzwanzig", "--set-tag=GENRE=A", "--set-tag=GENRE=B", "--import-picture-from=" + tmp + "/front.jpg", tmp + "/24.flac")
expect(tmp + "/24.flac", [picture(front)], Codec="flac", BitDepth=24, Title="Vierundzwanzig", Genres=["A", "B"])
import mutagen.id3
t = mutagen.id3.ID3()
t.add(mutagen.id3.TIT2(encoding=3, text="not this"))
t.add(mutagen.id3.TPE1(encoding=3, text="Only here"))
t.save(tmp + "/front.id3")
with open("id3-24.flac", "wb") as out:
    out.write(open(tmp + "/front.id3", "rb").read() + open(tmp + "/24.flac", "rb").read() + b"TAG" + b"old".ljust(125, b"\0"))
want = json.load(open(tmp + "/24.flac.json"))
want["Artist"] = "Only here"
json.dump(want, open("id3-24.flac.json", "w"), indent=1, sort_keys=True, ensure_ascii=False)

# As from an encoder that could not go back: no MD5, no length.
b = bytearray(open("full.flac", "rb").read())
b[21] &= 0xF0
b[22:42] = bytes(20)
open("stream.flac", "wb").write(b)
shutil.copy("full.flac.json", "stream.flac.json")

# Ogg Vorbis: oggenc and mutagen; vorbiscomment; FLAC in Ogg; Speex.
run("oggenc", "-Q", "-q", "0", "-s", "1", "-o", tmp + "/v.ogg", tone)
shutil.copy(tmp + "/v.ogg", "full.ogg")
f = OggVorbis("full.ogg")
fill(f, TEXTS + GAINS + [("METADATA_BLOCK_PICTURE", text64(block(front))), ("METADATA_BLOCK_PICTURE", text64(block(back, 4, "image/png")))])
f.save()
expect("full.ogg", [picture(front), picture(back, 4, "image/png")], Codec="vorbis", **full, **gained)
shutil.copy(tmp + "/v.ogg", "coverart.ogg")
run("vorbiscomment", "-w", "coverart.ogg", "-t", "title=Lower case", "-t", "COVERART=" + base64.b64encode(back).decode(), "-t", "COVERARTMIME=image/png")
expect("coverart.ogg", [picture(back, 3, "image/png")], Codec="vorbis", Title="Lower case")
run("flac", "-f", "-s", "--ogg", "--until=0:00.3", "--picture=" + tmp + "/front.jpg", "-T", "TITLE=In pages", "-o", "flac.oga", tone)
expect("flac.oga", [picture(front)], Codec="flac", BitDepth=16, Title="In pages")
ffmpeg("-i", tone, "-ar", "16000", "-ac", "1", "-c:a", "libspeex", "-metadata", "title=Speech", "speex.spx")
expect("speex.spx", Codec="speex", Title="Speech")

# Opus: a header gain and R128 gains (RFC 7845: 1/256 dB against -23 LUFS).
run("opusenc", "--quiet", "--bitrate", "24", "--serial", "1", tone, tmp + "/o.opus")
shutil.copy(tmp + "/o.opus", "full.opus")
f = OggOpus("full.opus")
fill(f, TEXTS + [("METADATA_BLOCK_PICTURE", text64(block(front))), ("R128_TRACK_GAIN", "-512"), ("R128_ALBUM_GAIN", "256")])
f.save()
expect("full.opus", [picture(front)], Codec="opus", SampleRate=48000, **full, Gain={"TrackGain": 3, "AlbumGain": 6, "TrackPeak": None, "AlbumPeak": None, "BaseGain": None})
table = []
for i in range(256):
    c = i << 24
    for _ in range(8):
        c = (c << 1 ^ 0x04C11DB7 if c & 1 << 31 else c << 1) & 0xFFFFFFFF
    table.append(c)
b = bytearray(open(tmp + "/o.opus", "rb").read())
page = 27 + b[26] + 19
b[27 + b[26] + 16:27 + b[26] + 18] = struct.pack("<h", -384)
b[22:26] = bytes(4)
crc = 0
for c in b[:page]:
    crc = crc << 8 & 0xFFFFFFFF ^ table[crc >> 24 ^ c]
b[22:26] = struct.pack("<I", crc)
open("gain.opus", "wb").write(b)
expect("gain.opus", Codec="opus", SampleRate=48000, Gain={"TrackGain": None, "AlbumGain": None, "TrackPeak": None, "AlbumPeak": None, "BaseGain": -1.5})

# MP4: what mutagen writes, moov first and last; ALAC; an audiobook.
free = lambda *values: [MP4FreeForm(v.encode(), AtomDataType.UTF8) for v in values]
name = "----:com.apple.iTunes:"
ITEMS = {
    "\xa9nam": ["Käse & Brot"], "sonm": ["Kase"], name + "SUBTITLE": free("a study"), "\xa9ART": ["Anna feat. Bob"], name + "ARTISTS": free("Anna", "Bob"), "soar": ["Anna, A"],
    "\xa9alb": ["Das Album"], "soal": ["Album, Das"], "aART": ["Various"], "soaa": ["Various, The"], "trkn": [(3, 12)], "disk": [(1, 2)],
    name + "DISCSUBTITLE": free("First half"), "cpil": True, "\xa9gen": ["Jazz", "Folk, World, & Country"], name + "MOOD": free("calm"), "\xa9grp": ["set one"], "\xa9day": ["2005-03-01"],
    name + "ORIGINALDATE": free("1999"), name + "RELEASEDATE": free("2006-04"), "\xa9wrt": ["Clara"], "soco": ["C, Clara"], name + "CONDUCTOR": free("Karl"),
    name + "PERFORMER": free("Gil (guitar)"), "\xa9wrk": ["Suite"], name + "MusicBrainz Work Id": free(MB[8]), "\xa9mvn": ["Allegro"], "\xa9mvi": [2], "\xa9mvc": [4], "shwm": [1],
    name + "LANGUAGE": free("deu"), "\xa9cmt": ["first line\nsecond"], "tmpo": [128], name + "ISRC": free("DEABC0500001"), name + "LABEL": free("Label A", "Label B"),
    name + "CATALOGNUMBER": free("LA-1"), name + "BARCODE": free("4012345678901"), name + "MEDIA": free("CD"), name + "MusicBrainz Album Type": free("album", "live"),
    name + "MusicBrainz Album Status": free("official"), name + "MusicBrainz Album Release Country": free("DE"), name + "MusicBrainz Track Id": free(MB[0]),
    name + "MusicBrainz Release Track Id": free(MB[1]), name + "MusicBrainz Album Id": free(MB[2]), name + "MusicBrainz Release Group Id": free(MB[3]),
    name + "MusicBrainz Artist Id": free(*MB[4:6]), "----:org.example:MusicBrainz Album Artist Id": free(MB[6]), "rtng": [2],
    name + "replaygain_track_gain": free("-6.54 dB"), name + "replaygain_track_peak": free("0.9876"), name + "replaygain_album_gain": free("3.20 dB"), name + "replaygain_album_peak": free("1.01"),
    "\xa9lyr": ["[00:01.50]one\n[00:02.00]two", "one\n\ntwo"], "covr": [MP4Cover(front, MP4Cover.FORMAT_JPEG), MP4Cover(back, MP4Cover.FORMAT_PNG)],
}
tagged = dict(full, **gained, Explicit="clean", Roles=[role("composer", "Clara", "", "C, Clara")] + full["Roles"][1:])
for path, options in {"moov-last.m4a": ["-c:a", "aac", "-b:a", "64k"], "moov-first.m4a": ["-c:a", "aac", "-b:a", "64k", "-movflags", "+faststart"],
                      "alac.m4a": ["-c:a", "alac"], "book.m4b": ["-c:a", "aac", "-b:a", "32k", "-f", "ipod"], "opus.mp4": ["-c:a", "libopus", "-b:a", "24k"],
                      "flac.mp4": ["-c:a", "flac", "-strict", "-2"], "hdlr.mov": ["-t", "0.1", "-c:a", "pcm_s16be"],
                      "fragments.mp4": ["-c:a", "aac", "-b:a", "64k", "-movflags", "frag_keyframe+empty_moov+default_base_moof+global_sidx", "-frag_duration", "100000"]}.items():
    codec = {"alac.m4a": "alac", "opus.mp4": "opus", "flac.mp4": "flac", "hdlr.mov": "pcm"}.get(path, "aac")
    more = {"opus.mp4": dict(SampleRate=48000)}.get(path, {})
    if path in ("moov-last.m4a", "moov-first.m4a", "alac.m4a"):
        ffmpeg("-i", tone, *CUT, *options, path)
        f = MP4(path)
        f.tags.clear() if f.tags is not None else f.add_tags()
        f.tags.update(ITEMS)
        f.save()
        expect(path, [picture(front), picture(back, 0, "image/png")], Codec=codec, **tagged, **more)
    else:
        ffmpeg("-i", tone, *CUT, *options, "-metadata", "title=A title", "-metadata", "artist=Someone", "-metadata", "genre=Rock", path)
        expect(path, Codec=codec, Title="A title", Artist="Someone", Genres=["Rock"], **more)

# The numeric genre of old writers, and what iTunes says of its encoder.
shutil.copy("book.m4b", "gnre.m4a")
f = MP4("gnre.m4a")
f.tags.clear()
f.tags["\xa9nam"] = ["A title"]
f.tags["trkn"] = [(300, 400)]
f.tags["XXXX"] = ["18"]
f.save()
b = open("gnre.m4a", "rb").read()
at = b.index(b"XXXX") - 4
n = struct.unpack(">I", b[at:at + 4])[0]
b = b[:at] + struct.pack(">I4sI4sIIH", n, b"gnre", n - 8, b"data", 0, 0, 18) + b[at + n:]
open("gnre.m4a", "wb").write(b)
expect("gnre.m4a", Codec="aac", Title="A title", Track=300, TrackOf=400, Genres=["Rock"])

# One sound, tagged anew by two tools: all of same-NAME-* have one identity.
for kind, cls in (("opus", OggOpus), ("ogg", OggVorbis)):
    base = tmp + ("/o.opus" if kind == "opus" else "/v.ogg")
    for i in range(3):
        shutil.copy(base, "same-%s-%d.%s" % (kind, i, kind))
    f = cls("same-%s-1.%s" % (kind, kind))
    f["TITLE"] = "x" * 5000
    f["METADATA_BLOCK_PICTURE"] = text64(block(front))
    f.save()
    f = cls("same-%s-2.%s" % (kind, kind))
    f.delete()
    f["TITLE"] = "short"
    f.save()
run("vorbiscomment", "-w", tmp + "/v.ogg", "same-ogg-3.ogg", "-t", "TITLE=" + "y" * 9000)

# Speex and FLAC in Ogg, tagged anew.
from mutagen.oggspeex import OggSpeex
from mutagen.oggflac import OggFLAC

for base, cls, name in (("speex.spx", OggSpeex, "same-spx-%d.spx"), ("flac.oga", OggFLAC, "same-oga-%d.oga")):
    for i in range(3):
        shutil.copy(base, name % i)
    f = cls(name % 1)
    f["TITLE"] = "x" * 5000
    f.save()
    f = cls(name % 2)
    f.delete()
# A chain of two links, as a recording of a radio has.
run("oggenc", "-Q", "-q", "0", "-s", "77", "-t", "Second", "-o", tmp + "/second.ogg", other)
run("opusenc", "--quiet", "--bitrate", "24", "--serial", "78", "--title", "First", tone, tmp + "/first.opus")
open("chain.ogg", "wb").write(open(tmp + "/first.opus", "rb").read() + open(tmp + "/second.ogg", "rb").read())
expect(tmp + "/second.ogg")
expect(tmp + "/first.opus", Title="First", Codec="opus", SampleRate=48000)
want = json.load(open(tmp + "/first.opus.json"))
want["Seconds"] += json.load(open(tmp + "/second.ogg.json"))["Seconds"]
json.dump(want, open("chain.ogg.json", "w"), indent=1, sort_keys=True, ensure_ascii=False)

# Fragments without a segment index: with an index of fragments at the end, and
# without one; the same sound tagged anew.
for path, options in (("mfra.mp4", "frag_keyframe+empty_moov"), ("live.mp4", "frag_keyframe+empty_moov+default_base_moof+skip_trailer")):
    ffmpeg("-i", tone, *CUT, "-c:a", "aac", "-b:a", "64k", "-movflags", options, "-frag_duration", "100000", "-metadata", "title=In pieces", path)
    expect(path, Codec="aac", Title="In pieces")
for i in range(3):
    shutil.copy("mfra.mp4", "same-mp4f-%d.mp4" % i)
f = MP4("same-mp4f-1.mp4")
f.tags["\xa9nam"] = ["x" * 5000]
f.tags["covr"] = [MP4Cover(front, MP4Cover.FORMAT_JPEG)]
f.save()
f = MP4("same-mp4f-2.mp4")
f.delete()
