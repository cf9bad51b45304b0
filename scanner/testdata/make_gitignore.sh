#!/usr/bin/env bash
# Writes gitignore.tsv: for each ignore file below, which of the files git
# ignores. A line is the ignore file, a tab, and the ignored files with "|"
# between; "\n" and "\\" in it stand for line feed and backslash.
set -euo pipefail
cd "$(dirname "$0")"
out=$PWD/gitignore.tsv
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
git -C "$dir" init -q
cd "$dir"
files=(a/b/c.mp3 a/b/keep.mp3 x.mp3 'x.mp3 ' b/a.mp3 b/c/d.mp3 '!x.mp3' '#x' a1.mp3 1.mp3 'dir name/x.mp3' foo1bar/x 'Live at/x.mp3'
	'[Live] x' 'L x' éa.mp3 q/a/z/c.mp3 ab a/c.mp3 b/b.mp3 '{a,b}.mp3' _.mp3 'a-b.mp3' X.MP3)
for f in "${files[@]}"; do
	mkdir -p "$(dirname "$f")"
	: >"$f"
done
patterns=('*.mp3' /a a/ a/b 'a/**' '**/b' 'a/**/c.mp3' '**' '*' '/*' '!keep.mp3' '\!x.mp3' '\#x' '#x' '[ab].mp3' '[!a].mp3' '[^a].mp3' 'a?.mp3'
	'dir name/' 'x.mp3 ' 'x.mp3\ ' '/**/c' 'a/*' '*/c' '**/a/**' 'foo**bar' /a/ '**/' 'Live*/' '[Live] x' '\[Live\] x' a/b/ b/c/ '*.MP3' 'é*'
	'[[:digit:]].mp3' '[[:alpha:][:digit:]].mp3' '[[:punct:]].mp3' 'a\b' 'a/**/**/c.mp3' '**.mp3' '{a,b}.mp3' '[a-c]1.mp3' '[' 'x\' '' ' ' '/' '//' '?' 'q/**/z' 'c.mp3'
	'*/*/c.mp3' 'a*b' '[]a].mp3' '[a' 'b/**/*.mp3')
bodies=()
for p in "${patterns[@]}"; do
	bodies+=("$p" "*"$'\n'"!*/"$'\n'"!$p" "a"$'\n'"!a/b"$'\n'"$p" "*.mp3"$'\n'"!$p"$'\n'"!c.mp3")
done
: >"$out"
for b in "${bodies[@]}"; do
	printf '%s\n' "$b" >.gitignore
	hit=$(printf '%s\0' "${files[@]}" | git check-ignore --no-index -z --stdin | tr '\0' '|' || true)
	b=${b//\\/\\\\}
	printf '%s\t%s\n' "${b//$'\n'/\\n}" "$hit" >>"$out"
done
