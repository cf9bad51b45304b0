"""Assembles the test collection: collect.py FOLDER [part]. Every file is
written by real tools from the songs of songs.py; manifest.json beside them
says what was written and what a tool or a tag format had no room for. With a
part, such as 4, only every fourth file is made."""
import concurrent.futures
import json
import os
import shutil
import sys
import tempfile

import mutagen.aiff
import mutagen.dsdiff
import mutagen.dsf
import mutagen.wave

import names
import others
import songs
import sounds
from sounds import SOUND
from writers import *  # noqa: every writer is named below

EVERY = list(songs.SONGS)
MOST = ["full", "plain", "lists", "separators", "letters", "classical", "compilation", "numbers", "pictures", "gains"]
SOME = ["full", "plain", "separators", "letters", "compilation", "one picture"]
FEW = ["full", "plain", "latin"]

UTF8, LATIN1, UTF16, UTF16BE = 3, 0, 1, 2
ID3_ALL = set(names.ID3) | set(names.ID3_FREE) | set(names.ID3_PEOPLE) | NUMBERS | {"PERFORMER", "COMMENT", "LYRICS", "MUSICBRAINZ_TRACKID", "MOVEMENT", "MOVEMENTTOTAL", "PICTURES", "SYNCED"}
ID3_22_ALL = {n for n, f in names.ID3.items() if f in names.ID3_22} | set(names.ID3_FREE) | NUMBERS | {"DATE", "ORIGINALDATE", "COMMENT", "LYRICS", "MUSICBRAINZ_TRACKID", "PICTURES"}
MP4_ALL = set(names.MP4) | set(names.MP4_FREE) | NUMBERS | {"BPM", "COMPILATION", "PICTURES", "MOVEMENT", "MOVEMENTTOTAL", "SYNCED"}
APE_ALL = set(names.APE) | NUMBERS
FF_PICS = {"PICTURES"}
AU = {"TITLE", "ARTIST", "ALBUM", "GENRE"}


