"""Windows Media Audio, tagged by mutagen and by ffmpeg."""
import shutil, struct
from fixture import *
from mutagen.asf import ASF, ASFByteArrayAttribute

MB = ["7a1bbc0e-9c34-4a52-8dfb-0123456789%02x" % i for i in range(9)]
date = lambda y, m=0, d=0: {"Year": y, "Month": m, "Day": d}
role = lambda r, n, s="", o="": {"Role": r, "Sub": s, "Name": n, "ID": "", "Sort": o}


def cover(data, kind, mime):
    text = lambda s: s.encode("utf-16-le") + b"\0\0"
    return ASFByteArrayAttribute(struct.pack("<BI", kind, len(data)) + text(mime) + text("a description") + data)


for name, codec in (("full.wma", "wmav2"), ("plain.wma", "wmav1")):
    run("ffmpeg", "-y", "-bitexact", "-i", tone, "-t", "0.3", "-c:a", codec, "-b:a", "32k", "-metadata", "title=By ffmpeg", "-metadata", "artist=Someone",
        "-metadata", "genre=Rock", "-metadata", "track=2/5", name)
expect("plain.wma", Codec="wmav1", Title="By ffmpeg", Artist="Someone", Genres=["Rock"], Track=2, TrackOf=5, BitDepth=0)

f = ASF("full.wma")
f.delete()
f = ASF("full.wma")
for key, value in {
    "Title": "Käse & Brot", "Author": ["Anna", "Bob"], "Description": "a comment", "WM/AlbumTitle": "Das Album 東京", "WM/AlbumArtist": "Various",
    "WM/AlbumArtistSortOrder": "Various, The", "WM/TrackNumber": "3/12", "WM/PartOfSet": "1/2", "WM/SetSubTitle": "First half", "WM/IsCompilation": True,
    "WM/Genre": ["Jazz", "Folk, World, & Country"], "WM/Mood": "calm", "WM/ContentGroupDescription": "set one", "WM/Year": "2005-03-01",
    "WM/OriginalReleaseYear": "1999", "WM/Composer": "Clara", "WM/ComposerSortOrder": "C, Clara", "WM/Conductor": "Karl", "WM/Writer": "Lyra",
    "WM/BeatsPerMinute": 128, "WM/ISRC": "DEABC0500001", "WM/Publisher": ["Label A", "Label B"], "WM/CatalogNo": "LA-1", "WM/Barcode": "4012345678901",
    "WM/Media": "CD", "WM/Language": "deu", "MusicBrainz/Track Id": MB[0], "MusicBrainz/Release Track Id": MB[1], "MusicBrainz/Album Id": MB[2],
    "MusicBrainz/Release Group Id": MB[3], "MusicBrainz/Artist Id": [MB[4], MB[5]], "MusicBrainz/Album Artist Id": MB[6], "MusicBrainz/Album Type": ["album", "live"],
    "MusicBrainz/Album Status": "official", "MusicBrainz/Album Release Country": "DE", "replaygain_track_gain": "-6.54 dB", "WM/Lyrics": "one\n\ntwo",
}.items():
    f[key] = value
f["WM/Picture"] = [cover(front, 3, "image/jpeg"), cover(back, 4, "image/png")]
f.save()
expect("full.wma", [picture(front), picture(back, 4, "image/png")], Codec="wmav2", BitDepth=0, Title="Käse & Brot", Artist="Anna; Bob", Artists=["Anna", "Bob"], Comment="a comment",
       Album="Das Album 東京", AlbumArtist="Various", AlbumArtistSort=["Various, The"], Track=3, TrackOf=12, Disc=1, DiscOf=2, DiscTitle="First half",
       Compilation=True, Genres=["Jazz", "Folk, World, & Country"], Moods=["calm"], Groupings=["set one"], Date=date(2005, 3, 1), OriginalDate=date(1999),
       Roles=[role("composer", "Clara", "", "C, Clara"), role("lyricist", "Lyra"), role("conductor", "Karl")], BPM=128, ISRC=["DEABC0500001"],
       Labels=["Label A", "Label B"], CatalogNo=["LA-1"], Barcode="4012345678901", Media="CD", Language="deu", RecordingID=MB[0], ReleaseTrackID=MB[1],
       ReleaseID=MB[2], ReleaseGroupID=MB[3], ArtistIDs=MB[4:6], AlbumArtistIDs=[MB[6]], ReleaseTypes=["album", "live"], ReleaseStatus="official",
       ReleaseCountry="DE", Gain={"TrackGain": -6.54, "TrackPeak": None, "AlbumGain": None, "AlbumPeak": None, "BaseGain": None},
       Lyrics=[{"Lang": "xxx", "Synced": False, "Offset": 0, "Lines": [{"Start": 0, "Text": t} for t in ("one", "", "two")]}])

# The same sound without a tag, and with a large picture.
shutil.copy("full.wma", "same-wma-0.wma")
shutil.copy("full.wma", "same-wma-1.wma")
f = ASF("same-wma-1.wma")
f.delete()
for path in ("full.wma", "plain.wma"):  # the length that the header tells counts whole blocks
    want = json.load(open(path + ".json"))
    want["Seconds"] = round(ASF(path).info.length, 4)
    json.dump(want, open(path + ".json", "w"), indent=1, sort_keys=True, ensure_ascii=False)
