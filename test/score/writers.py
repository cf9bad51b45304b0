"""The tools that write tags, each as a Writer: what it can express, how it
takes lists, and the call."""
import os
import struct
import subprocess
import tempfile

import mutagen.aac
import mutagen.aiff
import mutagen.apev2
import mutagen.asf
import mutagen.dsdiff
import mutagen.dsf
import mutagen.flac
import mutagen.id3
import mutagen.mp4
import mutagen.oggopus
import mutagen.oggvorbis
import mutagen.wave
import taglib

import names
import songs

ALL = None
# What is passed to a tool is UTF-8, wherever this runs.
os.environ["LC_ALL"] = "C.UTF-8"
FFMPEG = ["ffmpeg", "-nostdin", "-v", "error", "-y"]
pictures = {}  # by "type mime": bytes; by "type mime file": the path of a file with them


def run(*args, **more):
    """Runs a tool and returns what it printed; its failure is ours."""
    p = subprocess.run([str(a) for a in args], stdout=subprocess.PIPE, stderr=subprocess.PIPE, **more)
    if p.returncode:
        raise RuntimeError("%s\n%s" % (" ".join(map(str, args)), p.stderr.decode("utf-8", "replace")[-2000:]))
    return p.stdout.decode("utf-8", "replace")


class Writer:
    """One tool writing one kind of tag.

    can    the tags it can write, None for all
    lists  how it takes several values: True as several, "" only the first, or
           what it joins them by
    encodes  write is given the sound's WAV and makes the file itself
    write  may return {tag: reason} for what it could not write after all
    adjust changes the tags as the format does (cutting, dropping) and returns
           {tag: reason} for what it loses
    """

    def __init__(self, tool, tags, write, can=ALL, lists=True, encodes=False, adjust=None, why="", single=()):
        self.tool, self.tags, self.write, self.can, self.lists = tool, tags, write, can, lists
        self.encodes, self.adjust, self.why, self.single = encodes, adjust, why or "%s does not write it" % tool, set(single)

    def express(self, song):
        """Returns what of the song this writer puts into a file, and the
        reasons why it leaves out the rest."""
        tags, lost = {}, {}
        for name, values in song.items():
            if self.can is not ALL and name not in self.can:
                lost[name] = self.why
                continue
            if len(values) > 1 and name not in ("PICTURES", "SYNCED") and (self.lists is not True or name in self.single):
                if not self.lists or name in self.single:
                    lost[name] = "only the first of several"
                    values = values[:1]
                else:
                    lost[name] = "several joined by %r" % self.lists
                    values = [self.lists.join(values)]
            tags[name] = values
        if self.adjust:
            lost |= self.adjust(tags)
        return tags, lost


def number(tags, name):
    """Returns "3/11", or "3", or "" for TRACK or DISC."""
    n, of = tags.get(name + "NUMBER", [""])[0], tags.get(name + "TOTAL", [""])[0]
    return n + "/" + of if of else n


def pics(tags):
    return [(int(p.split()[0]), p.split()[1], pictures[p]) for p in tags.get("PICTURES", [])]


# --- ID3 ---------------------------------------------------------------

ID3_NOT = ("only with ID3v2.4",)


def id3_frames(tags, enc, version=4):
    """Makes mutagen's frames."""
    from mutagen import id3
    out = id3.ID3()
    for name, frame in names.ID3.items():
        if name in tags:
            out.add(getattr(id3, frame)(encoding=enc, text=tags[name]))
    for name, desc in names.ID3_FREE.items():
        if name in tags:
            out.add(id3.TXXX(encoding=enc, desc=desc, text=tags[name]))
    for frame, name in ("TRCK", "TRACK"), ("TPOS", "DISC"):
        if number(tags, name):
            out.add(getattr(id3, frame)(encoding=enc, text=[number(tags, name)]))
    if "MOVEMENT" in tags:
        out.add(id3.MVIN(encoding=enc, text=["/".join(tags["MOVEMENT"] + tags.get("MOVEMENTTOTAL", []))]))
    people = [[what, who] for name, what in names.ID3_PEOPLE.items() for who in tags.get(name, [])]
    players = [[p.rstrip(")").split(" (")[1], p.split(" (")[0]] for p in tags.get("PERFORMER", [])]
    if version == 4:
        if people:
            out.add(id3.TIPL(encoding=enc, people=people))
        if players:
            out.add(id3.TMCL(encoding=enc, people=players))
    elif people or players:
        out.add(id3.IPLS(encoding=enc, people=people + players))
    if "COMMENT" in tags:
        out.add(id3.COMM(encoding=enc, lang="eng", desc="", text=tags["COMMENT"]))
    if "LYRICS" in tags:
        out.add(id3.USLT(encoding=enc, lang="eng", desc="", text=tags["LYRICS"][0]))
    if "SYNCED" in tags:
        lines = [line.split(" ", 1) for line in tags["SYNCED"]]
        out.add(id3.SYLT(encoding=enc, lang="eng", format=2, type=1, desc="", text=[(words, int(ms)) for ms, words in lines]))
    if "MUSICBRAINZ_TRACKID" in tags:
        out.add(id3.UFID(owner="http://musicbrainz.org", data=tags["MUSICBRAINZ_TRACKID"][0].encode()))
    for kind, mime, data in pics(tags):
        out.add(id3.APIC(encoding=enc, mime=mime, type=kind, desc="%d" % kind, data=data))
    return out