def plan():
    """Lists (sound, writer, songs)."""
    out = []

    def add(where, writer, which):
        for name in where.split():
            out.append((SOUND[name], writer, which))

    none = Writer("none", "none", lambda path, tags: None, can=set(), why="")
    for s in sounds.SOUNDS:
        if not isinstance(s, sounds.Twice):
            out.append((s, none, ["title"]))
    first = Writer("encoder", "Vorbis comments", lambda path, tags: None, can=set(), why="", adjust=lambda tags: tags.update(TITLE=["First of two"]) or {})
    add("vorbis-chain opus-chain", first, ["title"])

    # MP3
    for enc, label, adjust in (UTF8, "UTF-8", None), (UTF16, "UTF-16", None), (UTF16BE, "UTF-16BE", None), (LATIN1, "Latin-1", latin_only):
        add("mp3", Writer("mutagen", "ID3v2.4 " + label, mutagen_id3(enc), ID3_ALL, adjust=adjust), EVERY if enc != UTF16BE else SOME)
    add("mp3-vbr", Writer("mutagen", "ID3v2.3 UTF-16, NUL", mutagen_id3(UTF16, 3), ID3_ALL, adjust=id3_old(None)), EVERY)
    add("mp3-ffmpeg", Writer("mutagen", "ID3v2.3 UTF-16, /", mutagen_id3(UTF16, 3, sep="/"), ID3_ALL, adjust=id3_old("/")), MOST)
    add("mp3-bare", Writer("mutagen", "ID3v2.3 Latin-1", mutagen_id3(LATIN1, 3), ID3_ALL, adjust=both(latin_only, id3_old(None))), ["full", "latin", "separators"])
    add("mp3-mono", Writer("mutagen", "ID3v2.4 with ID3v1", mutagen_id3(UTF8, 4, v1=2), ID3_ALL), SOME)
    add("mp3-mono", Writer("script", "ID3v2.2 Latin-1", id3v22(0), ID3_22_ALL, lists=False, why="ID3v2.2 has no frame for it", adjust=both(latin_only, years("DATE", "ORIGINALDATE"))), MOST)
    add("mp3", Writer("script", "ID3v2.2 UCS-2", id3v22(1), ID3_22_ALL, lists=False, why="ID3v2.2 has no frame for it", adjust=years("DATE", "ORIGINALDATE")), MOST)
    v1 = dict(can=V1, lists=False, why="ID3v1 has no room for it")
    add("mp3-bare", Writer("mutagen", "ID3v1.1", id3v1, adjust=id3v1_cut(), **v1 | {"can": V1 - {"COMMENT"}}), ["plain", "latin", "long", "full", "numbers"])
    add("mp3-bare", Writer("script", "ID3v1.0", id3v10, adjust=id3v1_cut(30, track=False), **v1), ["plain", "latin", "long"])
    for flag, label, adjust in ("--id3v2-utf16", "ID3v2.3 UTF-16", None), ("--id3v2-latin1", "ID3v2.3 Latin-1", latin_only):
        add("mp3", Writer("lame", label, lame("-b", "128", "--add-id3v2", flag), LAME, lists=False, encodes=True, adjust=both(adjust or (lambda t: {}), front_only, untyped)), ["plain", "latin", "full", "one picture", "compilation"])
    add("mp3", Writer("lame", "ID3v1.1", lame("-b", "128", "--id3v1-only"), encodes=True, adjust=id3v1_cut(), **v1), ["plain", "latin"])
    for version in "2.4", "2.3":
        for enc in ("utf8", "utf16") if version == "2.4" else ("utf16", "latin1"):
            adjust = both(latin_only if enc == "latin1" else lambda t: {}, years("DATE", "ORIGINALDATE") if version == "2.3" else lambda t: {})
            add("mp3-vbr", Writer("eyeD3", "ID3v%s %s" % (version, enc), eyed3("--to-v" + version, "--encoding=" + enc), EYED3, lists=False, adjust=adjust), ["plain", "latin", "full", "pictures"])
    add("mp3", Writer("id3v2", "ID3v2.3 Latin-1", id3v2, ID3V2, lists=False, adjust=both(latin_only, no_colon, years("DATE"))), ["plain", "full", "separators", "numbers"])
    add("mp3", Writer("id3tag", "ID3v2.3 with ID3v1", id3tag, V1 | {"TRACKTOTAL"}, lists=False, adjust=both(latin_only, known_genre, years("DATE"), byte_numbers)), ["plain", "latin", "numbers"])
    add("mp3", Writer("mid3v2", "ID3v2.4 UTF-8", mid3v2, MID3V2, lists=False), ["plain", "full", "pictures", "separators"])
    add("mp3 mp3-ffmpeg", Writer("ffmpeg", "ID3v2.4", ffmpeg(FF_ID3, "-id3v2_version", "4"), set(FF_ID3) | NUMBERS | FF_PICS, lists=False), SOME)
    add("mp3 mp3-ffmpeg", Writer("ffmpeg", "ID3v2.3", ffmpeg(FF_ID3, "-id3v2_version", "3"), set(FF_ID3) | NUMBERS | FF_PICS, lists=False), SOME)
    add("mp3-bare", Writer("ffmpeg", "ID3v1.1", ffmpeg_v1, adjust=id3v1_cut(), **v1), ["plain", "long"])
    add("mp3 mp3-mono", Writer("TagLib", "ID3v2.4", taglib_write(True), taglib_can("WORK", "GROUPING", "MOVEMENT", "MOVEMENTTOTAL"), adjust=joined(",", "PRODUCER")), MOST)
    add("mp3", Writer("Kid3", "ID3v2", kid3(), set(KID3) | NUMBERS | FF_PICS, lists=False, adjust=front_only), ["plain", "full", "letters", "one picture"])
    add("mp3-bare mp3", Writer("mutagen", "APEv2", mutagen_ape, APE_ALL), MOST)

    def two(path, tags):
        mutagen_id3(UTF8)(path, tags)
        mutagen_ape(path, {"TITLE": ["stale"], "MOOD": ["from APE"]})
    add("mp3", Writer("mutagen", "ID3v2.4 and APEv2", two, ID3_ALL, adjust=lambda tags: tags.setdefault("MOOD", ["from APE"]) and {}), FEW)

    def tri(path, tags):
        id3v1(path, {"TITLE": ["stale"], "ARTIST": ["stale"]})
        mutagen_ape(path, tags)
    add("mp3", Writer("mutagen", "APEv2 and ID3v1", tri, APE_ALL), FEW)
    for name in "mp3-bare", "mp3":
        out.append((SOUND[name], Writer("mp3gain", "APEv2 gains", gain("mp3gain"), set(), why=""), ["title"]))
    out.append((SOUND["mp3"], Writer("mp3gain", "ID3v2 gains", gain("mp3gain -s i"), set(), why=""), ["title"]))
    for name in "mp3", "flac", "vorbis", "opus", "m4a":
        out.append((SOUND[name], Writer("loudgain", "gains", gain("loudgain"), set(), why=""), ["title"]))
    out.append((SOUND["flac"], Writer("metaflac", "gains", gain("metaflac"), set(), why=""), ["title"]))
    out.append((SOUND["vorbis"], Writer("vorbisgain", "gains", gain("vorbisgain"), set(), why=""), ["title"]))

    # ID3 around other sounds
    add("mp2 mp2-ffmpeg aac tta mp1", Writer("mutagen", "ID3v2.4 UTF-8", mutagen_id3(UTF8), ID3_ALL), SOME)
    add("mp2 aac", Writer("mutagen", "ID3v2.3 UTF-16", mutagen_id3(UTF16, 3), ID3_ALL, adjust=id3_old(None)), FEW)
    add("mp2 tta", Writer("mutagen", "ID3v1.1", id3v1, adjust=id3v1_cut(), **v1 | {"can": V1 - {"COMMENT"}}), ["plain", "latin"])
    add("aac mp2", Writer("mutagen", "APEv2", mutagen_ape, APE_ALL), FEW)
    add("tta-24", Writer("TagLib", "ID3v2.4", taglib_write(True), taglib_can("WORK", "GROUPING", "MOVEMENT", "MOVEMENTTOTAL"), adjust=joined(",", "PRODUCER")), SOME[:5])
    add("aac", Writer("ffmpeg", "ID3v2.4", ffmpeg(FF_ID3, "-write_id3v2", "1", "-f", "adts"), set(FF_ID3) | NUMBERS, lists=False), FEW)
    add("tta", Writer("ffmpeg", "APEv2", ffmpeg(FF), set(FF) | NUMBERS, lists=False), FEW)
    for name, kind in ("wav", mutagen.wave.WAVE), ("rf64", mutagen.wave.WAVE), ("aiff", mutagen.aiff.AIFF), ("aiff-24", mutagen.aiff.AIFF), ("aifc-sowt", mutagen.aiff.AIFF), ("dsf", mutagen.dsf.DSF), ("dff", mutagen.dsdiff.DSDIFF):
        if name != "rf64":  # mutagen takes RIFF alone
            add(name, Writer("mutagen", "ID3v2.4 UTF-8", mutagen_file_id3(kind), ID3_ALL), MOST)
    add("wav-24 wav-six", Writer("mutagen", "ID3v2.3 UTF-16", mutagen_file_id3(mutagen.wave.WAVE, UTF16, 3), ID3_ALL, adjust=id3_old(None)), FEW)
    add("wav wav-8", Writer("TagLib", "ID3v2.4 and INFO", taglib_write(True), taglib_can("WORK", "GROUPING", "MOVEMENT", "MOVEMENTTOTAL"), adjust=joined(",", "PRODUCER")), SOME[:5])
    add("aiff aifc-sowt", Writer("TagLib", "ID3v2.4", taglib_write(True), taglib_can("WORK", "GROUPING", "MOVEMENT", "MOVEMENTTOTAL"), adjust=joined(",", "PRODUCER")), SOME[:5])
    info = {k: FF.get(k, "track") for k in names.INFO}
    info_can = set(names.INFO) - {"TRACKNUMBER"} | {"TRACKNUMBER", "TRACKTOTAL"}
    add("wav wav-24 wav-float rf64", Writer("ffmpeg", "INFO", ffmpeg({k: v for k, v in info.items() if k != "TRACKNUMBER"}, "-rf64", "auto", disc=(None, "DISC")), info_can, lists=False, why="INFO has no chunk for it"), ["full", "plain", "latin", "letters", "separators"])
    add("aiff", Writer("ffmpeg", "ID3v2", ffmpeg(FF_ID3, "-write_id3v2", "1"), set(FF_ID3) | NUMBERS | FF_PICS, lists=False), SOME)
    add("wav", Writer("Kid3", "ID3v2", kid3(), set(KID3) | NUMBERS | FF_PICS, lists=False, adjust=front_only), ["plain", "full"])

    # Vorbis comments
    add("flac flac-24", Writer("metaflac", "Vorbis comments", metaflac), MOST)
    add("flac", Writer("flac", "Vorbis comments", flac_encode(), encodes=True), MOST)
    add("flac", Writer("sox", "Vorbis comments", sox("-C", "5"), V1, lists=False, encodes=True), FEW)
    add("flac-ogg", Writer("flac", "Vorbis comments", flac_encode("--ogg"), encodes=True), SOME)
    add("flac flac-six vorbis vorbis-ffmpeg opus flac-ogg speex", Writer("mutagen", "Vorbis comments", mutagen_vorbis), MOST)
    add("flac vorbis opus", Writer("mutagen", "Vorbis comments", mutagen_vorbis), ["long", "latin", "one picture", "sung"])
    add("vorbis vorbis-mono", Writer("vorbiscomment", "Vorbis comments", vorbiscomment, set(names.APE) | NUMBERS), MOST)
    add("vorbis", Writer("oggenc", "Vorbis comments", oggenc("-q", "4"), set(names.APE) | NUMBERS, encodes=True), MOST)
    add("opus", Writer("opusenc", "Vorbis comments", opusenc("--bitrate", "96"), encodes=True), MOST)
    add("speex", Writer("speexenc", "Vorbis comments", speexenc(), set(names.APE) | NUMBERS, encodes=True), SOME)
    vorbis_ff = FF | {"LYRICS": "LYRICS", "BPM": "BPM", "ISRC": "ISRC", "LABEL": "LABEL", "COMPILATION": "COMPILATION"} | {n: n for n in names.ID3_FREE}
    # ffmpeg calls them album_artist, track and disc whatever the container does.
    add("flac vorbis-ffmpeg opus-ffmpeg flac-ogg-ffmpeg", Writer("ffmpeg", "Vorbis comments", ffmpeg(vorbis_ff), set(vorbis_ff) | NUMBERS, lists=False), SOME)
    add("flac", Writer("ffmpeg", "FLAC pictures", ffmpeg(vorbis_ff), set(vorbis_ff) | NUMBERS | FF_PICS, lists=False), ["pictures", "one picture"])
    add("flac vorbis opus speex-vbr flac-ogg", Writer("TagLib", "Vorbis comments", taglib_write(False), taglib_can()), MOST)
    add("flac vorbis opus", Writer("Kid3", "Vorbis comments", kid3(), set(KID3) | NUMBERS | FF_PICS, lists=False, adjust=front_only), ["plain", "full", "letters", "one picture"])

    def with_id3(path, tags):
        mutagen_vorbis(path, tags)
        mutagen_id3(UTF8)(path, {"TITLE": ["stale"], "ALBUM": ["stale"]} if "ALBUM" in tags else {"TITLE": ["stale"]})
    add("flac", Writer("mutagen", "Vorbis comments behind ID3v2", with_id3), ["full", "plain"])

    # MP4
    add("m4a m4a-front alac alac-24", Writer("mutagen", "MP4 ilst", mutagen_mp4, MP4_ALL, adjust=no_types), MOST)
    add("m4b mp4-flac mp4-opus", Writer("mutagen", "MP4 ilst", mutagen_mp4, MP4_ALL, adjust=no_types), SOME)
    add("m4a", Writer("mutagen", "MP4 ilst", mutagen_mp4, MP4_ALL, adjust=no_types), ["long", "latin", "sung"])
    mp4 = dict(can=set(FF_MP4) | NUMBERS, lists=False)
    add("m4a alac", Writer("ffmpeg", "MP4 ilst", ffmpeg(FF_MP4), can=mp4["can"] | FF_PICS, lists=False, adjust=no_types), SOME)
    add("mp4-flac", Writer("ffmpeg", "MP4 ilst", ffmpeg(FF_MP4, "-strict", "-2"), **mp4), FEW)
    add("fragments", Writer("ffmpeg", "MP4 ilst", ffmpeg(FF_MP4, "-movflags", "+frag_keyframe+empty_moov+default_base_moof", "-frag_duration", "500000"), **mp4), SOME)
    add("m4a m4b", Writer("AtomicParsley", "MP4 ilst", atomicparsley, MP4_ALL - {"SYNCED", "WORK", "MOVEMENT", "MOVEMENTNAME", "MOVEMENTTOTAL"}, lists=False, adjust=both(no_types, spaceless(names.MP4_FREE))), SOME)
    add("m4a alac", Writer("TagLib", "MP4 ilst", taglib_write(True), taglib_can("MOVEMENT", "MOVEMENTTOTAL")), SOME[:5])
    add("m4a", Writer("Kid3", "MP4 ilst", kid3(), set(KID3) | NUMBERS | FF_PICS, lists=False, adjust=front_only), ["plain", "full", "letters", "one picture"])

    # APEv2
    add("wavpack wavpack-24 mpc8 ape", Writer("mutagen", "APEv2", mutagen_ape, APE_ALL | FF_PICS | {"SYNCED"}), MOST + ["sung"])
    add("wavpack", Writer("wavpack", "APEv2", wavpack(), APE_ALL, lists=False, encodes=True), SOME)
    add("wavpack-hybrid wavpack-six", Writer("wvtag", "APEv2", wvtag, APE_ALL, lists=False), SOME)
    add("mpc8", Writer("mpcenc", "APEv2", mpcenc(), APE_ALL, lists=False, encodes=True), SOME)
    add("wavpack wavpack-ffmpeg", Writer("ffmpeg", "APEv2", ffmpeg(FF), set(FF) | NUMBERS, lists=False), FEW)
    add("wavpack mpc8 ape", Writer("TagLib", "APEv2", taglib_write(True), taglib_can()), SOME[:5])
    add("wavpack", Writer("Kid3", "APEv2", kid3(), set(KID3) | NUMBERS, lists=False), ["plain", "full"])

    # ASF
    add("wma2 wma1", Writer("mutagen", "ASF", mutagen_asf, set(names.ASF) | NUMBERS | FF_PICS), MOST)
    add("wma2", Writer("ffmpeg", "ASF", ffmpeg(FF | {"LYRICS": "WM/Lyrics"}), set(FF) | {"TRACKNUMBER", "TRACKTOTAL"}, lists=False), FEW)
    add("wma2", Writer("TagLib", "ASF", taglib_write(True), taglib_can("PERFORMER", "WORK", "MOVEMENT", "MOVEMENTNAME", "MOVEMENTTOTAL", "ENGINEER", "ALBUMARTISTS"), adjust=joined(" ", "ARTIST")), SOME[:5])
    add("wma2", Writer("Kid3", "ASF", kid3(), set(KID3) | NUMBERS, lists=False), ["plain", "full"])

    # Other tables of names, and one tool after another
    for where, which in ("mp3 m4a flac opus", MOST), ("alac vorbis wavpack mpc8 ape wma2 aiff wav dsf", ["full", "compilation", "lists", "one picture"]):
        for name in where.split():
            lost = no_types if name in ("m4a", "alac") else own_arranger if name == "wma2" else lambda t: {}
            add(name, Writer("beets", tags_of(name), beets, set(names.BEETS) | {"DATE", "ORIGINALDATE", "PICTURES"}, single=BEETS_SINGLE, adjust=both(whole_dates, lost)), which)
    add("flac", Writer("metaflac", "Vorbis comments, other names", renamed(metaflac)), ["full", "compilation", "classical", "numbers"])
    add("vorbis", Writer("mutagen", "Vorbis comments, other names", renamed(mutagen_vorbis)), ["full", "compilation"])
    stale = {"TITLE": ["Stale"], "ARTIST": ["Stale"], "ALBUM": ["Stale"], "TRACKNUMBER": ["99"], "DATE": ["1901"], "GENRE": ["Pop"]}
    for first, write, then in ("id3v2", id3v2, Writer("mid3v2", "ID3v2.3, then 2.4", None, MID3V2, lists=False)), ("TagLib", taglib_write(True), Writer("eyeD3", "ID3v2.4 again", None, EYED3, lists=False)), (
            "mutagen", mutagen_id3(UTF16, 3, v1=2), Writer("mutagen", "ID3v2.3 with ID3v1, then 2.4", None, ID3_ALL)):
        second = {"mid3v2": mid3v2, "eyeD3": eyed3("--to-v2.4", "--encoding=utf8"), "mutagen": mutagen_id3(UTF8, v1=1)}[then.tool]
        then.tool, then.write = "%s over %s" % (then.tool, first), over(write, stale, second)
        add("mp3", then, ["plain", "full"])
    add("m4a", Writer("mutagen over ffmpeg", "MP4 ilst", over(ffmpeg(FF_MP4), stale, mutagen_mp4), MP4_ALL, adjust=no_types), ["plain", "full"])
    add("m4a-front", Writer("AtomicParsley over mutagen", "MP4 ilst", over(mutagen_mp4, stale, atomicparsley), MP4_ALL - {"SYNCED", "WORK", "MOVEMENT", "MOVEMENTNAME", "MOVEMENTTOTAL"}, lists=False, adjust=both(no_types, spaceless(names.MP4_FREE))), ["plain", "compilation"])

    # What few use
    add("caf caf-alac", Writer("ffmpeg", "CAF info", ffmpeg(FF, "-f", "caf"), set(FF) | NUMBERS, lists=False), FEW)
    add("au", Writer("ffmpeg", "AU annotation", ffmpeg({k: FF[k] for k in AU}, "-f", "au", disc=(None, "DISC")), AU | {"TRACKNUMBER", "TRACKTOTAL"}, lists=False, why="ffmpeg writes no such annotation"), FEW)

    # Matroska
    add("mka-flac mka-aac webm", Writer("mkvpropedit", "Matroska tags", mkvpropedit, set(MKV) | set(MKV_ALBUM) | FF_PICS, adjust=untyped_back), MOST)
    add("mka-flac mka-vorbis mka-pcm webm", Writer("ffmpeg", "Matroska tags", ffmpeg(FF), set(FF) | NUMBERS, lists=False), FEW)
    return out


