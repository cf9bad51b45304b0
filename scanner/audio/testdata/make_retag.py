"""The same sound once more: all tags dropped and others written, with a picture
of 12 kB, by mutagen. (make_id3.py does so for MP3, WAV and AIFF by ffmpeg.)"""
import base64, shutil
from mutagen.flac import FLAC, Picture
from mutagen.mp4 import MP4, MP4Cover
from mutagen.oggopus import OggOpus
from mutagen.oggvorbis import OggVorbis
from fixture import expect, front, picture

large = front + bytes(12000)


def block():
    p = Picture()
    p.type, p.mime, p.data = 3, "image/jpeg", large
    return p


for name in "full.flac", "full.ogg", "full.opus", "moov-last.m4a", "alac.m4a":
    n = "retag-" + name
    shutil.copyfile(name, n)
    if name.endswith(".flac"):
        f = FLAC(n)
        f.delete()
        f.clear_pictures()
        f.add_tags() if f.tags is None else None
        f["title"] = "Retagged"
        f.add_picture(block())
    elif name.endswith(".m4a"):
        f = MP4(n)
        f.delete()
        f["\xa9nam"] = "Retagged"
        f["covr"] = [MP4Cover(large)]
    else:
        f = (OggVorbis if name.endswith(".ogg") else OggOpus)(n)
        f.delete()
        f["title"] = "Retagged"
        f["metadata_block_picture"] = base64.b64encode(block().write()).decode()
    f.save()
    expect(n, [picture(large)], Title="Retagged", SameAs=name)