def latin_only(tags):
    """Drops what Latin-1 has no letters for."""
    lost = {}
    for name in list(tags):
        try:
            "".join(tags[name]).encode("latin-1")
        except UnicodeEncodeError:
            lost[name] = "no such letters in Latin-1"
            del tags[name]
    return lost


def id3_old(sep):
    """What ID3v2.3 has no room for: mutagen turns the frames of 2.4 into
    those of 2.3 and drops some."""
    def adjust(tags):
        lost = {}
        for name in "MOOD", "DISCSUBTITLE", "TITLESORT", "ALBUMSORT", "ARTISTSORT":
            if tags.pop(name, None):
                lost[name] = "ID3v2.3 has no frame for it"
        if "ORIGINALDATE" in tags and len(tags["ORIGINALDATE"][0]) > 4:
            tags["ORIGINALDATE"] = [tags["ORIGINALDATE"][0][:4]]
            lost["ORIGINALDATE"] = "ID3v2.3 keeps the year alone"
        if "DATE" in tags and len(tags["DATE"][0]) == 7:
            tags["DATE"] = [tags["DATE"][0][:4]]
            lost["DATE"] = "ID3v2.3 has no month without a day"
        if sep:
            for name, values in tags.items():
                # Ids are told apart without a separator, and a list beside as many ids can be taken apart.
                ids = {"ARTISTS": "MUSICBRAINZ_ARTISTID", "ALBUMARTISTS": "MUSICBRAINZ_ALBUMARTISTID"}.get(name)
                if len(values) < 2 or name == "PICTURES" or name in names.ID3_PEOPLE or name == "PERFORMER" or name.startswith("MUSICBRAINZ") or ids and len(tags.get(ids, [])) == len(values):
                    continue
                if name in ("RELEASETYPE", "SYNCED"):
                    continue
                lost[name] = "ID3v2.3 has no lists: joined by %r" % sep
                tags[name] = [sep.join(values)]
        return lost
    return adjust


def both(*adjusts):
    def adjust(tags):
        lost = {}
        for a in adjusts:
            lost |= a(tags)
        return lost
    return adjust


def mutagen_id3(enc, version=4, v1=0, sep=None):
    from mutagen import id3

    def write(path, tags):
        try:
            f = id3.ID3(path)
            f.clear()
        except id3.ID3NoHeaderError:
            f = id3.ID3()
        for frame in id3_frames(tags, enc).values():
            f.add(frame)
        if version == 3:
            f.update_to_v23()
        f.save(path, v1=v1, v2_version=version, v23_sep=sep)
    return write


def mutagen_file_id3(kind, enc=3, version=4):
    """ID3 in the chunk that the container has for it."""
    def write(path, tags):
        f = kind(path)
        if f.tags is None:
            f.add_tags()
        for frame in id3_frames(tags, enc).values():
            f.tags.add(frame)
        if version == 3:
            f.tags.update_to_v23()
            f.save(v2_version=3, v23_sep=None)
        else:
            f.save()
    return write


def id3v22(enc):
    """ID3v2.2 by its specification (https://id3.org/id3v2-00): no tool of
    Debian writes it any more."""
    def text(s):
        return s.encode("latin-1") if enc == 0 else s.encode("utf-16")

    end = b"\0" if enc == 0 else b"\0\0"

    def write(path, tags):
        frames = []

        def add(frame, data):
            frames.append(frame.encode() + struct.pack(">I", len(data))[1:] + data)

        for name, frame in names.ID3.items():
            if name in tags and frame in names.ID3_22:
                add(names.ID3_22[frame], bytes([enc]) + text(tags[name][0]))
        for frame, name in ("TRK", "TRACK"), ("TPA", "DISC"):
            if number(tags, name):
                add(frame, bytes([enc]) + text(number(tags, name)))
        if "DATE" in tags:
            add("TYE", bytes([enc]) + text(tags["DATE"][0]))
        if "ORIGINALDATE" in tags:
            add("TOR", bytes([enc]) + text(tags["ORIGINALDATE"][0]))
        if "COMMENT" in tags:
            add("COM", bytes([enc]) + b"eng" + (text("") if enc == 0 else b"\xff\xfe") + end + text(tags["COMMENT"][0]))
        if "LYRICS" in tags:
            add("ULT", bytes([enc]) + b"eng" + (text("") if enc == 0 else b"\xff\xfe") + end + text(tags["LYRICS"][0]))
        for name, desc in names.ID3_FREE.items():
            if name in tags:
                add("TXX", bytes([enc]) + text(desc) + end + text(tags[name][0]))
        if "MUSICBRAINZ_TRACKID" in tags:
            add("UFI", b"http://musicbrainz.org\0" + tags["MUSICBRAINZ_TRACKID"][0].encode())
        for kind, mime, data in pics(tags):
            add("PIC", bytes([enc]) + {"image/jpeg": b"JPG", "image/png": b"PNG"}[mime] + bytes([kind]) + (b"" if enc == 0 else b"\xff\xfe") + end + data)
        body = b"".join(frames) + bytes(512)
        n = len(body)
        sound = open(path, "rb").read()
        with open(path, "wb") as f:
            f.write(b"ID3\2\0\0" + bytes([n >> 21 & 127, n >> 14 & 127, n >> 7 & 127, n & 127]) + body + sound)
    return write


