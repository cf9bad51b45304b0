"""Matroska and WebM, by ffmpeg and mkvtoolnix."""
import shutil
from fixture import *

date = lambda y, m=0, d=0: {"Year": y, "Month": m, "Day": d}
role = lambda r, n, s="", o="": {"Role": r, "Sub": s, "Name": n, "ID": "", "Sort": o}
CUT = ["-t", "0.3"]


def ffmpeg(*args):
    run("ffmpeg", "-y", "-bitexact", *args)


def tags(*levels):
    """An XML file of tags: (level, [(name, value, [nested])])."""
    out = "<Tags>"
    for level, simple in levels:
        out += "<Tag><Targets><TargetTypeValue>%d</TargetTypeValue></Targets>" % level
        for name, value, *nested in simple:
            out += "<Simple><Name>%s</Name><String>%s</String>" % (name, value)
            for n, v in nested:
                out += "<Simple><Name>%s</Name><String>%s</String></Simple>" % (n, v)
            out += "</Simple>"
        out += "</Tag>"
    path = tmp + "/tags.xml"
    open(path, "w", encoding="utf-8").write(out + "</Tags>")
    return path


FLAT = ["-metadata", "title=By ffmpeg", "-metadata", "artist=Someone", "-metadata", "album=An album", "-metadata", "track=2/5", "-metadata", "genre=Rock",
        "-metadata", "date=2005-03-01", "-metadata", "album_artist=Various"]
flat = dict(Title="By ffmpeg", Artist="Someone", Album="An album", AlbumArtist="Various", Track=2, TrackOf=5, Genres=["Rock"], Date=date(2005, 3, 1))
ffmpeg("-i", tone, *CUT, "-c:a", "libopus", "-b:a", "24k", *FLAT, "opus.webm")
expect("opus.webm", Codec="opus", SampleRate=48000, **flat)
ffmpeg("-i", tone, *CUT, "-c:a", "flac", *FLAT, "flac.mkv")
expect("flac.mkv", Codec="flac", BitDepth=16, **flat)
ffmpeg("-i", tone, *CUT, "-c:a", "aac", "-b:a", "32k", *FLAT, "aac.mka")
expect("aac.mka", Codec="aac", **flat)
# As a stream: no length, no index, no sizes.
ffmpeg("-i", tone, *CUT, "-c:a", "libopus", "-b:a", "24k", "-metadata", "title=Live", "-f", "webm", "-live", "1", "live.webm")
expect("live.webm", Codec="opus", SampleRate=48000, Title="Live")

chapters = tmp + "/chapters.txt"
open(chapters, "w").write("CHAPTER01=00:00:00.000\nCHAPTER01NAME=Eins\nCHAPTER02=00:00:00.150\nCHAPTER02NAME=Zwei\n")
ffmpeg("-i", tone, *CUT, "-c:a", "libvorbis", "-b:a", "64k", tmp + "/m.ogg")
run("mkvmerge", "-q", "--deterministic", "1", "-o", "levels.mka", "--chapters", chapters, "--title", "Not the title",
    "--attachment-name", "cover.jpg", "--attachment-mime-type", "image/jpeg", "--attach-file", tmp + "/front.jpg",
    "--attachment-name", "back.png", "--attachment-mime-type", "image/png", "--attach-file", tmp + "/back.png",
    "--global-tags", tags(
        (60, [("TITLE", "A set"), ("TOTAL_PARTS", "9")]),
        (50, [("TITLE", "Das Album"), ("ARTIST", "Various", ("SORT_WITH", "Various, The")), ("DATE_RELEASED", "2006-04"), ("LABEL", "Label A"), ("LABEL", "Label B"),
              ("CATALOG_NUMBER", "LA-1"), ("BARCODE", "4012345678901"), ("GENRE", "Jazz"), ("GENRE", "Folk, World, &amp; Country"), ("REPLAYGAIN_GAIN", "-3.5 dB")]),
        (40, [("PART_NUMBER", "2"), ("TITLE", "Second half"), ("TOTAL_PARTS", "12")]),
        (30, [("TITLE", "Käse &amp; Brot"), ("ARTIST", "Anna"), ("ARTIST", "Bob"), ("PART_NUMBER", "3"), ("COMPOSER", "Clara", ("SORT_WITH", "C, Clara")),
              ("LEAD_PERFORMER", "Gil", ("INSTRUMENTS", "guitar")), ("REPLAYGAIN_GAIN", "-6.54 dB"), ("REPLAYGAIN_PEAK", "0.9876"), ("BPM", "128")]),
    ), tmp + "/m.ogg")
expect("levels.mka", [picture(front), picture(back, 0, "image/png")], Codec="vorbis", Title="Käse & Brot", Artist="Anna; Bob", Artists=["Anna", "Bob"], Album="Das Album",
       AlbumArtist="Various", AlbumArtistSort=["Various, The"], ReleaseDate=date(2006, 4), Labels=["Label A", "Label B"], CatalogNo=["LA-1"], Barcode="4012345678901",
       Genres=["Jazz", "Folk, World, & Country"], Disc=2, DiscTitle="Second half", Track=3, TrackOf=12, BPM=128,
       Roles=[role("composer", "Clara", "", "C, Clara"), role("performer", "Gil", "guitar")],
       Gain={"TrackGain": -6.54, "TrackPeak": 0.9876, "AlbumGain": -3.5, "AlbumPeak": None, "BaseGain": None},
       Chapters=[{"Start": 0, "End": 0, "Title": "Eins"}, {"Start": 150, "End": 0, "Title": "Zwei"}])

# One sound, tagged anew.
for i in range(3):
    shutil.copy("levels.mka", "same-mka-%d.mka" % i)
run("mkvpropedit", "same-mka-1.mka", "--tags", "all:", "--delete-attachment", "1", "--chapters", "", "--delete", "title")
run("mkvpropedit", "same-mka-2.mka", "--tags", "global:" + tags((50, [("TITLE", "x" * 3000)])), "--add-attachment", tmp + "/front.jpg")
