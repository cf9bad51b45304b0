"""MPEG audio, WAV and AIFF with ID3, APE and INFO tags."""
import struct
from fixture import *
import mutagen.id3
from mutagen.apev2 import APEv2, APEValue
from mutagen.mp3 import MP3
from mutagen.wave import WAVE
from mutagen.aiff import AIFF

globals().update({k: v for k, v in vars(mutagen.id3).items() if k.isupper() or k == "ID3"})
MB = ["9d2e4f10-8a6b-4c3d-9e1f-0123456789%02x" % i for i in range(9)]


def mp3(name, *options, source=tone):
    run("lame", *options, source, name)
    return name


def save(name, frames, version=4, sep=None, v1=0, **kw):
    t = ID3()
    for f in frames:
        t.add(f)
    if version == 3:
        t.update_to_v23()
    t.save(name, v1=v1, v2_version=version, v23_sep=sep, **kw)


full = dict(
    Title="Käse & Brot", TitleSort="Kase", Subtitle="a study", Artist="Anna; Bob", Artists=["Anna", "Bob"], ArtistSort=["Anna, A"],
    Album="Das Album", AlbumSort="Album, Das", AlbumArtist="Various", AlbumArtists=["Various"], AlbumArtistSort=["Various, The"],
    Track=3, TrackOf=12, Disc=1, DiscOf=2, DiscTitle="First half", Compilation=True, Genres=["Jazz", "Post-Rock", "Krautrock"],
    Moods=["calm"], Groupings=["set one"], Date={"Year": 2005, "Month": 3, "Day": 1}, ReleaseDate={"Year": 2006, "Month": 4, "Day": 0},
    OriginalDate={"Year": 1999, "Month": 0, "Day": 0}, Works=[{"Name": "Suite", "ID": MB[8]}], Movement="Allegro", MovementNumber=2, MovementOf=4,
    Language="deu", Comment="first line\nsecond", BPM=128, ISRC=["DEABC0500001"], Labels=["Label A", "Label B"], CatalogNo=["LA-1"],
    Barcode="4012345678901", Media="CD", ReleaseTypes=["album", "live"], ReleaseStatus="official", ReleaseCountry="DE", Explicit="explicit",
    RecordingID=MB[0], ReleaseTrackID=MB[1], ReleaseID=MB[2], ReleaseGroupID=MB[3], ArtistIDs=MB[4:6], AlbumArtistIDs=[MB[6]],
    Gain={"TrackGain": -6.54, "TrackPeak": 0.9876, "AlbumGain": 3.2, "AlbumPeak": 1.01, "BaseGain": None},
    Roles=[{"Role": r, "Sub": s, "Name": n, "ID": "", "Sort": o} for r, s, n, o in [
        ("composer", "", "Clara", "C, Clara"), ("lyricist", "", "Lydia", ""), ("conductor", "", "Karl", ""), ("arranger", "", "Arno", ""),
        ("producer", "", "Paul", ""), ("engineer", "", "Eva", ""), ("mixer", "", "Mia", ""), ("djmixer", "", "Dora", ""),
        ("remixer", "", "Remo", ""), ("performer", "guitar", "Gil", ""), ("performer", "double bass", "Bea", "")]])