def years(*tags_):
    def adjust(tags):
        lost = {}
        for name in tags_:
            if name in tags and len(tags[name][0]) > 4:
                tags[name] = [tags[name][0][:4]]
                lost[name] = "the year alone"
        return lost
    return adjust


def id3v1_cut(comment=28, encoding="latin-1", known=names.GENRES, track=True):
    """What 128 bytes hold."""
    def adjust(tags):
        lost = latin_only(tags) | years("DATE")(tags)
        for name, n in ("TITLE", 30), ("ARTIST", 30), ("ALBUM", 30), ("COMMENT", comment):
            if name in tags and len(tags[name][0].encode(encoding)) > n:
                tags[name] = [tags[name][0].encode(encoding)[:n].decode(encoding)]
                lost[name] = "cut at %d bytes" % n
        if "GENRE" in tags and tags["GENRE"][0] not in known:
            lost["GENRE"] = "not among ID3v1's genres"
            del tags["GENRE"]
        if "TRACKNUMBER" in tags and (not track or int(tags["TRACKNUMBER"][0]) > 255):
            lost["TRACKNUMBER"] = "one byte" if track else "ID3v1.0 has no room for it"
            del tags["TRACKNUMBER"]
        return lost
    return adjust


V1 = {"TITLE", "ARTIST", "ALBUM", "DATE", "COMMENT", "GENRE", "TRACKNUMBER"}


def id3v1(path, tags):
    """ID3v1.1 by mutagen, alone."""
    data = mutagen.id3.MakeID3v1(id3_frames(tags, 0))
    with open(path, "ab") as f:
        f.write(data)


def id3v10(path, tags):
    """ID3v1.0: the comment has 30 bytes and there is no track."""
    def cut(name, n):
        return tags.get(name, [""])[0].encode("latin-1")[:n].ljust(n, b" ")
    with open(path, "ab") as f:
        f.write(b"TAG" + cut("TITLE", 30) + cut("ARTIST", 30) + cut("ALBUM", 30) + cut("DATE", 4) + cut("COMMENT", 30) + bytes([names.GENRES.get(tags.get("GENRE", [""])[0], 255)]))


def lame(*options):
    def write(wav, path, tags):
        args = []
        for name, flag in ("TITLE", "--tt"), ("ARTIST", "--ta"), ("ALBUM", "--tl"), ("DATE", "--ty"), ("COMMENT", "--tc"), ("GENRE", "--tg"):
            if name in tags:
                args += [flag, tags[name][0]]
        if number(tags, "TRACK"):
            args += ["--tn", number(tags, "TRACK")]
        for name, frame in ("ALBUMARTIST", "TPE2"), ("COMPOSER", "TCOM"), ("BPM", "TBPM"), ("LABEL", "TPUB"), ("ISRC", "TSRC"):
            if name in tags:
                args += ["--tv", "%s=%s" % (frame, tags[name][0])]
        if number(tags, "DISC"):
            args += ["--tv", "TPOS=" + number(tags, "DISC")]
        for p in tags.get("PICTURES", [])[:1]:
            args += ["--ti", pictures[p + " file"]]
        run("lame", "--quiet", *options, *args, wav, path)
    return write


LAME = V1 | {"TRACKTOTAL", "ALBUMARTIST", "COMPOSER", "BPM", "LABEL", "ISRC", "DISCNUMBER", "DISCTOTAL", "PICTURES"}


def front_only(tags):
    if len(tags.get("PICTURES", [])) > 1:
        tags["PICTURES"] = tags["PICTURES"][:1]
        return {"PICTURES": "only one"}
    return {}


def untyped(tags):
    """The tool does not say what a picture shows."""
    if "PICTURES" in tags:
        tags["PICTURES"] = ["0" + p[1:] for p in tags["PICTURES"]]
        return {"PICTURES": "what a picture shows"}
    return {}


def joined(sep, *which):
    """The tool takes several values and stores them as one."""
    def adjust(tags):
        lost = {}
        for name in which:
            if len(tags.get(name, [])) > 1:
                tags[name] = [sep.join(tags[name])]
                lost[name] = "several joined by %r" % sep
        return lost
    return adjust


def spaceless(table):
    """The tool does not store free names with a space."""
    def adjust(tags):
        gone = [name for name in tags if " " in table.get(name, "")]
        for name in gone:
            del tags[name]
        return {name: "the tool drops names with a space" for name in gone}
    return adjust


