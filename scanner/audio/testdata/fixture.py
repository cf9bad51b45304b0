"""What the parts of make.sh share."""
import hashlib, json, subprocess, sys

tmp = sys.argv[1]
tone, other = tmp + "/tone.wav", tmp + "/other.wav"
front = open(tmp + "/front.jpg", "rb").read()
back = open(tmp + "/back.png", "rb").read()


def run(*args):
    subprocess.run(args, check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)


def picture(data, kind=3, mime="image/jpeg"):
    return {"Type": kind, "MIME": mime, "SHA256": hashlib.sha256(data).hexdigest()}


def probe(path):
    out = subprocess.run(["ffprobe", "-v", "error", "-of", "json", "-show_streams", "-show_format", path],
                         check=True, capture_output=True).stdout
    return json.loads(out)


def expect(path, pictures=(), **fields):
    """Writes what a reader should find in path: fields by their names in
    models.Tags and models.Properties; the properties that ffprobe tells and
    the length of what ffmpeg decodes are added."""
    p = probe(path)
    s = next(s for s in p["streams"] if s["codec_type"] == "audio")
    fields.setdefault("SampleRate", int(s["sample_rate"]))
    fields.setdefault("Channels", s["channels"])
    pcm = subprocess.run(["ffmpeg", "-v", "error", "-i", path, "-map", "0:a", "-ac", "1", "-f", "s16le", "-"], check=True, capture_output=True).stdout
    fields["Seconds"] = round(len(pcm) / 2 / int(s["sample_rate"]), 4)
    if s.get("bits_per_raw_sample", "0") != "0" or s.get("bits_per_sample", 0):
        fields.setdefault("BitDepth", int(s.get("bits_per_raw_sample", 0)) or s["bits_per_sample"])
    fields["Pictures"] = list(pictures)
    with open(path + ".json", "w") as f:
        json.dump(fields, f, indent=1, sort_keys=True, ensure_ascii=False)
        f.write("\n")
