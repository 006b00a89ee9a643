#!/usr/bin/env bash
# What `make test-unit` runs, as root: the packages in dist/ in Debian 12 and 13 that systemd has booted, in containers whose
# only network is loopback. Needs: apt-get install debootstrap systemd-container
set -euo pipefail
cd "$(dirname "$0")/.."
# The systems are made once; each run has copies of its own.
systems=${SYSTEMS:-/var/tmp/vipgate-debian}/booting
declare -A number=([bookworm]=12 [trixie]=13)

fail() { echo "boot: $*" >&2; exit 1; }
[[ $(id -u) = 0 ]] || fail "only root can boot a system: sudo make test-unit"
for tool in debootstrap systemd-nspawn nsenter; do
    command -v "$tool" > /dev/null || fail "$tool is missing: apt-get install debootstrap systemd-container util-linux"
done
scratch=$(mktemp -d "${TMPDIR:-/var/tmp}/vipgate-boot.XXXXXX")
container=
halt() {
    [[ -n $container ]] || return 0
    # A container ends with its first process.
    kill -KILL "${first:-$container}" 2> /dev/null || true
    wait "$container" 2> /dev/null || true
    container=
}
trap 'halt; rm -rf --one-file-system "$scratch"' EXIT

for release in ${RELEASES:-bookworm trixie}; do
    deb=$(echo dist/*~deb"${number[$release]}"_*.deb)
    [[ -f $deb ]] || fail "not one package for $release, but: $deb"
    [[ -e $systems/$release/etc/debian_version ]] || {
        mkdir -p "$systems"
        debootstrap --variant=minbase --include=systemd,systemd-sysv,dbus,python3,procps "$release" "$scratch/made" \
            > "$scratch/log" || { tail "$scratch/log"; exit 1; }
        mv "$scratch/made" "$systems/$release"
    }
    root=$scratch/$release
    cp -a "$systems/$release" "$root"
    cp "$deb" "$root/root/vipgate.deb"
    cp debian/booted.py "$root/root/"
    # systemd 257 runs with version 2 of control groups only, whatever the machine itself has.
    UNIFIED_CGROUP_HIERARCHY=1 systemd-nspawn --quiet -D "$root" --boot --register=no --keep-unit --private-network \
        --link-journal=no --machine="vipgate-$release" > "$scratch/console" 2>&1 < /dev/null &
    container=$!
    first=
    for _ in $(seq 300); do
        kill -0 "$container" 2> /dev/null || { tail -n 20 "$scratch/console"; fail "$release does not boot"; }
        first=$(pgrep -P "$container" | head -n 1 || true)
        [[ -n $first ]] && nsenter --target "$first" --all systemctl --quiet is-active multi-user.target 2> /dev/null && break
        sleep 0.2
    done
    enter=(nsenter --target "$first" --all env -i PATH=/usr/sbin:/usr/bin:/sbin:/bin LC_ALL=C.UTF-8 PYTHONPATH=/usr/lib/vipgate)
    echo "== $release: $("${enter[@]}" systemctl --version | head -n 1), $("${enter[@]}" python3 --version)"
    timeout 300 "${enter[@]}" dpkg -i /root/vipgate.deb > "$scratch/log" 2>&1 || { cat "$scratch/log"; exit 1; }
    timeout 900 "${enter[@]}" python3 /root/booted.py ${ONLY:-}
    halt
done
echo "== all is well"