def frames(e=3):
    x = lambda d, *t: TXXX(encoding=e, desc=d, text=list(t))
    return [
        TIT2(encoding=e, text=full["Title"]), TSOT(encoding=e, text="Kase"), TIT3(encoding=e, text="a study"),
        TPE1(encoding=e, text=["Anna", "Bob"]), TSOP(encoding=e, text="Anna, A"), TALB(encoding=e, text="Das Album"), TSOA(encoding=e, text="Album, Das"),
        TPE2(encoding=e, text="Various"), TSO2(encoding=e, text="Various, The"), TRCK(encoding=e, text="3/12"), TPOS(encoding=e, text="1/2"),
        TSST(encoding=e, text="First half"), TCMP(encoding=e, text="1"), TCON(encoding=e, text=["8", "Post-Rock", "(%d)" % mutagen.id3.TCON.GENRES.index("Krautrock")]), TMOO(encoding=e, text="calm"),
        TIT1(encoding=e, text="set one"), TDRC(encoding=e, text="2005-03-01T10:00"), TDRL(encoding=e, text="2006-04"), TDOR(encoding=e, text="1999"),
        x("WORK", "Suite"), x("MusicBrainz Work Id", MB[8]), MVNM(encoding=e, text="Allegro"), MVIN(encoding=e, text="2/4"), TLAN(encoding=e, text="deu"),
        COMM(encoding=e, lang="deu", desc="", text="first line\nsecond"), COMM(encoding=e, lang="eng", desc="iTunNORM", text=" 00000"),
        TBPM(encoding=e, text="127.6"), TSRC(encoding=e, text="DEABC0500001"), TPUB(encoding=e, text=["Label A", "Label B"]), x("CATALOGNUMBER", "LA-1"),
        x("BARCODE", "4012345678901"), TMED(encoding=e, text="CD"), x("MusicBrainz Album Type", "album", "live"), x("MusicBrainz Album Status", "official"),
        x("MusicBrainz Album Release Country", "DE"), x("ITUNESADVISORY", "1"), UFID(owner="http://musicbrainz.org", data=MB[0].encode()),
        x("MusicBrainz Release Track Id", MB[1]), x("MusicBrainz Album Id", MB[2]), x("MusicBrainz Release Group Id", MB[3]),
        x("MusicBrainz Artist Id", *MB[4:6]), x("MusicBrainz Album Artist Id", MB[6]),
        x("replaygain_track_gain", "-6.54 dB"), x("replaygain_track_peak", "0.9876"), x("REPLAYGAIN_ALBUM_GAIN", "+3,2 dB"), x("REPLAYGAIN_ALBUM_PEAK", "1.01"),
        TCOM(encoding=e, text="Clara"), TSOC(encoding=e, text="C, Clara"), TEXT(encoding=e, text="Lydia"), TPE3(encoding=e, text="Karl"), TPE4(encoding=e, text="Remo"),
        TIPL(encoding=e, people=[["arranger", "Arno"], ["producer", "Paul"], ["engineer", "Eva"], ["mix", "Mia"], ["DJ-mix", "Dora"]]),
        TMCL(encoding=e, people=[["guitar", "Gil"], ["double bass", "Bea"]]),
        USLT(encoding=e, lang="deu", desc="", text="eins\nzwei"),
        APIC(encoding=e, mime="image/png", type=4, desc="hinten", data=back), APIC(encoding=e, mime="image/jpeg", type=3, desc="vorn", data=front),
    ]


both = (picture(back, 4, "image/png"), picture(front))

n = mp3("id3v24.mp3", "-V5")
save(n, frames())
expect(n, both, Codec="mp3", **full)

n = mp3("id3v24-utf16.mp3", "-b", "96")
save(n, frames(1))
expect(n, both, Codec="mp3", BitRate=96, **full)

n = mp3("id3v23.mp3", "-b", "64", "-m", "m")
save(n, frames(1), version=3)
old = dict(full)
for gone in "DiscTitle", "Moods", "ReleaseDate", "TitleSort", "ArtistSort", "AlbumSort":  # frames of 2.4
    del old[gone]
del old["Movement"], old["MovementNumber"], old["MovementOf"]
expect(n, both, Codec="mp3", BitRate=64, **old)

# Joined with "/", as ID3v2.3 says: one value, because names have slashes too.
n = mp3("id3v23-slash.mp3", "-b", "64", "-t")
save(n, [TPE1(encoding=1, text=["AC", "DC"]), TIT2(encoding=1, text="Slash"), TCON(encoding=1, text="Rock/Pop")], version=3, sep="/")
expect(n, Codec="mp3", BitRate=64, Title="Slash", Artist="AC/DC", Artists=["AC/DC"], Genres=["Rock/Pop"])


def v22(id, payload):
    return id.encode() + struct.pack(">I", len(payload))[1:] + payload


n = mp3("id3v22.mp3", "-b", "64", "-t", "--noreplaygain")
body = b"".join([v22("TT2", b"\0Old\xe9"), v22("TP1", b"\x01" + "Ärtist".encode("utf-16")), v22("TAL", b"\0Album\0"), v22("TRK", b"\x003/9"), v22("TYE", b"\x001999"),
                 v22("TCO", b"\0(17)"), v22("COM", b"\0eng\0hello"), v22("PIC", b"\0JPG\x03\0" + front), v22("TCP", b"\x001"), v22("TBP", b"\0" + b"90")])
size = len(body)
head = b"ID3\2\0\0" + bytes([size >> 21 & 127, size >> 14 & 127, size >> 7 & 127, size & 127])
data = open(n, "rb").read()
open(n, "wb").write(head + body + data)
expect(n, (picture(front),), Codec="mp3", Title="Oldé", Artist="Ärtist", Album="Album", Track=3, TrackOf=9, Date={"Year": 1999, "Month": 0, "Day": 0},
       Genres=["Rock"], Comment="hello", Compilation=True, BPM=90)