def byte_numbers(tags):
    """The tool stores numbers in a byte."""
    gone = [name for name in ("TRACKNUMBER", "TRACKTOTAL") if int(tags.get(name, ["0"])[0]) > 255]
    for name in gone:
        del tags[name]
    return {name: "the tool cuts numbers to a byte" for name in gone}


def untyped_back(tags):
    """Attachments have names, and only a front has one of its own."""
    if "PICTURES" in tags:
        tags["PICTURES"] = ["0" + p[1:] if p[0] == "4" else p for p in tags["PICTURES"]]
    return {}


def eyed3(*options):
    def write(path, tags):
        args = []
        for name, flag in (("TITLE", "-t"), ("ARTIST", "-a"), ("ALBUM", "-A"), ("ALBUMARTIST", "-b"), ("GENRE", "-G"), ("TRACKNUMBER", "-n"), ("TRACKTOTAL", "-N"),
                           ("DISCNUMBER", "-d"), ("DISCTOTAL", "-D"), ("DATE", "--recording-date"), ("ORIGINALDATE", "--orig-release-date"), ("COMPOSER", "--composer"), ("BPM", "--bpm"), ("LABEL", "--publisher")):
            if name in tags:
                args += [flag, tags[name][0]]
        if "COMMENT" in tags:
            args += ["--add-comment", tags["COMMENT"][0].replace(":", "\\:") + "::eng"]
        for name, desc in names.ID3_FREE.items():
            if name in tags:
                args += ["--user-text-frame", desc.replace(":", "\\:") + ":" + tags[name][0].replace(":", "\\:")]
        for name, frame in ("ISRC", "TSRC"), ("CONDUCTOR", "TPE3"), ("LYRICIST", "TEXT"), ("GROUPING", "TIT1"), ("MEDIA", "TMED"):
            if name in tags:
                args += ["--text-frame", frame + ":" + tags[name][0].replace(":", "\\:")]
        if "MUSICBRAINZ_TRACKID" in tags:
            args += ["--unique-file-id", "http\\://musicbrainz.org:" + tags["MUSICBRAINZ_TRACKID"][0]]
        for p in tags.get("PICTURES", []):
            args += ["--add-image", pictures[p + " file"] + ":" + {"3": "FRONT_COVER:front", "4": "BACK_COVER:back"}[p[0]]]
        if "LYRICS" in tags:
            with tempfile.NamedTemporaryFile("w", suffix=".txt") as f:
                f.write(tags["LYRICS"][0])
                f.flush()
                run("eyeD3", "-Q", *options, *args, "--add-lyrics", f.name + "::eng", path)
            return
        run("eyeD3", "-Q", *options, *args, path)
    return write


EYED3 = {"TITLE", "ARTIST", "ALBUM", "ALBUMARTIST", "GENRE", "TRACKNUMBER", "TRACKTOTAL", "DISCNUMBER", "DISCTOTAL", "DATE", "ORIGINALDATE", "COMPOSER", "BPM", "LABEL", "COMMENT", "LYRICS",
         "ISRC", "CONDUCTOR", "LYRICIST", "GROUPING", "MEDIA", "MUSICBRAINZ_TRACKID", "PICTURES"} | set(names.ID3_FREE)


def id3v2(path, tags):
    args = []
    for name, frame in names.ID3.items():
        if name in tags and name in ID3V2:
            args += ["--" + ("TYER" if name == "DATE" else frame), tags[name][0]]
    for frame, name in ("TRCK", "TRACK"), ("TPOS", "DISC"):
        if number(tags, name):
            args += ["--" + frame, number(tags, name)]
    if "COMMENT" in tags:
        args += ["--comment", ":" + tags["COMMENT"][0] + ":eng"]
    if "REPLAYGAIN_TRACK_GAIN" in tags:
        args += ["--TXXX", "REPLAYGAIN_TRACK_GAIN:" + tags["REPLAYGAIN_TRACK_GAIN"][0]]
    run("id3v2", *args, path)


ID3V2 = {"TITLE", "ARTIST", "ALBUM", "ALBUMARTIST", "COMPOSER", "CONDUCTOR", "LYRICIST", "GENRE", "GROUPING", "DATE", "BPM", "ISRC", "LABEL", "MEDIA", "LANGUAGE",
         "TRACKNUMBER", "TRACKTOTAL", "DISCNUMBER", "DISCTOTAL", "COMMENT", "REPLAYGAIN_TRACK_GAIN"}


def no_colon(tags):
    return {name: "the tool splits at ':'" for name in ["COMMENT"] if ":" in tags.get(name, [""])[0] and tags.pop(name)}


def id3tag(path, tags):
    args = []
    for name, flag in ("TITLE", "-s"), ("ARTIST", "-a"), ("ALBUM", "-A"), ("COMMENT", "-c"), ("DATE", "-y"), ("GENRE", "-g"), ("TRACKNUMBER", "-t"), ("TRACKTOTAL", "-T"):
        if name in tags:
            args.append("%s%s" % (flag, names.GENRES[tags[name][0]] if name == "GENRE" else tags[name][0]))
    run("id3tag", *args, path)


