"""The sounds of the collection: a few seconds that nobody recorded, encoded
once per codec and container by the real encoders, and by this script where
Debian has no encoder. Tags come later, into copies."""
import json
import math
import os
import random
import struct
import wave

from writers import FFMPEG, run

# name: rate, channels, bits, frames. The odd numbers end within a frame of every codec.
WAVES = {"main": (44100, 2, 16, 133337), "mono": (22050, 1, 16, 50021), "hi": (96000, 2, 24, 144123), "six": (48000, 6, 16, 72011), "narrow": (16000, 1, 16, 40009)}


def make_wave(path, rate, channels, bits, frames):
    """Chords that swell and fade over a little noise."""
    noise = random.Random(rate + channels)
    out = bytearray()
    for i in range(frames):
        t = i / rate
        swell = 0.2 + 0.15 * math.sin(2 * math.pi * t * 0.7)
        for c in range(channels):
            x = swell * (math.sin(2 * math.pi * (220 + 55 * c) * t) + 0.5 * math.sin(2 * math.pi * 440 * 1.26 * t)) + noise.uniform(-0.02, 0.02)
            n = int(x * 0.6 * (1 << bits - 1))
            out += n.to_bytes(bits // 8, "little", signed=True)
    with wave.open(path, "wb") as w:
        w.setnchannels(channels)
        w.setsampwidth(bits // 8)
        w.setframerate(rate)
        w.writeframes(bytes(out))


class Sound:
    """One encoding. command has the words WAV and OUT, or is a function of
    both paths. exact says that the container tells where the encoder's
    padding lies, so that the length is the source's; else it is the length of
    what ffmpeg decodes."""

    may = ()  # fields that the sound's own header tells, where no tag does

    def __init__(self, name, container, ext, codec, command, source="main", depth=0, exact=True, rate=0):
        self.name, self.container, self.ext, self.codec, self.command = name, container, ext, codec, command
        self.source, self.depth, self.exact, self.rate = source, depth, exact, rate

    def encode(self, wav, out):
        if callable(self.command):
            self.command(wav, out)
        else:
            run(*[{"WAV": wav, "OUT": out}.get(a, a) for a in self.command])

    def properties(self, path):
        """What is true of the encoded sound at path."""
        rate, channels, bits, frames = WAVES[self.source]
        props = {"codec": self.codec, "channels": channels, "rate": self.rate or rate}
        if self.depth:
            props["depth"] = self.depth
        if not self.exact:
            props["seconds"] = decoded(path)
        else:
            props["seconds"] = frames / rate
            if not self.rate:
                props["samples"] = frames
        if self.codec == "pcm":
            props["kbits"] = rate * channels * self.depth / 1000
        else:
            out = run("ffprobe", "-v", "error", "-select_streams", "a:0", "-show_entries", "packet=size", "-of", "csv=p=0", path)
            props["kbits"] = sum(int(line.strip(",")) for line in out.split()) * 8 / 1000 / props["seconds"]
        return props


def decoded(path):
    """The length of what ffmpeg decodes, in seconds."""
    out = run("ffmpeg", "-nostdin", "-v", "error", "-i", path, "-map", "0:a:0", "-ac", "1", "-ar", "48000", "-f", "null", "-progress", "-", "-")
    last = [line for line in out.splitlines() if line.startswith("out_time_us=")][-1]
    return int(last.split("=")[1]) / 1e6


def ff(*options):
    return [*FFMPEG, "-i", "WAV", "-map_metadata", "-1", *options, "OUT"]


# --- containers that no tool of Debian makes ----------------------------

def dsd_bytes(n):
    return random.Random(n).randbytes(n)


DSD = 2822400


def dsf(wav, out):
    """DSF 1.01: stereo DSD64 in blocks of 4,096 bytes a channel."""
    blocks = 64
    data = dsd_bytes(blocks * 4096 * 2)
    body = b"fmt " + struct.pack("<QIIIIIIQII", 52, 1, 0, 2, 2, DSD, 1, blocks * 4096 * 8, 4096, 0) + b"data" + struct.pack("<Q", 12 + len(data)) + data
    with open(out, "wb") as f:
        f.write(b"DSD " + struct.pack("<QQQ", 28, 28 + len(body), 0) + body)


def dff(wav, out):
    """DSDIFF 1.5: stereo DSD64, not compressed."""
    def chunk(name, data):
        return name + struct.pack(">Q", len(data)) + data + b"\0" * (len(data) & 1)
    prop = b"SND " + chunk(b"FS  ", struct.pack(">I", DSD)) + chunk(b"CHNL", struct.pack(">H", 2) + b"SLFTSRGT") + chunk(b"CMPR", b"DSD \x0enot compressed\0")
    body = b"DSD " + chunk(b"FVER", b"\1\5\0\0") + chunk(b"PROP", prop) + chunk(b"DSD ", dsd_bytes(64 * 4096 * 2))
    with open(out, "wb") as f:
        f.write(b"FRM8" + struct.pack(">Q", len(body)) + body)


class DSDSound(Sound):
    def properties(self, path):
        seconds = 64 * 4096 * 8 / DSD
        return {"codec": "dsd", "channels": 2, "rate": DSD, "depth": 1, "seconds": seconds, "kbits": DSD * 2 / 1000}


def ape(wav, out):
    """Monkey's Audio 3.99: a descriptor, a header, a table of two frames, and
    bytes where the sound would be."""
    frames, per, final = 2, 73728, 59609
    sound = dsd_bytes(90_000)
    table = struct.pack("<II", 52 + 24 + 8, 52 + 24 + 8 + 50_000)
    head = b"MAC " + struct.pack("<HHIIIIIII", 3990, 0, 52, 24, len(table), 0, len(sound), 0, 0) + bytes(16)
    head += struct.pack("<HHIIIHHI", 2000, 0, per, final, frames, 16, 2, 44100)
    with open(out, "wb") as f:
        f.write(head + table + sound)


class APESound(Sound):
    def properties(self, path):
        return {"codec": "ape", "channels": 2, "rate": 44100, "depth": 16, "seconds": 133337 / 44100, "samples": 133337, "kbits": 90_000 * 8 / 1000 / (133337 / 44100)}


def mp1(wav, out):
    """MPEG-1 layer I at 384 kbit/s: frames in which nothing sounds."""
    with open(out, "wb") as f:
        for i in range(300):
            pad = i % 4 != 0
            f.write((b"\xff\xff\xc2\x00" if pad else b"\xff\xff\xc0\x00") + bytes((104 + pad) * 4 - 4))


class MP1Sound(Sound):
    def properties(self, path):
        seconds = 300 * 384 / 44100
        return {"codec": "mp1", "channels": 2, "rate": 44100, "seconds": seconds, "kbits": os.path.getsize(path) * 8 / 1000 / seconds}


def chained(command):
    """Two streams, one behind the other."""
    def make(wav, out):
        for part in "1", "2":
            run(*[{"WAV": wav, "OUT": out + "." + part + os.path.splitext(out)[1], "SERIAL": part}.get(a, a) for a in command])
        with open(out, "wb") as f:
            for part in "1", "2":
                name = out + "." + part + os.path.splitext(out)[1]
                f.write(open(name, "rb").read())
                os.remove(name)
    return make


class Twice(Sound):
    def properties(self, path):
        rate, channels, _, frames = WAVES[self.source]
        return {"codec": self.codec, "channels": channels, "rate": self.rate or rate, "seconds": 2 * frames / rate}


def vbr_without_header(wav, out):
    run("lame", "--quiet", "-V", "4", "-t", wav, out)


SOUNDS = [
    Sound("mp3", "MP3", ".mp3", "mp3", ["lame", "--quiet", "-b", "128", "WAV", "OUT"]),
    Sound("mp3-vbr", "MP3", ".mp3", "mp3", ["lame", "--quiet", "-V", "2", "WAV", "OUT"]),
    Sound("mp3-bare", "MP3", ".mp3", "mp3", ["lame", "--quiet", "-b", "192", "-t", "WAV", "OUT"], exact=False),
    Sound("mp3-mono", "MP3", ".mp3", "mp3", ["lame", "--quiet", "-V", "5", "--resample", "22.05", "WAV", "OUT"], source="mono"),
    Sound("mp3-ffmpeg", "MP3", ".mp3", "mp3", ff("-c:a", "libmp3lame", "-b:a", "160k", "-id3v2_version", "0")),
    Sound("mp2", "MP2", ".mp2", "mp2", ["twolame", "--quiet", "-b", "192", "WAV", "OUT"], exact=False),
    Sound("mp2-ffmpeg", "MP2", ".mp2", "mp2", ff("-c:a", "mp2", "-b:a", "256k"), exact=False),
    MP1Sound("mp1", "MP1", ".mp1", "mp1", mp1),
    Sound("aac", "ADTS", ".aac", "aac", ff("-c:a", "aac", "-b:a", "128k", "-f", "adts"), exact=False),
    Sound("flac", "FLAC", ".flac", "flac", ["flac", "-s", "-f", "-o", "OUT", "WAV"], depth=16),
    Sound("flac-24", "FLAC", ".flac", "flac", ["flac", "-s", "-f", "-o", "OUT", "WAV"], source="hi", depth=24),
    Sound("flac-six", "FLAC", ".flac", "flac", ff("-c:a", "flac"), source="six", depth=16),
    Sound("flac-ogg", "Ogg FLAC", ".oga", "flac", ["flac", "-s", "-f", "--ogg", "-o", "OUT", "WAV"], depth=16),
    Sound("flac-ogg-ffmpeg", "Ogg FLAC", ".oga", "flac", ff("-c:a", "flac", "-f", "ogg"), depth=16),
    Sound("vorbis", "Ogg Vorbis", ".ogg", "vorbis", ["oggenc", "-Q", "-q", "4", "-o", "OUT", "WAV"]),
    Sound("vorbis-mono", "Ogg Vorbis", ".ogg", "vorbis", ["oggenc", "-Q", "-q", "1", "-o", "OUT", "WAV"], source="mono"),
    Sound("vorbis-ffmpeg", "Ogg Vorbis", ".oga", "vorbis", ff("-c:a", "libvorbis", "-q:a", "5")),
    Twice("vorbis-chain", "Ogg Vorbis", ".ogg", "vorbis", chained(["oggenc", "-Q", "-q", "4", "-s", "SERIAL", "-t", "First of two", "-o", "OUT", "WAV"])),
    Sound("opus", "Ogg Opus", ".opus", "opus", ["opusenc", "--quiet", "--bitrate", "96", "WAV", "OUT"], rate=48000),
    Sound("opus-six", "Ogg Opus", ".opus", "opus", ["opusenc", "--quiet", "--bitrate", "192", "WAV", "OUT"], source="six", rate=48000),
    Sound("opus-ffmpeg", "Ogg Opus", ".opus", "opus", ff("-c:a", "libopus", "-b:a", "64k"), rate=48000),
    Twice("opus-chain", "Ogg Opus", ".opus", "opus", chained(["opusenc", "--quiet", "--serial", "SERIAL", "--title", "First of two", "WAV", "OUT"]), rate=48000),
    Sound("speex", "Ogg Speex", ".spx", "speex", ["speexenc", "WAV", "OUT"], source="narrow", exact=False),
    Sound("speex-vbr", "Ogg Speex", ".spx", "speex", ["speexenc", "--vbr", "--quality", "6", "WAV", "OUT"], source="narrow", exact=False),
    Sound("m4a", "MP4 AAC", ".m4a", "aac", ff("-c:a", "aac", "-b:a", "128k")),
    Sound("m4a-front", "MP4 AAC", ".m4a", "aac", ff("-c:a", "aac", "-b:a", "96k", "-movflags", "+faststart"), source="six"),
    Sound("m4b", "MP4 AAC", ".m4b", "aac", ff("-c:a", "aac", "-b:a", "64k", "-f", "ipod"), source="mono"),
    Sound("alac", "MP4 ALAC", ".m4a", "alac", ff("-c:a", "alac"), depth=16),
    Sound("alac-24", "MP4 ALAC", ".m4a", "alac", ff("-c:a", "alac", "-sample_fmt", "s32p"), source="hi", depth=24),
    Sound("mp4-flac", "MP4 other", ".mp4", "flac", ff("-c:a", "flac", "-strict", "-2"), depth=16),
    Sound("mp4-opus", "MP4 other", ".mp4", "opus", ff("-c:a", "libopus", "-b:a", "96k"), rate=48000),
    Sound("fragments", "MP4 fragments", ".mp4", "aac", ff("-c:a", "aac", "-b:a", "128k", "-movflags", "+frag_keyframe+empty_moov+default_base_moof", "-frag_duration", "500000"), exact=False),
    Sound("wav", "WAV", ".wav", "pcm", ff("-c:a", "pcm_s16le", "-bitexact"), depth=16),
    Sound("wav-24", "WAV", ".wav", "pcm", ff("-c:a", "pcm_s24le", "-bitexact"), source="hi", depth=24),
    Sound("wav-float", "WAV", ".wav", "pcm", ff("-c:a", "pcm_f32le", "-bitexact"), depth=32),
    Sound("wav-six", "WAV", ".wav", "pcm", ff("-c:a", "pcm_s16le", "-bitexact"), source="six", depth=16),
    Sound("wav-8", "WAV", ".wav", "pcm", ff("-c:a", "pcm_u8", "-bitexact"), source="mono", depth=8),
    Sound("rf64", "RF64", ".wav", "pcm", ff("-c:a", "pcm_s16le", "-rf64", "always", "-bitexact"), depth=16),
    Sound("wav-adpcm", "WAV", ".wav", "adpcm", ff("-c:a", "adpcm_ms", "-bitexact"), exact=False),
    Sound("aiff", "AIFF", ".aiff", "pcm", ff("-c:a", "pcm_s16be", "-bitexact"), depth=16),
    Sound("aiff-24", "AIFF", ".aif", "pcm", ["sox", "-V1", "-D", "WAV", "-b", "24", "OUT"], source="hi", depth=24),
    Sound("aifc-sowt", "AIFF-C", ".aifc", "pcm", ff("-c:a", "pcm_s16le", "-f", "aiff", "-bitexact"), depth=16),
    Sound("aifc-float", "AIFF-C", ".aifc", "pcm", ff("-c:a", "pcm_f32be", "-f", "aiff", "-bitexact"), depth=32),
    Sound("wavpack", "WavPack", ".wv", "wavpack", ["wavpack", "-q", "-y", "WAV", "-o", "OUT"], depth=16),
    Sound("wavpack-hybrid", "WavPack", ".wv", "wavpack", ["wavpack", "-q", "-y", "-b256", "WAV", "-o", "OUT"], depth=16),
    Sound("wavpack-24", "WavPack", ".wv", "wavpack", ["wavpack", "-q", "-y", "-h", "WAV", "-o", "OUT"], source="hi", depth=24),
    Sound("wavpack-six", "WavPack", ".wv", "wavpack", ["wavpack", "-q", "-y", "WAV", "-o", "OUT"], source="six", depth=16),
    Sound("wavpack-ffmpeg", "WavPack", ".wv", "wavpack", ff("-c:a", "wavpack"), source="mono", depth=16),
    Sound("mpc8", "Musepack", ".mpc", "musepack", ["mpcenc", "--silent", "--overwrite", "WAV", "OUT"]),
    Sound("tta", "TTA", ".tta", "tta", ff("-c:a", "tta"), depth=16),
    Sound("tta-24", "TTA", ".tta", "tta", ff("-c:a", "tta", "-sample_fmt", "s32"), source="hi", depth=24),
    APESound("ape", "Monkey's Audio", ".ape", "ape", ape),
    DSDSound("dsf", "DSF", ".dsf", "dsd", dsf),
    DSDSound("dff", "DSDIFF", ".dff", "dsd", dff),
    Sound("ac3", "AC-3", ".ac3", "ac3", ff("-c:a", "ac3", "-b:a", "192k"), exact=False),
    Sound("eac3", "AC-3", ".eac3", "eac3", ff("-c:a", "eac3", "-b:a", "192k"), exact=False),
    Sound("dts", "DTS", ".dts", "dts", ff("-c:a", "dca", "-strict", "-2", "-b:a", "768k"), exact=False),
    Sound("w64", "Wave64", ".w64", "pcm", ff("-c:a", "pcm_s16le", "-f", "w64"), depth=16, exact=False),
    Sound("caf", "CAF", ".caf", "pcm", ff("-c:a", "pcm_s16be", "-f", "caf"), depth=16),
    Sound("caf-alac", "CAF", ".caf", "alac", ff("-c:a", "alac", "-f", "caf"), depth=16, exact=False),
    Sound("au", "AU", ".au", "pcm", ff("-c:a", "pcm_s16be", "-f", "au"), depth=16),
    Sound("wma2", "ASF", ".wma", "wmav2", ff("-c:a", "wmav2", "-b:a", "128k"), exact=False),
    Sound("wma1", "ASF", ".wma", "wmav1", ff("-c:a", "wmav1", "-b:a", "96k"), exact=False),
    Sound("mka-flac", "Matroska", ".mka", "flac", ff("-c:a", "flac"), depth=16),
    Sound("mka-vorbis", "Matroska", ".mka", "vorbis", ff("-c:a", "libvorbis", "-q:a", "4")),
    Sound("mka-aac", "Matroska", ".mka", "aac", ff("-c:a", "aac", "-b:a", "128k"), exact=False),
    Sound("mka-mp3", "Matroska", ".mka", "mp3", ff("-c:a", "libmp3lame", "-b:a", "128k"), exact=False),
    Sound("mka-pcm", "Matroska", ".mka", "pcm", ff("-c:a", "pcm_s16le"), depth=16),
    Sound("webm", "WebM", ".webm", "opus", ff("-c:a", "libopus", "-b:a", "96k"), rate=48000),
    Sound("webm-vorbis", "WebM", ".webm", "vorbis", ff("-c:a", "libvorbis", "-q:a", "3")),
]
for s in SOUNDS:
    if s.container == "MP3":
        s.may = ("track gain", "track peak")  # lame measures what it encodes
SOUND = {s.name: s for s in SOUNDS}
