"""What other readers find in the collection: others.py FOLDER reads every
file of its manifest with ffprobe, mutagen and TagLib, and writes others.json:
for each reader and file the fields and properties, by the names of songs.py.
What a reader has no word for, such as the kind of a picture, is absent."""
import concurrent.futures
import json
import os
import re
import subprocess
import sys

import mutagen
import mutagen.apev2
import mutagen.asf
import mutagen.id3
import mutagen.mp4
import taglib

import names
import songs


def squeeze(name):
    return re.sub(r"[^A-Z0-9]", "", name.upper())


# The names of songs.py by every spelling that a reader may show.
CANONICAL = {}
for table in names.ID3_FREE, names.MP4_FREE, names.APE, names.ASF, {k: k for k in names.APE}:
    for canonical, shown in table.items():
        CANONICAL.setdefault(squeeze(shown), canonical)
for shown, canonical in {
        "TRACK": "TRACKNUMBER", "DISC": "DISCNUMBER", "TRACKNUMBER": "TRACKNUMBER", "DISCNUMBER": "DISCNUMBER", "TRACKTOTAL": "TRACKTOTAL", "DISCTOTAL": "DISCTOTAL", "TOTALTRACKS": "TRACKTOTAL",
        "TOTALDISCS": "DISCTOTAL", "PUBLISHER": "LABEL", "ORGANIZATION": "LABEL", "TSRC": "ISRC", "TBPM": "BPM", "SORTNAME": "TITLESORT", "SORTARTIST": "ARTISTSORT", "SORTALBUM": "ALBUMSORT",
        "SORTALBUMARTIST": "ALBUMARTISTSORT", "SORTCOMPOSER": "COMPOSERSORT", "PARTNUMBER": "TRACKNUMBER", "DATERECORDED": "DATE", "LYRICSENG": "LYRICS", "LYRICSXXX": "LYRICS", "YEAR": "DATE",
        "TORY": "ORIGINALDATE", "TDOR": "ORIGINALDATE", "TPE4": "REMIXER", "TIT1": "GROUPING", "TEXT": "LYRICIST", "TMED": "MEDIA", "TMOO": "MOOD", "TSST": "DISCSUBTITLE", "TSO2": "ALBUMARTISTSORT",
        "TSOC": "COMPOSERSORT", "UNSYNCEDLYRICS": "LYRICS", "CATALOG": "CATALOGNUMBER", "ALBUMARTISTSORTORDER": "ALBUMARTISTSORT", "MUSICBRAINZTRACKID": "MUSICBRAINZ_TRACKID",
        "PERFORMER": "PERFORMER", "WMCATALOGNO": "CATALOGNUMBER", "MUSICBRAINZALBUMTYPE": "RELEASETYPE", "RELEASETYPE": "RELEASETYPE", "CONTENTGROUP": "GROUPING", "MUSICBRAINZALBUMSTATUS": "RELEASESTATUS",
        "MVNM": "MOVEMENTNAME", "MVIN": "MOVEMENT", "DESCRIPTION": "COMMENT"}.items():
    CANONICAL[shown] = canonical


def renamed(pairs):
    """Gathers (name as shown, values) under the names of songs.py."""
    tags = {}
    for name, values in pairs:
        canonical = CANONICAL.get(squeeze(name))
        if canonical:
            tags.setdefault(canonical, []).extend(values)
    return tags


# --- ffprobe -----------------------------------------------------------

FF_CODECS = {"mpc8": "musepack", "mpc7": "musepack", "mp1float": "mp1"}


def ffprobe(path):
    p = subprocess.run(["ffprobe", "-v", "error", "-of", "json", "-show_format", "-show_streams", path], capture_output=True)
    told = json.loads(p.stdout or b"{}")
    sound = next((s for s in told.get("streams", []) if s["codec_type"] == "audio"), None)
    if sound is None:
        return None
    shown = sound.get("tags", {}) | told["format"].get("tags", {})
    conductor = [v for k, v in shown.items() if k == "performer" and path.endswith((".mp3", ".aac", ".aiff", ".wav", ".mp2", ".tta", ".dsf"))]
    pairs = [(k, [v]) for k, v in shown.items() if not (k == "performer" and conductor)]
    tags = renamed(pairs)
    if conductor:
        tags["CONDUCTOR"] = conductor
    if sound["codec_name"] in ("flac", "vorbis", "opus", "speex"):
        # It joins repeated comments by semicolons.
        tags = {k: v[0].split(";") if k in songs.LISTS and len(v) == 1 else v for k, v in tags.items()}
    codec = sound["codec_name"]
    codec = "pcm" if codec.startswith("pcm_") else "adpcm" if codec.startswith("adpcm") else "dsd" if codec.startswith("dsd") else FF_CODECS.get(codec, codec)
    props = {"codec": codec, "channels": sound.get("channels"), "rate": int(sound.get("sample_rate", 0))}
    props["depth"] = int(sound.get("bits_per_raw_sample") or 0) or sound.get("bits_per_sample") or 0
    if codec == "dsd":
        props["rate"], props["depth"] = props["rate"] * 8, 1
    props["seconds"] = float(sound.get("duration") or told["format"].get("duration") or 0)
    props["kbits"] = float(sound.get("bit_rate") or told["format"].get("bit_rate") or 0) / 1000
    return {"fields": songs.fields(tags), "properties": {k: v for k, v in props.items() if v}}