def known_genre(tags):
    if "GENRE" in tags and tags["GENRE"][0] not in names.GENRES:
        del tags["GENRE"]
        return {"GENRE": "the tool takes ID3v1's genres alone"}
    return {}


def mid3v2(path, tags):
    args = []
    for name, frame in names.ID3.items():
        for value in tags.get(name, [])[:1]:
            args += ["--" + frame, value]
    for frame, name in ("TRCK", "TRACK"), ("TPOS", "DISC"):
        if number(tags, name):
            args += ["--" + frame, number(tags, name)]
    for name, desc in names.ID3_FREE.items():
        if name in tags:
            args += ["--TXXX", desc + ":" + tags[name][0]]
    if "COMMENT" in tags:
        args += ["--COMM", ":" + tags["COMMENT"][0].replace(":", "\\:") + ":eng"]
    for p in tags.get("PICTURES", []):
        kind, mime = p.split()
        args += ["--picture", "%s:%s:%s:%s" % (pictures[p + " file"], p, kind, mime)]
    run("mid3v2", *args, path)


MID3V2 = set(names.ID3) | set(names.ID3_FREE) | {"TRACKNUMBER", "TRACKTOTAL", "DISCNUMBER", "DISCTOTAL", "COMMENT", "PICTURES"}


def mutagen_ape(path, tags):
    try:
        f = mutagen.apev2.APEv2(path)
        f.clear()
    except mutagen.apev2.APENoHeaderError:
        f = mutagen.apev2.APEv2()
    tags = songs.lrc(tags)
    for name, key in names.APE.items():
        if name in tags:
            f[key] = tags[name]
    for key, name in ("Track", "TRACK"), ("Disc", "DISC"):
        if number(tags, name):
            f[key] = number(tags, name)
    for kind, mime, data in pics(tags):
        f[{3: "Cover Art (Front)", 4: "Cover Art (Back)"}[kind]] = mutagen.apev2.APEValue(("cover." + mime.split("/")[1]).encode() + b"\0" + data, mutagen.apev2.BINARY)
    f.save(path)


# --- Vorbis comments ---------------------------------------------------

def pairs(tags):
    return [(name, v) for name, values in songs.lrc(tags).items() if name != "PICTURES" for v in values]


def metaflac(path, tags):
    args = []
    with tempfile.TemporaryDirectory() as d:
        for i, (name, value) in enumerate(pairs(tags)):
            if "\n" in value:
                with open("%s/%d" % (d, i), "w") as f:
                    f.write(value)
                args.append("--set-tag-from-file=%s=%s/%d" % (name, d, i))
            else:
                args.append("--set-tag=%s=%s" % (name, value))
        for p in tags.get("PICTURES", []):
            args.append("--import-picture-from=%s|%s|||%s" % (p.split()[0], p.split()[1], pictures[p + " file"]))
        run("metaflac", "--no-utf8-convert", *args, path)


def flac_encode(*options):
    def write(wav, path, tags):
        args = ["--tag=%s=%s" % p for p in pairs(tags)]
        for p in tags.get("PICTURES", []):
            args.append("--picture=%s|%s|||%s" % (p.split()[0], p.split()[1], pictures[p + " file"]))
        run("flac", "-s", "-f", *options, *args, "-o", path, wav)
    return write


def mutagen_vorbis(path, tags):
    f = mutagen.File(path)
    if f.tags is None:
        f.add_tags()
    f.tags.clear()
    for name, values in songs.lrc(tags).items():
        if name != "PICTURES":
            f.tags[name] = values
    made = []
    for kind, mime, data in pics(tags):
        p = mutagen.flac.Picture()
        p.type, p.mime, p.data, p.width, p.height, p.depth = kind, mime, data, 16, 16, 24
        made.append(p)
    if isinstance(f, mutagen.flac.FLAC):
        for p in made:
            f.add_picture(p)
    elif made:
        import base64
        f.tags["METADATA_BLOCK_PICTURE"] = [base64.b64encode(p.write()).decode() for p in made]
    f.save()


def vorbiscomment(path, tags):
    lines = "".join("%s=%s\n" % (n, v.replace("\\", "\\\\").replace("\n", "\\n")) for n, v in pairs(tags))
    run("vorbiscomment", "-w", "-R", "-e", path, input=lines.encode())


def oggenc(*options):
    def write(wav, path, tags):
        run("oggenc", "-Q", "--utf8", *options, *[a for n, v in pairs(tags) for a in ("-c", n + "=" + v)], "-o", path, wav)
    return write


def opusenc(*options):
    def write(wav, path, tags):
        args = []
        for n, v in pairs(tags):
            flag = {"TITLE": "--title", "ARTIST": "--artist", "ALBUM": "--album", "GENRE": "--genre", "DATE": "--date"}.get(n)
            args += [flag, v] if flag else ["--comment", n + "=" + v]
        for p in tags.get("PICTURES", []):
            args += ["--picture", "%s|%s|||%s" % (p.split()[0], p.split()[1], pictures[p + " file"])]
        run("opusenc", "--quiet", *options, *args, wav, path)
    return write


