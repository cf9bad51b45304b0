"""Chapters as ffmpeg writes them into each container."""
from fixture import *

meta = tmp + "/chapters.meta"
open(meta, "w", encoding="utf-8").write(";FFMETADATA1\ntitle=Das Buch\n" + "".join(
    "[CHAPTER]\nTIMEBASE=1/1000\nSTART=%d\nEND=%d\ntitle=%s\n" % c for c in ((0, 200, "Eins"), (200, 350, "Zwei 二"), (350, 500, "Drei"))))
for path, codec, ends in (("chapters.m4b", ["aac", "-b:a", "32k", "-f", "ipod"], False), ("chapters.mp3", ["libmp3lame", "-b:a", "32k"], True),
                          ("chapters23.mp3", ["libmp3lame", "-b:a", "32k", "-id3v2_version", "3"], True), ("chapters.opus", ["libopus", "-b:a", "24k"], False),
                          ("chapters.mka", ["libopus", "-b:a", "24k"], True)):
    run("ffmpeg", "-y", "-bitexact", "-i", tone, "-i", meta, "-map", "0:a", "-map_metadata", "1", "-c:a", *codec, path)
    more = dict(SampleRate=48000) if "libopus" in codec else {}
    expect(path, Title="Das Buch", **more,
           Chapters=[{"Start": a, "End": b if ends else 0, "Title": t} for a, b, t in ((0, 200, "Eins"), (200, 350, "Zwei 二"), (350, 500, "Drei"))])