def tags_of(sound):
    """Names the tags that a tool writes by itself into a container."""
    return {"MP3": "ID3v2.4", "AIFF": "ID3v2.4", "WAV": "ID3v2.4", "DSF": "ID3v2.4", "ASF": "ASF", "FLAC": "Vorbis comments", "Ogg Vorbis": "Vorbis comments", "Ogg Opus": "Vorbis comments",
            "MP4 AAC": "MP4 ilst", "MP4 ALAC": "MP4 ilst"}.get(SOUND[sound].container, "APEv2")


def gain(tool):
    """A tool that measures; what it wrote is read by another one."""
    def write(path, tags):
        env = os.environ
        if tool.startswith("mp3gain"):
            run(*tool.split(), "-q", path)
        elif tool == "loudgain":
            run("loudgain", "-q", "-s", "e" if not path.endswith((".opus", ".m4a")) else "i", path, env=env)
        elif tool == "metaflac":
            run("metaflac", "--add-replay-gain", path)
        else:
            run("vorbisgain", "-q", path)
        tags.update({k: v for k, v in others.mutagen_tags(path).items() if "GAIN_" in k})
        if not tags:
            raise RuntimeError("no gain in %s" % path)
    return write


def make(job):
    """Makes one file and returns its line of the manifest."""
    folder, cache, i, sound, writer, name = job
    tags, lost = writer.express(songs.SONGS[name])
    base = os.path.join(cache, sound.name + sound.ext)
    rel = os.path.join(sound.container.replace(" ", "-").replace("'", ""), "%04d%s" % (i, sound.ext))
    path = os.path.join(folder, rel)
    if writer.encodes:
        left = writer.write(os.path.join(cache, sound.source + ".wav"), path, tags)
    else:
        shutil.copyfile(base, path)
        left = writer.write(path, tags)
    for tag in left or {}:
        del tags[tag]
        lost[tag] = left[tag]
    with open(base + ".json") as f:
        props = json.load(f)
    if "ffmpeg" in writer.tool and sound.container.startswith("MP4"):
        props.pop("samples", None)  # it rounds to ms what it copies
    every = songs.TEXTS | songs.MANY | songs.GAINS
    said = {every.get(tag, tag.lower()): why for tag, why in lost.items() if why}
    return {"path": rel, "container": sound.container, "sound": sound.name, "tool": writer.tool, "tags": writer.tags, "song": name,
            "fields": songs.fields(tags), "may": sound.may, "lost": said, "properties": props}