def speexenc(*options):
    def write(wav, path, tags):
        run("speexenc", *options, *[a for n, v in pairs(tags) for a in ("--comment", n + "=" + v)], wav, path)
    return write


# --- MP4, ASF, RIFF ----------------------------------------------------

def mutagen_mp4(path, tags):
    f = mutagen.mp4.MP4(path)
    tags = songs.lrc(tags)
    if f.tags is None:
        f.add_tags()
    f.tags.clear()
    for name, atom in names.MP4.items():
        if name in tags:
            f.tags[atom] = tags[name]
    for name, free in names.MP4_FREE.items():
        if name in tags:
            f.tags["----:com.apple.iTunes:" + free] = [mutagen.mp4.MP4FreeForm(v.encode()) for v in tags[name]]
    for name, atom in ("TRACK", "trkn"), ("DISC", "disk"):
        if number(tags, name):
            f.tags[atom] = [(int(tags.get(name + "NUMBER", ["0"])[0]), int(tags.get(name + "TOTAL", ["0"])[0]))]
    for name, atom in ("BPM", "tmpo"), ("MOVEMENT", "\xa9mvi"), ("MOVEMENTTOTAL", "\xa9mvc"):
        if name in tags:
            f.tags[atom] = [int(tags[name][0])]
    if "COMPILATION" in tags:
        f.tags["cpil"] = True
    covers = [mutagen.mp4.MP4Cover(data, {"image/jpeg": 13, "image/png": 14}[mime]) for _, mime, data in pics(tags)]
    if covers:
        f.tags["covr"] = covers
    f.save()


def no_types(tags):
    """MP4 does not say what a picture shows: the first counts as the front."""
    kinds = tags.get("PICTURES", [])
    if kinds:
        tags["PICTURES"] = [("0" if i else "3") + p[1:] for i, p in enumerate(kinds)]
    return {"PICTURES": "what a picture shows"} if len(kinds) > 1 else {}


def atomicparsley(path, tags):
    args = []
    for name, flag in (("TITLE", "--title"), ("ARTIST", "--artist"), ("ALBUM", "--album"), ("ALBUMARTIST", "--albumArtist"), ("GENRE", "--genre"), ("DATE", "--year"), ("COMPOSER", "--composer"),
                       ("GROUPING", "--grouping"), ("COMMENT", "--comment"), ("BPM", "--bpm"), ("LYRICS", "--lyrics")):
        if name in tags:
            args += [flag, tags[name][0]]
    if number(tags, "TRACK"):
        args += ["--tracknum", number(tags, "TRACK")]
    if number(tags, "DISC"):
        args += ["--disk", number(tags, "DISC")]
    if "COMPILATION" in tags:
        args += ["--compilation", "true"]
    for name, kind in ("TITLESORT", "name"), ("ARTISTSORT", "artist"), ("ALBUMSORT", "album"), ("ALBUMARTISTSORT", "albumartist"), ("COMPOSERSORT", "composer"):
        if name in tags:
            args += ["--sortOrder", kind, tags[name][0]]
    for name, free in names.MP4_FREE.items():
        if name in tags:
            args += ["--rDNSatom", tags[name][0], "name=" + free, "domain=com.apple.iTunes"]
    for p in tags.get("PICTURES", []):
        args += ["--artwork", pictures[p + " file"]]
    run("AtomicParsley", path, *args, "--overWrite")


def mutagen_asf(path, tags):
    f = mutagen.asf.ASF(path)
    f.tags.clear()
    for name, key in names.ASF.items():
        if name in tags:
            f.tags[key] = [mutagen.asf.ASFUnicodeAttribute(v) for v in tags[name]]
    if number(tags, "TRACK"):
        f.tags["WM/TrackNumber"] = number(tags, "TRACK")
    if number(tags, "DISC"):
        f.tags["WM/PartOfSet"] = number(tags, "DISC")
    if "COMPILATION" in tags:
        f.tags["WM/IsCompilation"] = [mutagen.asf.ASFBoolAttribute(True)]
    shown = []
    for kind, mime, data in pics(tags):
        shown.append(mutagen.asf.ASFByteArrayAttribute(struct.pack("<bI", kind, len(data)) + mime.encode("utf-16-le") + b"\0\0\0\0" + data))
    if shown:
        f.tags["WM/Picture"] = shown
    f.save()


def ffmpeg(table, *options, track="track", disc="disc"):
    """ffmpeg copies the sound into a new file with these tags."""
    def write(path, tags):
        args = []
        for name, key in table.items():
            if name in tags:
                args += ["-metadata", "%s=%s" % (key, tags[name][0])]
        for key, name in (track, "TRACK"), (disc, "DISC"):
            if key and number(tags, name):
                args += ["-metadata", "%s=%s" % (key, number(tags, name))]
        ins = []
        for i, p in enumerate(tags.get("PICTURES", [])):
            ins += ["-i", pictures[p + " file"]]
            args += ["-map", str(i + 1), "-disposition:v:%d" % i, "attached_pic", "-metadata:s:v:%d" % i, "comment=" + {"3": "Cover (front)", "4": "Cover (back)"}[p[0]]]
        stem, ext = os.path.splitext(path)
        out = stem + ".new" + ext
        run(*FFMPEG, "-i", path, *ins, "-map", "0:a", *args, "-map_metadata", "-1", "-c", "copy", *options, out)
        os.replace(out, path)
    return write


