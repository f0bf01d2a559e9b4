#!/usr/bin/env bash
# Install Chromium for tests/e2e/test_page.py where it is missing: on Debian, as root. Elsewhere the
# tests use a Chrome or Chromium that is there, or are skipped.
set -euo pipefail
for name in chromium chromium-browser google-chrome google-chrome-stable; do
  if command -v "$name" >/dev/null; then exit 0; fi
done
if ((EUID != 0)) || ! command -v apt-get >/dev/null; then
  echo "no Chromium: it can be installed as root on Debian only; the page's tests are skipped" >&2
  exit 0
fi
export DEBIAN_FRONTEND=noninteractive
apt-get update --quiet=2
apt-get install --quiet=2 --yes --no-install-recommends chromium >/dev/null