# --- mutagen -----------------------------------------------------------

def id3_tags(tags):
    out = {}

    def put(name, values):
        out.setdefault(name, []).extend(str(v) for v in values)

    text = {frame: name for name, frame in names.ID3.items()} | {"TRCK": "TRACKNUMBER", "TPOS": "DISCNUMBER", "TYER": "DATE", "TORY": "ORIGINALDATE", "MVIN": "MOVEMENT"}
    functions = {what: name for name, what in names.ID3_PEOPLE.items()}
    for frame in tags.values():
        kind = frame.FrameID
        if kind == "TCON":
            put("GENRE", frame.genres)
        elif kind in text:
            put(text[kind], frame.text)
        elif kind == "TXXX" and squeeze(frame.desc) in CANONICAL:
            put(CANONICAL[squeeze(frame.desc)], frame.text)
        elif kind in ("TIPL", "TMCL", "IPLS"):
            for what, who in frame.people:
                if what in functions:
                    put(functions[what], [who])
                else:
                    put("PERFORMER", ["%s (%s)" % (who, what)])
        elif kind == "COMM" and frame.desc in ("", "Comment", "ID3v1 Comment"):
            out.setdefault("COMMENT", [str(t) for t in frame.text])
        elif kind == "USLT":
            put("LYRICS", [frame.text])
        elif kind == "SYLT":
            put("SYNCED", ["%d %s" % (ms, words) for words, ms in frame.text])
        elif kind == "UFID" and frame.owner == "http://musicbrainz.org":
            put("MUSICBRAINZ_TRACKID", [frame.data.decode()])
        elif kind == "APIC":
            put("PICTURES", ["%d %s" % (frame.type, frame.mime)])
        elif kind == "RVA2":
            what = "ALBUM" if frame.desc.lower() == "album" else "TRACK"
            out.setdefault("REPLAYGAIN_%s_GAIN" % what, ["%f" % frame.gain])
            out.setdefault("REPLAYGAIN_%s_PEAK" % what, ["%f" % frame.peak])
    return out


def mp4_tags(tags):
    out = {}
    atoms = {atom: name for name, atom in names.MP4.items()} | {"tmpo": "BPM", "\xa9mvi": "MOVEMENT", "\xa9mvc": "MOVEMENTTOTAL"}
    for key, values in tags.items():
        if key in atoms:
            out[atoms[key]] = [str(v) for v in values]
        elif key.startswith("----:"):
            name = CANONICAL.get(squeeze(key.split(":", 2)[2]))
            if name:
                out[name] = [bytes(v).decode("utf-8", "replace") for v in values]
        elif key in ("trkn", "disk"):
            n, of = values[0]
            out[{"trkn": "TRACKNUMBER", "disk": "DISCNUMBER"}[key]] = ["%d/%d" % (n, of) if of else str(n)]
        elif key == "cpil" and values:
            out["COMPILATION"] = ["1"]
        elif key == "covr":
            out["PICTURES"] = [("0 " if i else "3 ") + {13: "image/jpeg", 14: "image/png"}.get(c.imageformat, "?") for i, c in enumerate(values)]
    return out


def loudness(tags):
    """R128 gains as ReplayGain's (RFC 7845)."""
    for kind in "TRACK", "ALBUM":
        if "R128_%s_GAIN" % kind in tags:
            tags["REPLAYGAIN_%s_GAIN" % kind] = ["%f" % (int(tags.pop("R128_%s_GAIN" % kind)[0]) / 256 + 5)]
    return tags