n = mp3("id3v1.mp3", "-b", "64", "-t")
save(n, [TIT2(encoding=0, text="One"), TPE1(encoding=0, text="Only"), TALB(encoding=0, text="Short"), TDRC(encoding=0, text="1984"),
         TRCK(encoding=0, text="7"), TCON(encoding=0, text="Reggae")], v1=2)
data = open(n, "rb").read()
size = data[6] << 21 | data[7] << 14 | data[8] << 7 | data[9]
open(n, "wb").write(data[size + 10:])
expect(n, Codec="mp3", BitRate=64, Title="One", Artist="Only", Album="Short", Track=7, Genres=["Reggae"], Date={"Year": 1984, "Month": 0, "Day": 0})

n = mp3("ape.mp3", "-b", "64", "-t")
t = APEv2()
t.update({"Title": "Monkey", "Artist": ["Eins", "Zwei"], "Album Artist": "Alle", "Album": "Zoo", "Track": "5/6", "Disc": "2", "Year": "2001", "Genre": ["Ska", "Dub"],
          "Comment": "x", "MUSICBRAINZ_TRACKID": MB[0], "Compilation": "0", "REPLAYGAIN_TRACK_GAIN": "-1.5 dB"})
t["Cover Art (Front)"] = APEValue(b"front.jpg\0" + front, 1)
t.save(n)
expect(n, (picture(front),), Codec="mp3", BitRate=64, Title="Monkey", Artist="Eins; Zwei", Artists=["Eins", "Zwei"], AlbumArtist="Alle", Album="Zoo", Track=5, TrackOf=6, Disc=2,
       Date={"Year": 2001, "Month": 0, "Day": 0}, Genres=["Ska", "Dub"], Comment="x", RecordingID=MB[0], Compilation=False)

n = mp3("vbr-mono22.mp3", "-V9", "--resample", "22.05", "-m", "m")
expect(n, Codec="mp3", Title="", Artists=None)

n = "layer2.mp2"
run("ffmpeg", "-v", "error", "-y", "-i", tone, "-c:a", "mp2", "-b:a", "64k", n)
expect(n, Codec="mp2", BitRate=64)

n = "pcm.wav"
run("ffmpeg", "-v", "error", "-y", "-i", tone, "-t", "0.1", "-ac", "1", "-ar", "22050", "-metadata", "title=Info", "-metadata", "artist=Riff", "-metadata", "date=1990",
    "-metadata", "genre=Noise", "-metadata", "track=4", "-c:a", "pcm_s16le", n)
expect(n, Codec="pcm", Title="Info", Artist="Riff", Date={"Year": 1990, "Month": 0, "Day": 0}, Genres=["Noise"], Track=4)

n = "pcm24-id3.wav"
run("ffmpeg", "-v", "error", "-y", "-i", tone, "-t", "0.1", "-ar", "48000", "-metadata", "title=Info", "-metadata", "comment=kept", "-c:a", "pcm_s24le", n)
w = WAVE(n)
w.add_tags()
for f in frames():
    w.tags.add(f)
w.save()
expect(n, both, Codec="pcm", BitDepth=24, **full)

n = "rf64.wav"
run("ffmpeg", "-v", "error", "-y", "-i", tone, "-t", "0.1", "-ac", "1", "-ar", "8000", "-rf64", "always", "-metadata", "title=Wide", "-c:a", "pcm_f32le", n)
expect(n, Codec="pcm", Title="Wide", BitDepth=32)

n = "pcm.aiff"
run("ffmpeg", "-v", "error", "-y", "-i", tone, "-t", "0.1", "-metadata", "title=Name", "-metadata", "author=Auth", "-c:a", "pcm_s16be", n)
expect(n, Codec="pcm", Title="Name")

n = "id3.aiff"
run("ffmpeg", "-v", "error", "-y", "-i", tone, "-t", "0.1", "-ac", "1", "-c:a", "pcm_s24be", n)
w = AIFF(n)
w.add_tags()
for f in frames(1):
    w.tags.add(f)
w.save()
expect(n, both, Codec="pcm", BitDepth=24, **full)

n = "sowt.aifc"
run("ffmpeg", "-v", "error", "-y", "-i", tone, "-t", "0.1", "-ac", "1", "-ar", "16000", "-f", "aiff", "-c:a", "pcm_s16le", n)
expect(n, Codec="pcm", BitDepth=16)

# The same sound once more, with other tags by another tool.
for name in "id3v24.mp3", "id3v1.mp3", "pcm24-id3.wav", "id3.aiff":
    n = "retag-" + name
    run("ffmpeg", "-v", "error", "-y", "-i", name, "-map", "0:a", "-c", "copy", "-metadata", "title=Retagged", "-metadata", "artist=", n)
    expect(n, Title="Retagged", SameAs=name)
