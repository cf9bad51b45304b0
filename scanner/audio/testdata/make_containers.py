"""Monkey's Audio, WavPack, Musepack, TTA, DSF, DSDIFF, raw AAC, AC-3 and DTS, RF64,
AIFF-C, Wave64, CAF and AU. What no free encoder writes is put together here from the
formats' documents: Monkey's Audio, Musepack 7, DSF and DSDIFF (the latter two are
read back by ffmpeg and wavpack)."""
import json, math, os, random, shutil, struct, subprocess
from fixture import *
from mutagen.apev2 import APEv2, APEValue, BINARY, EXTERNAL, TEXT
from mutagen.dsf import DSF
from mutagen.dsdiff import DSDIFF
from mutagen.id3 import ID3, APIC, TALB, TIT2, TPE1
from mutagen.trueaudio import TrueAudio

rng = random.Random(7)
noise = lambda n: bytes(rng.randrange(255) for _ in range(n))
date = lambda y, m=0, d=0: {"Year": y, "Month": m, "Day": d}


def ffmpeg(*args):
    run("ffmpeg", "-y", "-bitexact", *args)


def tone_of(rate, channels, fmt, seconds, out, *more):
    ffmpeg("-f", "lavfi", "-i", "sine=frequency=300:duration=%s:sample_rate=%d" % (seconds, rate), "-ac", str(channels), "-c:a", fmt, *more, out)


def described(path, pictures=(), **fields):
    """expect for what ffmpeg cannot decode: every field is told."""
    fields["Pictures"] = list(pictures)
    with open(path + ".json", "w") as f:
        json.dump(fields, f, indent=1, sort_keys=True, ensure_ascii=False)
        f.write("\n")


def ape(path):
    """Tags path with APEv2: lists, a picture, a link that is none. Returns what should come out."""
    t = APEv2()
    t["Title"], t["Album"], t["Year"], t["Track"], t["Disc"] = "Käse", "Zoo", "2001-03", "5/6", "2"
    t["Artist"] = APEValue("Eins\0Zwei", TEXT)
    t["Genre"] = APEValue("Ska\0Dub", TEXT)
    t["Album Artist"] = "Alle"
    t["REPLAYGAIN_TRACK_GAIN"] = "-6.5 dB"
    t["Cover Art (Front)"] = APEValue(b"front.jpg\0" + front, BINARY)
    t["Cover Art (Back)"] = APEValue("http://example.org/back.jpg", EXTERNAL)
    t["Cover Art (Media)"] = APEValue(b"\0" + back, BINARY)
    t.save(path)
    return dict(Title="Käse", Album="Zoo", Date=date(2001, 3), Track=5, TrackOf=6, Disc=2, Artists=["Eins", "Zwei"], Genres=["Ska", "Dub"], AlbumArtist="Alle",
                pictures=[picture(back, 6, ""), picture(front)])


def id3(path):
    t = ID3()
    t.add(TIT2(encoding=3, text="Fröhlich"))
    t.add(TPE1(encoding=3, text=["Eins", "Zwei"]))
    t.add(TALB(encoding=1, text="Zoo"))
    t.add(APIC(encoding=3, mime="image/jpeg", type=3, desc="d", data=front))
    t.save(path, v1=2)
    return dict(Title="Fröhlich", Artists=["Eins", "Zwei"], Album="Zoo", pictures=[picture(front)])


# Monkey's Audio: the newer header and two older ones.
def monkey(name, version, flags=0, extra=b"", **fields):
    frames, last, per = 3, 1000, 73728 * 4
    sound = noise(4000)
    if version >= 3980:
        wave = noise(44)
        head = struct.pack("<4sHHIIIIIII", b"MAC ", version, 0, 52, 24, 12, len(wave), len(sound), 0, 0) + noise(16)
        head += struct.pack("<HHIIIHHI", 2000, 0, per, last, frames, fields["BitDepth"], 2, 44100) + noise(12) + wave
    else:
        per = {3970: 73728 * 4, 3800: 9216, 3920: 73728}[version]
        head = struct.pack("<4sHHHHIIIII", b"MAC ", version, 2000, flags, 2, 44100, 0 if flags & 32 else 44, 0, frames, last) + extra
    with open(name, "wb") as f:
        f.write(head + sound)
    described(name, Codec="ape", Channels=2, SampleRate=44100, Samples=per * 2 + last, Seconds=round((per * 2 + last) / 44100, 4), **fields)