def mutagen_of(f):
    """Returns the tags of an open file under the names of songs.py."""
    t = f.tags
    if t is None:
        return {}
    if isinstance(t, mutagen.id3.ID3):
        return id3_tags(t)
    if isinstance(t, mutagen.mp4.MP4Tags):
        return mp4_tags(t)
    if isinstance(t, mutagen.apev2.APEv2):
        out = renamed((k, list(v)) for k, v in t.items() if v.kind == mutagen.apev2.TEXT)
        shown = [(k, v.value) for k, v in t.items() if k.lower().startswith("cover art")]
        kinds = {"cover art (front)": "3", "cover art (back)": "4"}
        if shown:
            out["PICTURES"] = [kinds.get(k.lower(), "0") + (" image/png" if v.split(b"\0", 1)[-1].startswith(b"\x89PNG") else " image/jpeg") for k, v in shown]
        return out
    if isinstance(t, mutagen.asf.ASFTags):
        out = renamed((k, [str(v) for v in t[k]]) for k in t.keys() if k != "WM/Picture")
        shown = [v.value for v in t.get("WM/Picture", [])]
        if shown:
            out["PICTURES"] = ["%d %s" % (v[0], v[5:].split(b"\0\0\0", 1)[0].decode("utf-16-le", "ignore").strip("\0")) for v in shown]
        return out
    out = renamed((k, v) for k, v in ((k, t[k]) for k in t.keys()) if not k.upper().startswith("R128"))
    loud = {k.upper(): t[k] for k in t.keys() if k.upper().startswith("R128")}
    out |= loudness(loud)
    pictures = list(getattr(f, "pictures", []))
    if "metadata_block_picture" in t:
        import base64
        pictures += [mutagen.flac.Picture(base64.b64decode(p)) for p in t["metadata_block_picture"]]
    if pictures:
        out["PICTURES"] = ["%d %s" % (p.type, p.mime) for p in pictures]
    return out


def mutagen_tags(path):
    """Returns the tags of the file; of an MP3 with ID3 and APEv2 both."""
    f = mutagen.File(path)
    tags = mutagen_of(f) if f is not None else {}
    if path.endswith((".mp3", ".mp2", ".mp1", ".aac")):
        try:
            tags = renamed((k, list(v)) for k, v in mutagen.apev2.APEv2(path).items() if v.kind == mutagen.apev2.TEXT) | tags
        except mutagen.apev2.error:
            pass
    if path.endswith(".aac"):
        try:
            tags |= id3_tags(mutagen.id3.ID3(path))
        except mutagen.id3.error:
            pass
    return tags


def by_mutagen(path):
    f = mutagen.File(path)
    if f is None:
        return None
    i = f.info
    props = {"channels": getattr(i, "channels", 0), "rate": getattr(i, "sample_rate", 0), "depth": getattr(i, "bits_per_sample", 0), "seconds": getattr(i, "length", 0), "kbits": getattr(i, "bitrate", 0) / 1000}
    return {"fields": songs.fields(mutagen_tags(path)), "properties": {k: v for k, v in props.items() if v and v is not True}}


# --- TagLib ------------------------------------------------------------

def by_taglib(path):
    f = taglib.File(path)
    tags = renamed((k, list(v)) for k, v in f.tags.items())
    for kind in "ARRANGER", "PRODUCER", "ENGINEER":
        tags.setdefault(kind, []).extend(f.tags.get(kind, []) if kind not in tags else [])
    players = ["%s (%s)" % (who, k.split(":", 1)[1].lower()) for k, v in f.tags.items() if k.startswith("PERFORMER:") for who in v]
    if players:
        tags["PERFORMER"] = players
    props = {"channels": f.channels, "rate": f.sampleRate, "seconds": f.length, "kbits": f.bitrate}
    f.close()
    return {"fields": songs.fields(tags), "properties": {k: v for k, v in props.items() if v}}


READERS = {"ffprobe": ffprobe, "mutagen": by_mutagen, "TagLib": by_taglib}


def read(job):
    out = {}
    for name, reader in READERS.items():
        try:
            out[name] = reader(job)
        except Exception as e:  # a file that the reader refuses
            out[name] = None if os.path.exists(job) else sys.exit(e)
    return out


def main(folder):
    with open(os.path.join(folder, "manifest.json")) as f:
        files = [line["path"] for line in json.load(f)]
    with concurrent.futures.ProcessPoolExecutor(os.cpu_count()) as pool:
        found = list(pool.map(read, [os.path.join(folder, p) for p in files], chunksize=8))
    with open(os.path.join(folder, "others.json"), "w") as f:
        json.dump({name: [r[name] for r in found] for name in READERS}, f, ensure_ascii=False)


if __name__ == "__main__":
    main(sys.argv[1])