def base(job):
    """Makes one sound."""
    cache, sound = job
    path = os.path.join(cache, sound.name + sound.ext)
    sound.encode(os.path.join(cache, sound.source + ".wav"), path)
    with open(path + ".json", "w") as f:
        json.dump(sound.properties(path), f)


JOBS = []


def attempt(i):
    kind, job = JOBS[i]
    try:
        return (make if kind == "file" else base)(job), None
    except Exception as e:  # told below, all of them at once
        return None, "%s: %s: %s" % (job[3:] and (job[3].name, job[4].tool, job[4].tags, job[5]) or job[1].name, type(e).__name__, e)


def every(kind, jobs):
    """Runs the jobs on every processor."""
    JOBS[:] = [(kind, j) for j in jobs]
    with concurrent.futures.ProcessPoolExecutor(os.cpu_count()) as pool:
        results = list(pool.map(attempt, range(len(JOBS)), chunksize=4))
    bad = [e for _, e in results if e]
    if bad:
        sys.exit("%d of %d could not be made:\n%s" % (len(bad), len(jobs), "\n".join(bad)))
    return [r for r, _ in results]


def main(folder, part=1):
    with tempfile.TemporaryDirectory() as cache:
        for name, shape in sounds.WAVES.items():
            sounds.make_wave(os.path.join(cache, name + ".wav"), *shape)
        for kind, color in ("image/jpeg", "red"), ("image/png", "blue"):
            path = os.path.join(cache, color + {"image/jpeg": ".jpg", "image/png": ".png"}[kind])
            run(*FFMPEG, "-f", "lavfi", "-i", "color=%s:s=64x64:d=0.04" % color, "-frames:v", "1", path)
            for number in "0", "3", "4":
                pictures[number + " " + kind] = open(path, "rb").read()
                pictures[number + " " + kind + " file"] = path
        jobs = [(sound, writer, name) for sound, writer, which in plan() for name in which][::part]
        needed = [s for s in sounds.SOUNDS if any(s is job[0] for job in jobs)]
        every("sound", [(cache, s) for s in needed])
        for sound in needed:
            os.makedirs(os.path.join(folder, sound.container.replace(" ", "-").replace("'", "")), exist_ok=True)
        manifest = every("file", [(folder, cache, i, *job) for i, job in enumerate(jobs)])
    with open(os.path.join(folder, "manifest.json"), "w") as f:
        json.dump(manifest, f, ensure_ascii=False, indent=1)
    print("%d files" % len(manifest))


if __name__ == "__main__":
    main(sys.argv[1], *map(int, sys.argv[2:3]))
