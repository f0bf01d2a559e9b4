#!/usr/bin/env bash
# Check that containers can run here: docker responds, or podman runs this system's `true` under
# the limits of the image test. Exit status 0: yes.
set -euo pipefail
if docker info >/dev/null 2>&1; then exit 0; fi
root=$(mktemp --directory)
trap 'rm -rf "$root"' EXIT
mkdir "$root"/{usr,proc,dev,sys,tmp,run,etc}
ln -s usr/bin usr/lib usr/lib64 "$root"
flags=()
if [[ ! -d /run/systemd/system ]]; then flags=(--cgroup-manager=cgroupfs --events-backend=file); fi
podman "${flags[@]}" run --rm --network none --cpus 1 --memory 64m --memory-swap 64m \
  --ulimit nofile=1024:1024 --ulimit nproc=1024:1024 --volume /usr:/usr:ro \
  --rootfs "$root" /usr/bin/true
