#!/bin/sh
# Makes the audio files of this folder and, beside each, a .json with what was
# put into it: written by ffmpeg, lame, mutagen and the like, never by the
# reader under test. Needs ffmpeg, lame, flac, vorbis-tools, opus-tools, wavpack, musepack-tools, sox and
# python3-mutagen. Results may differ a little with the tools' versions: commit
# what it makes together with the .json files.
set -eu
cd "$(dirname "$0")"
tmp=$(mktemp -d)
trap 'rm -rf "$tmp"' EXIT
tone() { # frequency, seconds, rate, channels, sample format, file
	ffmpeg -v error -y -f lavfi -i "sine=frequency=$1:duration=$2:sample_rate=$3" -ac "$4" -c:a "$5" -bitexact "$6"
}
tone 440 0.5 44100 2 pcm_s16le "$tmp/tone.wav"
tone 660 0.5 44100 2 pcm_s16le "$tmp/other.wav"
ffmpeg -v error -y -f lavfi -i color=red:s=16x16:d=0.04 -frames:v 1 "$tmp/front.jpg"
ffmpeg -v error -y -f lavfi -i color=blue:s=16x16:d=0.04 -frames:v 1 "$tmp/back.png"
for part in make_*.py; do
	PYTHONPATH=. /usr/bin/python3 -B "$part" "$tmp"
done