def ffmpeg_v1(path, tags):
    """ffmpeg writes ID3v1 beside ID3v2 alone; that is taken away again."""
    ffmpeg(FF, "-id3v2_version", "3", "-write_id3v1", "1")(path, tags)
    run("id3v2", "--delete-v2", path)


FF = {"TITLE": "title", "ARTIST": "artist", "ALBUM": "album", "ALBUMARTIST": "album_artist", "DATE": "date", "GENRE": "genre", "COMPOSER": "composer", "COMMENT": "comment"}
FF_ID3 = FF | {"LABEL": "publisher", "CONDUCTOR": "performer", "LANGUAGE": "language", "TITLESORT": "title-sort", "ALBUMSORT": "album-sort", "ARTISTSORT": "artist-sort", "COMPILATION": "compilation",
               "GROUPING": "grouping", "ISRC": "TSRC", "BPM": "TBPM", "LYRICS": "lyrics"} | names.ID3_FREE
FF_MP4 = FF | {"GROUPING": "grouping", "LYRICS": "lyrics", "COMPILATION": "compilation"}
NUMBERS = {"TRACKNUMBER", "TRACKTOTAL", "DISCNUMBER", "DISCTOTAL"}


def taglib_write(combined):
    """TagLib by its property map, one set of names for every format."""
    def write(path, tags):
        f = taglib.File(path)
        new = {name: values for name, values in tags.items() if name != "PICTURES"}
        if combined:
            for name in "TRACK", "DISC":
                if number(tags, name):
                    new[name + "NUMBER"] = [number(tags, name)]
                new.pop(name + "TOTAL", None)
        f.tags = new
        left = f.save()
        f.close()
        return {name: "TagLib has no place for it here" for name in left}
    return write


TAGLIB_ID3_NOT = {"PICTURES", "PERFORMER", "WORK", "MOVEMENT", "MOVEMENTNAME", "MOVEMENTTOTAL", "GROUPING"}


def taglib_can(*without):
    everything = set(names.APE) | NUMBERS
    return everything - {"PICTURES"} - set(without)


KID3 = {"TITLE": "title", "ARTIST": "artist", "ALBUM": "album", "COMMENT": "comment", "DATE": "date", "GENRE": "genre", "ALBUMARTIST": "albumartist", "COMPOSER": "composer", "CONDUCTOR": "conductor",
        "LYRICIST": "lyricist", "BPM": "bpm", "ISRC": "isrc", "LYRICS": "lyrics"}


def kid3(only=None, version=None):
    def write(path, tags):
        def quote(s):
            return "'" + s.replace("\\", "\\\\").replace("'", "\\'") + "'"
        commands = []
        for name, frame in KID3.items():
            if name in tags:
                commands += ["-c", "set %s %s 2" % (quote(frame), quote(tags[name][0]))]
        for name, frame in ("TRACK", "track number"), ("DISC", "disc number"):
            if number(tags, name):
                commands += ["-c", "set %s %s 2" % (quote(frame), quote(number(tags, name)))]
        for p in tags.get("PICTURES", [])[:1]:
            commands += ["-c", "set picture:%s '' 2" % quote(pictures[p + " file"])]
        if version:
            commands += ["-c", "to" + version + " 2"]
        run("kid3-cli", *commands, "-c", "save", path, env=os.environ | {"QT_QPA_PLATFORM": "offscreen", "HOME": tempfile.gettempdir()})
    return write


def sox(*options):
    """sox writes the file anew, with comments of the form Name=value."""
    def write(wav, path, tags):
        args = []
        for name, key in (("TITLE", "Title"), ("ARTIST", "Artist"), ("ALBUM", "Album"), ("DATE", "Year"), ("GENRE", "Genre"), ("TRACKNUMBER", "Tracknumber"), ("COMMENT", "Comment")):
            if name in tags:
                args += ["--add-comment", "%s=%s" % (key, tags[name][0])]
        run("sox", "-V1", "-D", wav, *options, *args, path)
    return write


def wavpack(*options):
    def write(wav, path, tags):
        run("wavpack", "-q", "-y", *options, *ape_words(tags, "%s=%s"), wav, "-o", path)
    return write


def ape_words(tags, form, flag="-w"):
    args = []
    for name, key in names.APE.items():
        if name in tags:
            args += [flag, form % (key, tags[name][0])]
    for key, name in ("Track", "TRACK"), ("Disc", "DISC"):
        if number(tags, name):
            args += [flag, form % (key, number(tags, name))]
    return args


def wvtag(path, tags):
    run("wvtag", "-q", "--clear", *ape_words(tags, "%s=%s"), path)


