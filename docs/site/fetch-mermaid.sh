#!/usr/bin/env bash
# Fetch Mermaid, which draws the diagrams of the docs site, from npm at a fixed hash. Only its bundle is
# used, so its 112 dependencies are not installed.
set -euo pipefail
cd "$(dirname "$0")"
version=11.17.2
hash=57a2b70bc101744b0f1595d228c25eea9a50384371b87011afd1af1d7e21878ee501b84c443f6a7f8a042bb2e869143150b31af34feab798073bbdda0a578106
if [[ -e vendor/mermaid.min.js ]]; then exit 0; fi
scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT
# the certificates of a private authority, from pip's variables
certificates=${NODE_EXTRA_CA_CERTS:-${PIP_CERT:-${SSL_CERT_FILE:-}}}
if [[ -n $certificates ]]; then export NODE_EXTRA_CA_CERTS=$certificates; fi
PATH="$PWD/../../.venv/bin:$PATH"
(cd "$scratch" && npm pack --silent "mermaid@$version" >/dev/null)
echo "$hash  $scratch/mermaid-$version.tgz" | sha512sum --check --quiet
mkdir -p vendor
tar -xzf "$scratch/mermaid-$version.tgz" -C "$scratch"
cp "$scratch/package/LICENSE" vendor/LICENSE
cp "$scratch/package/dist/mermaid.min.js" vendor/mermaid.min.js
