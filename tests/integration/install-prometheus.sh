#!/usr/bin/env bash
# Install Prometheus for `make monitor` and its tests where it is missing: on Debian, as root.
# Elsewhere these tests use a prometheus that is there, or are skipped.
set -euo pipefail
if command -v prometheus >/dev/null; then exit 0; fi
if ((EUID != 0)) || ! command -v apt-get >/dev/null; then
  echo "cannot install prometheus: that takes Debian, as root" >&2
  exit 0
fi
export DEBIAN_FRONTEND=noninteractive
apt-get update --quiet=2
apt-get install --quiet=2 --yes --no-install-recommends prometheus >/dev/null
