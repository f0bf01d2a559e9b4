#!/usr/bin/env bash
# Install arecord, with which `samo listen` is tested, where it is missing: on Debian, as root.
# Elsewhere the test uses an arecord that is there, or is skipped.
set -euo pipefail
if command -v arecord >/dev/null; then exit 0; fi
if ((EUID != 0)) || ! command -v apt-get >/dev/null; then
  echo "cannot install alsa-utils: that takes Debian, as root" >&2
  exit 0
fi
export DEBIAN_FRONTEND=noninteractive
apt-get update --quiet=2
apt-get install --quiet=2 --yes --no-install-recommends alsa-utils >/dev/null
