#!/usr/bin/env bash
# Builds the image on a Debian machine without Docker, and sends it a request. Run as root:
#   docker/build_without_docker.sh [cuda|cpu]
# Needs buildah and debootstrap (apt-get install buildah debootstrap), 20 GB below TMPDIR and a
# package index that pip is configured for. The base is Debian with Python, with the name of the
# official image. The service runs as user 10001 on a read-only file system, as deployed.
set -euo pipefail
cd "$(dirname "$0")/.."

variant="${1:-cuda}"
case "$variant" in cuda | cpu) ;; *) echo "usage: $0 [cuda|cpu]" >&2; exit 2 ;; esac
for tool in buildah debootstrap curl; do
    command -v "$tool" >/dev/null || { echo "$tool is missing: apt-get install buildah debootstrap curl" >&2; exit 2; }
done

base=docker.io/library/python:3.11-slim-bookworm
image="umie-service:0.1.0-$variant"
port="${PORT:-8099}"
mirror="${DEBIAN_MIRROR:-http://deb.debian.org/debian}"
work="$(mktemp -d)"
export BUILDAH_ISOLATION=chroot STORAGE_DRIVER="${STORAGE_DRIVER:-vfs}"
container="" server=""

finish() {
    if [ -n "$server" ]; then kill "$server" 2>/dev/null || true; wait "$server" 2>/dev/null || true; fi
    if [ -n "$container" ]; then buildah rm "$container" >/dev/null || true; fi
    rm -rf --one-file-system "$work"
}
trap finish EXIT

if ! buildah images --quiet "$base" >/dev/null 2>&1; then
    debootstrap --variant=minbase --include=python3,python3-venv,python3-pip,ca-certificates \
        bookworm "$work/base" "$mirror"
    # As in the official image, the interpreter is named python, and pip can install into it.
    ln -sf python3 "$work/base/usr/bin/python"
    rm -f "$work"/base/usr/lib/python3*/EXTERNALLY-MANAGED
    rm -rf "$work"/base/var/cache/apt/* "$work"/base/var/lib/apt/lists/*
    container="$(buildah from scratch)"
    buildah add -q "$container" "$work/base" /
    buildah commit -q "$container" "$base"
    buildah rm "$container" >/dev/null
    container=""
    rm -rf --one-file-system "$work/base"
fi

# pip's and uv's settings for the build alone; none of them stays in the image's environment.
mkdir "$work/uv"
echo 'system-certs = true' > "$work/uv/uv.toml"
volumes=(--volume "$work/uv:/etc/uv:ro")
for file in /etc/pip.conf /etc/ssl/certs/ca-certificates.crt; do
    [ -f "$file" ] && volumes+=(--volume "$file:$file:ro")
done
started=$SECONDS
buildah bud --isolation chroot --pull-never --build-arg "VARIANT=$variant" "${volumes[@]}" \
    --tag "$image" .
echo "built $image in $((SECONDS - started)) s"

container="$(buildah from --pull-never "$image")"
root="$(buildah mount "$container")"
echo "size: $(du -sx --block-size=1M "$root" | cut -f 1) MiB"

# Read-only with a /tmp of its own, without privileges, in its own mount namespace.
environment=()
while IFS= read -r line; do environment+=("$line"); done < <(
    buildah inspect --type container --format '{{range .OCIv1.Config.Env}}{{println .}}{{end}}' "$container" | sed '/^$/d'
)
ROOT="$root" PORT="$port" unshare --mount bash -c '
    set -e
    mount --bind "$ROOT" "$ROOT"
    mount --bind /dev "$ROOT/dev"
    mount -t proc proc "$ROOT/proc"
    mount -t tmpfs tmpfs "$ROOT/tmp"
    mount -o remount,bind,ro "$ROOT"
    exec setpriv --no-new-privs chroot --userspec=10001:10001 "$ROOT" /usr/bin/env -i "$@" UMIE_HOST=127.0.0.1 UMIE_PORT="$PORT" umie serve
' server "${environment[@]}" &
server=$!

started=$SECONDS
until curl --silent --fail --max-time 2 "http://127.0.0.1:$port/readyz" >/dev/null; do
    kill -0 "$server" || { echo "the service ended" >&2; exit 1; }
    [ $((SECONDS - started)) -lt 180 ] || { echo "not ready in 180 s" >&2; exit 1; }
    sleep 1
done
echo "ready in $((SECONDS - started)) s as user $(ps -o uid= -p "$server" | tr -d ' ')"
curl --silent --show-error --fail --form 'text=Steve Jobs founded Apple in Cupertino.' \
    "http://127.0.0.1:$port/extract"
echo
