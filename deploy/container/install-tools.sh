#!/usr/bin/env bash
# Install what `make image` and `make image-test` need where it is missing: on Debian, as root.
# Exit status 0: a container engine is there. 1: none, and none could be installed.
set -euo pipefail
needed=(buildah podman runc mmdebstrap netavark aardvark-dns iptables)
missing=()
for tool in buildah podman runc mmdebstrap; do
  command -v "$tool" >/dev/null || missing+=("$tool")
done
if docker info >/dev/null 2>&1 || ((${#missing[@]} == 0)); then exit 0; fi
if ((EUID != 0)) || ! command -v apt-get >/dev/null; then
  echo "neither docker nor all of podman, buildah, runc and mmdebstrap are here; they can be" \
    "installed as root on Debian only" >&2
  exit 1
fi
export DEBIAN_FRONTEND=noninteractive
apt-get update --quiet=2
apt-get install --quiet=2 --yes --no-install-recommends "${needed[@]}" >/dev/null
# gVisor, the sandbox of Cloud Run's first generation, where there is a package of it.
apt-get install --quiet=2 --yes --no-install-recommends runsc >/dev/null 2>&1 ||
  echo "no package of gVisor: the image will not be tried under it" >&2
