#!/usr/bin/env bash
# Builds the container image by buildah, without a daemon, and prints its name in the store: deploy/image.sh [FILE.tar]
# With a file, the image is saved there as well (docker load -i FILE). Needs root and Debian's package buildah.
# IMAGE_STORE: where images are kept. IMAGE_BASE=debian: no registry of images can be reached, so a Debian with its own
# Python takes the place of the base image (package debootstrap). It is for tests: what you run should have the real base.
set -euo pipefail
cd "$(dirname "$0")/.."
store=${IMAGE_STORE:-/var/tmp/scim-bridge-images}
version=$(sed -n 's/^version = "\(.*\)"/\1/p' pyproject.toml)
base=$(sed -n 's/^FROM \([^ ]*\).*/\1/p' Dockerfile | head -1)
name=localhost/scim-bridge:$version
buildah() { command buildah --storage-driver overlay --root "$store/root" --runroot "$store/run" "$@"; }

if [ "${IMAGE_BASE:-}" = debian ] && ! buildah inspect --type image "$base" >/dev/null 2>&1; then
    debootstrap --variant=minbase --include=python3,python3-dev,python3-pip,ca-certificates bookworm "$store/debian" >&2
    rm -rf "$store"/debian/var/lib/apt/lists/* "$store"/debian/var/cache/apt/*
    container=$(buildah from scratch)
    buildah add -q "$container" "$store/debian" / >&2
    buildah commit -q "$container" "$base" >&2
    buildah rm "$container" >&2
    rm -rf "$store/debian"
fi
# What this machine trusts counts while the image is built, and is not in it.
mounts=()
for place in /etc/ssl/certs /etc/pip.conf; do
    [ -e "$place" ] && mounts+=(-v "$place:$place:ro")
done
# Not in OCI's format: it has no health check.
buildah bud --isolation chroot --network host --format docker --pull="$([ "${IMAGE_BASE:-}" = debian ] && echo false || echo true)" \
    --timestamp "$(git log -1 --format=%ct)" "${mounts[@]}" -t "$name" . >&2
if [ $# -gt 0 ]; then
    rm -f "$1"
    buildah push -q "$name" "docker-archive:$1:scim-bridge:$version" >&2
fi
echo "$name"