monkey("new.ape", 3990, BitDepth=24)
monkey("old.ape", 3970, 4 | 16 | 32, struct.pack("<II", 30000, 3) + noise(12), BitDepth=16)
monkey("older.ape", 3920, 8, noise(44) + noise(12), BitDepth=24)
monkey("oldest.ape", 3800, 1, noise(44) + noise(12), BitDepth=8)
shutil.copyfile("new.ape", "tagged.ape")
tags = ape("tagged.ape")
described("tagged.ape", tags.pop("pictures"), Codec="ape", SampleRate=44100, SameAs="new.ape", Seconds=13.397, **tags)

# WavPack.
short, wide6, deep = tmp + "/short.wav", tmp + "/wide6.wav", tmp + "/deep.wav"
tone_of(44100, 2, "pcm_s16le", 0.1, short)
tone_of(48000, 6, "pcm_s24le", 0.02, wide6)
tone_of(44056, 1, "pcm_f32le", 0.05, deep)
for name, source, more, fields in (
    ("plain.wv", short, [], dict(BitDepth=16)), ("hybrid.wv", short, ["-b256"], dict(BitDepth=16)),
    ("six.wv", wide6, [], dict(BitDepth=24)), ("float.wv", deep, [], dict(BitDepth=32)),
):
    run("wavpack", "-q", "-y", *more, source, "-o", name)
    expect(name, Codec="wavpack", **fields)
with open(short, "rb") as f:  # from a pipe: the length is not known when it begins
    subprocess.run(["wavpack", "-q", "-y", "-i", "-", "-o", "pipe.wv"], input=f.read()[:-400], check=True)
b = bytearray(open("pipe.wv", "rb").read())
at = 0
while at < len(b) and b[at:at + 4] == b"wvpk":
    b[at + 12:at + 16] = b"\xff\xff\xff\xff"
    at += 8 + struct.unpack_from("<I", b, at + 4)[0]
open("pipe.wv", "wb").write(b)
described("pipe.wv", Codec="wavpack", SampleRate=44100, Channels=2, Samples=4410 - 100, Seconds=round(4310 / 44100, 4))
shutil.copyfile("plain.wv", "tagged.wv")
tags = ape("tagged.wv")
expect("tagged.wv", tags.pop("pictures"), SameAs="plain.wv", **tags)

# Musepack 8, with gains, and 7.
run("mpcenc", "--overwrite", "--silent", tone, "plain.mpc")
run("mpcgain", "plain.mpc")
expect("plain.mpc", Codec="musepack", Samples=22050,
       Gain={"TrackGain": 6.26, "TrackPeak": 0.08844218023061863, "AlbumGain": 6.26, "AlbumPeak": 0.08844218023061863, "BaseGain": None})
shutil.copyfile("plain.mpc", "tagged.mpc")
tags = ape("tagged.mpc")
expect("tagged.mpc", tags.pop("pictures"), SameAs="plain.mpc", **tags)
for name, gapless, samples in (("seven.mpc", 1 << 31 | 500 << 20, 9 * 1152 + 500), ("seven-old.mpc", 0, 10 * 1152 - 481)):
    gain = struct.pack("<HhHh", 16384, -650, 32768, 120)
    with open(name, "wb") as f:
        f.write(b"MP+\x17" + struct.pack("<II", 10, 1 << 30 | 24 << 24 | 10 << 20 | 1 << 16) + gain + struct.pack("<II", gapless, 120 << 24) + noise(3000))
    described(name, Codec="musepack", SampleRate=48000, Channels=2, Samples=samples, Seconds=round(samples / 48000, 4),
              Gain={"TrackGain": -6.5, "TrackPeak": 0.5, "AlbumGain": 1.2, "AlbumPeak": 1, "BaseGain": None})

