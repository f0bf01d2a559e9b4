#!/usr/bin/env bash
# Install libfaketime, with which a test sets the clock, where it is missing: on Debian, as root.
# Elsewhere that test uses the library that is there, or is skipped.
set -euo pipefail
if compgen -G "/usr/lib/*/faketime/libfaketimeMT.so.1" >/dev/null; then exit 0; fi
if ((EUID != 0)) || ! command -v apt-get >/dev/null; then
  echo "cannot install libfaketime: that takes Debian, as root" >&2
  exit 0
fi
export DEBIAN_FRONTEND=noninteractive
apt-get update --quiet=2
apt-get install --quiet=2 --yes --no-install-recommends libfaketime >/dev/null
