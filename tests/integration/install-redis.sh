#!/usr/bin/env bash
# Install Redis for the tests of shared rate limits where it is missing: on Debian, as root.
# Elsewhere these tests use a redis-server that is there, or are skipped.
set -euo pipefail
if command -v redis-server >/dev/null; then exit 0; fi
if ((EUID != 0)) || ! command -v apt-get >/dev/null; then
  echo "cannot install redis-server: that takes Debian, as root" >&2
  exit 0
fi
export DEBIAN_FRONTEND=noninteractive
apt-get update --quiet=2
apt-get install --quiet=2 --yes --no-install-recommends redis-server >/dev/null
