#!/usr/bin/env bash
# Install Chromium for the tests of the page where it is missing, and the packages that are named as
# arguments: on Debian, as root. Elsewhere the tests use a Chrome or Chromium that is there, or are
# skipped.
set -euo pipefail
missing=("$@")
found=
for name in chromium chromium-browser google-chrome google-chrome-stable; do
  if command -v "$name" >/dev/null; then found=$name; fi
done
if [[ -z $found ]]; then missing+=(chromium); fi
if ((${#missing[@]} == 0)); then exit 0; fi
if ((EUID != 0)) || ! command -v apt-get >/dev/null; then
  echo "cannot install ${missing[*]}: that takes Debian, as root" >&2
  exit 0
fi
export DEBIAN_FRONTEND=noninteractive
apt-get update --quiet=2
apt-get install --quiet=2 --yes --no-install-recommends "${missing[@]}" >/dev/null