def mpcenc(*options):
    def write(wav, path, tags):
        run("mpcenc", "--silent", "--overwrite", *options, *ape_words(tags, "%s=%s", "--tag"), wav, path)
    return write


def beets(path, tags):
    """beets by its library, which knows by itself what a format calls a tag."""
    import datetime

    import mediafile
    f = mediafile.MediaFile(path)
    for name, field in names.BEETS.items():
        if name not in tags:
            continue
        value = tags[name]
        if field in ("track", "tracktotal", "disc", "disctotal", "bpm"):
            value = int(value[0])
        elif field.startswith("rg_"):
            value = float(value[0].split()[0])
        elif field == "comp":
            value = True
        elif field not in BEETS_LISTS:
            value = value[0]
        setattr(f, field, value)
    for name, field in ("DATE", "date"), ("ORIGINALDATE", "original_date"):
        if name in tags:
            year, month, day = (tags[name][0].split("-") + ["1", "1"])[:3]
            setattr(f, field, datetime.date(int(year), int(month), int(day)))
    if "PICTURES" in tags:
        kinds = {0: mediafile.ImageType.other, 3: mediafile.ImageType.front, 4: mediafile.ImageType.back}
        f.images = [mediafile.Image(data, str(kind), kinds[kind]) for kind, _, data in pics(tags)]
    f.save()


BEETS_LISTS = {"artists", "albumartists", "genres", "albumtypes", "mb_artistids", "mb_albumartistids"}
BEETS_SINGLE = {name for name, field in names.BEETS.items() if field not in BEETS_LISTS}


def whole_dates(tags):
    """beets knows dates alone: what is missing becomes the first."""
    for name in "DATE", "ORIGINALDATE":
        if name in tags:
            tags[name] = [(tags[name][0] + "-01-01")[:10]]
    return {}


def own_arranger(tags):
    return {"ARRANGER": "beets has a name of its own for it"} if tags.pop("ARRANGER", None) else {}


def renamed(write):
    """The names that other players use."""
    return lambda path, tags: write(path, {names.OTHER.get(name, name): values for name, values in tags.items()})


def over(first, stale, then):
    """One tool changes what another one wrote before."""
    def write(path, tags):
        first(path, stale)
        return then(path, tags)
    return write


# --- Matroska ----------------------------------------------------------

MKV = {"TITLE": "TITLE", "ARTIST": "ARTIST", "GENRE": "GENRE", "COMPOSER": "COMPOSER", "CONDUCTOR": "CONDUCTOR", "LYRICIST": "LYRICIST", "ARRANGER": "ARRANGER", "PRODUCER": "PRODUCER",
       "TRACKNUMBER": "PART_NUMBER", "DATE": "DATE_RECORDED", "ISRC": "ISRC", "BPM": "BPM", "COMMENT": "COMMENT", "LYRICS": "LYRICS", "MOOD": "MOOD",
       "MUSICBRAINZ_TRACKID": "MUSICBRAINZ_TRACKID", "MUSICBRAINZ_ARTISTID": "MUSICBRAINZ_ARTISTID", "REPLAYGAIN_TRACK_GAIN": "REPLAYGAIN_GAIN", "REPLAYGAIN_TRACK_PEAK": "REPLAYGAIN_PEAK"}
MKV_ALBUM = {"ALBUM": "TITLE", "ALBUMARTIST": "ARTIST", "TRACKTOTAL": "TOTAL_PARTS", "LABEL": "LABEL", "CATALOGNUMBER": "CATALOG_NUMBER", "BARCODE": "BARCODE", "MUSICBRAINZ_ALBUMID": "MUSICBRAINZ_ALBUMID",
             "REPLAYGAIN_ALBUM_GAIN": "REPLAYGAIN_GAIN", "REPLAYGAIN_ALBUM_PEAK": "REPLAYGAIN_PEAK"}


def mkvpropedit(path, tags):
    """The tags as matroska.org lays them out: the album at level 50, the
    track at level 30, a list as repeated tags."""
    from xml.sax.saxutils import escape

    def level(n, table):
        simple = "".join("<Simple><Name>%s</Name><String>%s</String></Simple>" % (key, escape(v)) for name, key in table.items() for v in tags.get(name, []))
        return "<Tag><Targets><TargetTypeValue>%d</TargetTypeValue></Targets>%s</Tag>" % (n, simple) if simple else ""
    with tempfile.NamedTemporaryFile("w", suffix=".xml") as f:
        f.write('<?xml version="1.0" encoding="UTF-8"?><Tags>%s%s</Tags>' % (level(50, MKV_ALBUM), level(30, MKV)))
        f.flush()
        args = ["--tags", "all:" + f.name, "--edit", "info", "--set", "title=" + tags.get("TITLE", [""])[0]]
        for p in tags.get("PICTURES", []):
            kind, mime = p.split()
            args += ["--attachment-name", {"3": "cover", "0": "back"}[kind] + {"image/jpeg": ".jpg", "image/png": ".png"}[mime], "--attachment-mime-type", mime, "--add-attachment", pictures[p + " file"]]
        run("mkvpropedit", "-q", path, *args)
