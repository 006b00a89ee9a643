#!/usr/bin/env bash
# What `make test-container` runs, as root: the image, built from dist/, and a container of it as deploy/compose.yaml has
# it, under podman. The base is a Debian 13 that debootstrap makes, so no registry is asked.
# Needs: apt-get install podman runc buildah debootstrap netavark
set -euo pipefail
cd "$(dirname "$0")/.."
systems=${SYSTEMS:-/var/tmp/vipgate-debian}

fail() { echo "try: $*" >&2; exit 1; }
[[ $(id -u) = 0 ]] || fail "only root can do this: sudo make test-container"
for tool in podman runc debootstrap; do
    command -v "$tool" > /dev/null || fail "$tool is missing: apt-get install podman runc buildah debootstrap netavark"
done
scratch=$(mktemp -d "${TMPDIR:-/var/tmp}/vipgate-container.XXXXXX")
engine() {
    timeout 900 podman --root "$scratch/images" --runroot "$scratch/run" --cgroup-manager cgroupfs --runtime runc "$@"
}
clean() {
    engine rm --force --time 5 vipgate > /dev/null 2>&1 || true
    rm -rf --one-file-system "$scratch"
}
trap clean EXIT

[[ -e $systems/trixie/etc/debian_version ]] || {
    mkdir -p "$systems"
    debootstrap --variant=minbase --include=python3 trixie "$scratch/made" > "$scratch/log" || { tail "$scratch/log"; exit 1; }
    mv "$scratch/made" "$systems/trixie"
}
tar -C "$systems/trixie" --one-file-system -cf - . | engine import - localhost/base > /dev/null 2>&1
echo "== build"
limits=(--ulimit nofile=1024:1024 --ulimit nproc=4096:4096)
engine build --layers=false --format docker --network host "${limits[@]}" --build-arg BASE=localhost/base -f deploy/Containerfile -t vipgate . > "$scratch/log" 2>&1 ||
    fail "$(tail -20 "$scratch/log")"

echo "== run: no root, nothing to write to but the volume, no capability"
mkdir "$scratch/etc" "$scratch/state"
install -o 8084 -g 8084 -m 0400 deploy/placeholder.yaml "$scratch/etc/vipgate.yaml"
chown 8084:8084 "$scratch/etc" "$scratch/state"
engine run --detach --name vipgate --network none --read-only --cap-drop all --security-opt no-new-privileges "${limits[@]}" \
    --volume "$scratch/etc:/etc/vipgate:ro" --volume "$scratch/state:/var/lib/vipgate" vipgate > /dev/null
for _ in $(seq 60); do
    if engine exec vipgate vipgate status > "$scratch/status" 2>&1; then break; fi
    sleep 0.5
done
grep '^ok: ' "$scratch/status" || fail "$(cat "$scratch/status"; engine logs vipgate)"
[[ $(engine exec vipgate id -u) = 8084 ]] || fail "another user"
if engine exec vipgate touch /usr/here 2> /dev/null; then fail "its root can be written to"; fi
[[ $(engine exec vipgate grep CapEff /proc/self/status) = *0000000000000000 ]] || fail "it has capabilities"
[[ -s $scratch/state/vipgate.db ]] || fail "no store in the volume"
engine healthcheck run vipgate || fail "the health check finds something wrong"

echo "== reload, and a health check that fails when nothing serves"
echo '# changed' >> "$scratch/etc/vipgate.yaml"
engine exec vipgate vipgate reload || fail "no reload"
engine exec vipgate vipgate calls > /dev/null
engine stop --time 30 vipgate > /dev/null
[[ $(engine inspect --format '{{.State.ExitCode}}' vipgate) = 0 ]] || fail "it did not end by itself: $(engine logs vipgate | tail -3)"
if engine run --rm --network none "${limits[@]}" --entrypoint sh vipgate -c 'vipgate status || [ $? = 1 ]' > /dev/null 2>&1; then
    fail "the health check is content with no service"
fi
echo "== all is well"
