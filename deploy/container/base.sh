#!/usr/bin/env bash
# Build a substitute for python:3.11-slim if no image registry can be reached: Debian 12 with its
# Python 3.11, from Debian packages only. The same packages produce the same image.
# Usage: base.sh IMAGE (needs root, mmdebstrap and buildah)
set -euo pipefail
image=$1
scratch=$(mktemp --directory)
trap 'rm -rf "$scratch"' EXIT
# Leave out what Debian's slim images leave out, and usrmerge, which needs all of Perl: a new tree
# has a merged /usr from the start. dpkg need not sync: a failed build is repeated.
# shellcheck disable=SC2016  # mmdebstrap's hooks expand $1 themselves
SOURCE_DATE_EPOCH=0 mmdebstrap --quiet --variant=minbase \
  --hook-dir=/usr/share/mmdebstrap/hooks/merged-usr \
  --include=ca-certificates,python3-venv,usr-is-merged \
  --setup-hook='mkdir -p "$1/etc/apt/preferences.d"' \
  --setup-hook='printf "Package: usrmerge\nPin: release *\nPin-Priority: -1\n" \
    >"$1/etc/apt/preferences.d/no-usrmerge"' \
  --dpkgopt='force-unsafe-io' \
  --dpkgopt='path-exclude=/usr/share/man/*' \
  --dpkgopt='path-exclude=/usr/share/locale/*' \
  --dpkgopt='path-exclude=/usr/share/doc/*' \
  --dpkgopt='path-include=/usr/share/doc/*/copyright' \
  --customize-hook='ln -s python3 "$1/usr/bin/python"' \
  bookworm "$scratch/base.tar"
container=$(buildah from scratch)
buildah add --quiet "$container" "$scratch/base.tar" / >/dev/null
buildah config --env PATH=/usr/local/bin:/usr/bin:/bin --cmd python3 "$container"
buildah commit --quiet --timestamp 0 --rm "$container" "$image"
