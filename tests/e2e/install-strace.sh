#!/usr/bin/env bash
# Install strace, by which tests see the files that a server opens and the addresses it sends to,
# where it is missing: on Debian, as root. Elsewhere these tests use an strace that is there, or are
# skipped.
set -euo pipefail
if command -v strace >/dev/null; then exit 0; fi
if ((EUID != 0)) || ! command -v apt-get >/dev/null; then
  echo "cannot install strace: that takes Debian, as root" >&2
  exit 0
fi
export DEBIAN_FRONTEND=noninteractive
apt-get update --quiet=2
apt-get install --quiet=2 --yes --no-install-recommends strace >/dev/null
