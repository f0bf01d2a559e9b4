#!/usr/bin/env bash
# Install the missing tools of `make image` and `make image-test`; needs Debian and root.
# Exit status 0: a container engine is installed. 1: not, and it could not be installed.
set -euo pipefail
needed=(buildah podman runc mmdebstrap netavark aardvark-dns iptables)
missing=()
for tool in buildah podman runc mmdebstrap; do
  command -v "$tool" >/dev/null || missing+=("$tool")
done
if docker info >/dev/null 2>&1 || ((${#missing[@]} == 0)); then exit 0; fi
if ((EUID != 0)) || ! command -v apt-get >/dev/null; then
  echo "docker, or podman, buildah, runc and mmdebstrap, are not installed; this script installs" \
    "them only as root on Debian" >&2
  exit 1
fi
export DEBIAN_FRONTEND=noninteractive
apt-get update --quiet=2
apt-get install --quiet=2 --yes --no-install-recommends "${needed[@]}" >/dev/null
# gVisor, the sandbox of Cloud Run's first generation, if there is a package.
apt-get install --quiet=2 --yes --no-install-recommends runsc >/dev/null 2>&1 ||
  echo "no gVisor package: the image will not be tested under it" >&2
