#!/usr/bin/env bash
# ImageMagick 6.9.11: XMP in a WebP stands in a chunk that other programs do not know.
#
# RFC 9649 (2.7.1.4) names it "XMP ", with a space at the end. ImageMagick writes "XMP" and a NUL.
#
# Expected: exiftool reads the title that it has written into the JPEG. Seen: "Unknown_XMP".
# Needs: convert (Debian: imagemagick), exiftool (libimage-exiftool-perl).
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
convert -size 64x48 gradient: a.jpg
exiftool -q -overwrite_original -XMP-dc:Title=Harbour a.jpg
convert a.jpg a.webp
exiftool -s -G1 -u -XMP-dc:Title -RIFF:Unknown_XMP* a.jpg a.webp
grep --text --only-matching 'XMP.' a.webp | head -n 1 | od -c