# TTA.
ffmpeg("-i", short, "-c:a", "tta", "plain.tta")
expect("plain.tta", Codec="tta", BitDepth=16, Samples=4410)
ffmpeg("-i", wide6, "-c:a", "tta", "-sample_fmt", "s32", "six.tta")
expect("six.tta", Codec="tta", BitDepth=24, Samples=960)
shutil.copyfile("plain.tta", "tagged.tta")
tags = id3("tagged.tta")
expect("tagged.tta", tags.pop("pictures"), SameAs="plain.tta", **tags)
shutil.copyfile("plain.tta", "ape.tta")
tags = ape("ape.tta")
expect("ape.tta", tags.pop("pictures"), SameAs="plain.tta", **tags)


# DSD: what a tone looks like in one bit, by a modulator of first order.
def dsd(samples, freq):
    bits, err = [], 0.0
    for i in range(samples):
        err += 0.5 * math.sin(2 * math.pi * freq * i / 2822400)
        bit = err >= 0
        err -= 1 if bit else -1
        bits.append(bit)
    return bits


left, right = dsd(30000, 4000), dsd(30000, 6000)
pack = lambda bits, lsb: bytes(sum(b << (i if lsb else 7 - i) for i, b in enumerate(bits[n:n + 8])) for n in range(0, len(bits), 8))
blocks = [pack(c, True).ljust(4096, b"\x69") for c in (left, right)]
fmt = struct.pack("<4sQIIIIIIQII", b"fmt ", 52, 1, 0, 2, 2, 2822400, 1, 30000, 4096, 0)
data = struct.pack("<4sQ", b"data", 12 + 8192) + b"".join(blocks)
with open("plain.dsf", "wb") as f:
    f.write(struct.pack("<4sQQQ", b"DSD ", 28, 28 + len(fmt) + len(data), 0) + fmt + data)
one = dict(Codec="dsd", SampleRate=2822400, BitDepth=1, Channels=2, BitRate=5645)
expect("plain.dsf", Samples=30000, **one)
shutil.copyfile("plain.dsf", "tagged.dsf")
f = DSF("tagged.dsf")
f.add_tags()
f.tags.add(TIT2(encoding=3, text="Fröhlich"))
f.tags.add(APIC(encoding=3, mime="image/jpeg", type=3, desc="d", data=front))
f.tags.add(TPE1(encoding=3, text=["Eins", "Zwei"]))
f.save()
expect("tagged.dsf", [picture(front)], Samples=30000, SameAs="plain.dsf", Title="Fröhlich", Artists=["Eins", "Zwei"], **one)

chunk = lambda id, b: id + struct.pack(">Q", len(b)) + b + b"\0" * (len(b) % 2)
prop = b"SND " + chunk(b"FS  ", struct.pack(">I", 2822400)) + chunk(b"CHNL", struct.pack(">H", 2) + b"SLFTSRGT")
plainprop = chunk(b"PROP", prop + chunk(b"CMPR", b"DSD \x0enot compressed\0"))
master = chunk(b"DIIN", chunk(b"DIAR", struct.pack(">I", 6) + b"Artist") + chunk(b"DITI", struct.pack(">I", 5) + b"Title"))
mixed = bytes(x for pair in zip(pack(left, False), pack(right, False)) for x in pair)


def form(name, *parts):
    body = b"DSD " + chunk(b"FVER", b"\1\5\0\0") + b"".join(parts)
    with open(name, "wb") as f:
        f.write(b"FRM8" + struct.pack(">Q", len(body)) + body)


form("plain.dff", plainprop, chunk(b"DSD ", mixed), master)
expect("plain.dff", Samples=30000, Title="Title", Artist="Artist", **one)
shutil.copyfile("plain.dff", "tagged.dff")
f = DSDIFF("tagged.dff")
f.add_tags()
f.tags.add(TIT2(encoding=3, text="Fröhlich"))
f.tags.add(APIC(encoding=3, mime="image/jpeg", type=3, desc="d", data=front))
f.save()
expect("tagged.dff", [picture(front)], Samples=30000, SameAs="plain.dff", Title="Fröhlich", Artist="Artist", **one)
dst = chunk(b"DST ", chunk(b"FRTE", struct.pack(">IH", 30, 75)) + b"".join(chunk(b"DSTF", noise(301)) for _ in range(30)))
form("dst.dff", chunk(b"PROP", prop + chunk(b"CMPR", b"DST \x0bDST Encoded")), dst)
described("dst.dff", Codec="dst", SampleRate=2822400, BitDepth=1, Channels=2, Samples=30 * 37632, Seconds=0.4)

# WavPack from DSD.
run("wavpack", "-q", "-y", "plain.dsf", "-o", "dsd.wv")
expect("dsd.wv", Codec="wavpack", SampleRate=2822400, BitDepth=1, Samples=30000)

# Raw streams.
for name, codec, rate, channels, more in (
    ("plain.aac", "aac", 44100, 2, ["-c:a", "aac", "-b:a", "48k"]), ("mono.aac", "aac", 22050, 1, ["-c:a", "aac", "-b:a", "24k"]),
    ("stereo.ac3", "ac3", 44100, 2, ["-c:a", "ac3", "-b:a", "96k"]), ("six.ac3", "ac3", 48000, 6, ["-c:a", "ac3", "-b:a", "224k"]),
    ("six.eac3", "eac3", 48000, 6, ["-c:a", "eac3", "-b:a", "96k"]), ("stereo.eac3", "eac3", 32000, 2, ["-c:a", "eac3", "-b:a", "64k"]),
    ("stereo.dts", "dts", 48000, 2, ["-strict", "-2", "-c:a", "dca", "-b:a", "320k", "-t", "0.4"]), ("six.dts", "dts", 44100, 6, ["-strict", "-2", "-c:a", "dca", "-b:a", "768k", "-t", "0.2"]),
):
    ffmpeg("-f", "lavfi", "-i", "sine=frequency=440:duration=0.5:sample_rate=%d" % rate, "-ac", str(channels), *more, name)
    expect(name, Codec=codec, BitDepth=0)
shutil.copyfile("plain.aac", "tagged.aac")
behind = ape("tagged.aac")
tags = id3("tagged.aac")
expect("tagged.aac", tags.pop("pictures") + behind.pop("pictures"), SameAs="plain.aac", **{**behind, **tags})

# RF64, AIFF-C, Wave64, CAF, AU.
ffmpeg("-i", wide6, "-c:a", "pcm_s24le", "-rf64", "always", "-metadata", "title=Wide", "six-rf64.wav")
expect("six-rf64.wav", Codec="pcm", Samples=960, Title="Wide")
ffmpeg("-i", short, "-c:a", "adpcm_ms", "adpcm.wav")
expect("adpcm.wav", Codec="adpcm", BitDepth=0)
for name, codec, fmt, depth in (
    ("fl32.aifc", "pcm", "pcm_f32be", 32), ("fl64.aifc", "pcm", "pcm_f64be", 64), ("in24.aifc", "pcm", "pcm_s24be", 24), ("raw.aifc", "pcm", "pcm_u8", 8),
    ("alaw.aifc", "alaw", "pcm_alaw", 0), ("ulaw.aifc", "mulaw", "pcm_mulaw", 0), ("ima4.aifc", "adpcm", "adpcm_ima_qt", 0),
    ("s16.w64", "pcm", "pcm_s16le", 16), ("f32.w64", "pcm", "pcm_f32le", 32), ("adpcm.w64", "adpcm", "adpcm_ms", 0),
    ("s24.caf", "pcm", "pcm_s24be", 24), ("alac.caf", "alac", "alac", 16), ("ulaw.caf", "mulaw", "pcm_mulaw", 0),
    ("s16.au", "pcm", "pcm_s16be", 16), ("f32.au", "pcm", "pcm_f32be", 32), ("alaw.au", "alaw", "pcm_alaw", 0),
):
    suffix = name.rsplit(".")[1]
    more = ["-sample_fmt", "s16p"] if fmt == "alac" else []
    try:
        seconds = 8192 / 22050 if fmt == "alac" else 0.05  # ffmpeg counts whole packets of ALAC in CAF
        tone_of(22050, 2, fmt, seconds, name, *more, "-f", {"aifc": "aiff"}.get(suffix, suffix), "-metadata", "title=Käse", "-metadata", "artist=A")
    except subprocess.CalledProcessError:
        run("sox", "-n", "-r", "22050", "-c", "2", "-b", "8", "-e", "unsigned-integer", "-t", "aifc", name, "synth", "0.05", "sine", "300")
    fields = {} if suffix == "w64" else dict(Title="Käse")
    expect(name, Codec=codec, BitDepth=depth, **fields)
