#!/usr/bin/env bash
# What `make test-deb` runs, as root: the packages in dist/, built twice, judged by lintian, and installed, upgraded,
# removed and purged in clean systems of Debian 12 and 13 that have no network. Needs: apt-get install debootstrap lintian
set -euo pipefail
cd "$(dirname "$0")/.."
python=$1
# The systems are made once; each run has copies of its own.
systems=${SYSTEMS:-/var/tmp/vipgate-debian}
declare -A number=([bookworm]=12 [trixie]=13)

fail() { echo "try: $*" >&2; exit 1; }
[[ $(id -u) = 0 ]] || fail "only root can make a system: sudo make test-deb"
for tool in debootstrap lintian unshare dpkg-deb; do
    command -v "$tool" > /dev/null || fail "$tool is missing: apt-get install debootstrap lintian util-linux dpkg-dev"
done
scratch=$(mktemp -d "${TMPDIR:-/var/tmp}/vipgate-try.XXXXXX")
trap 'rm -rf --one-file-system "$scratch"' EXIT

echo "== built again, at another time, in another folder, by somebody who shares nothing: the same bytes"
(umask 077; TZ=Asia/Kathmandu TMPDIR=$scratch "$python" debian/build.py bookworm --to "$scratch/again" 2>&1) > "$scratch/log" || fail "$(cat "$scratch/log")"
cmp "$scratch"/again/*~deb12_*.deb dist/*~deb12_*.deb || fail "the package is not reproducible"

for release in ${RELEASES:-bookworm trixie}; do
    deb=$(echo dist/*~deb"${number[$release]}"_*.deb)
    [[ -f $deb ]] || fail "not one package for $release, but: $deb"
    echo "== $release: lintian"
    lintian --allow-root --fail-on error --tag-display-limit 0 "$deb"

    [[ -e $systems/$release/etc/debian_version ]] || {
        mkdir -p "$systems"
        debootstrap --variant=minbase --include=python3 "$release" "$scratch/made" > "$scratch/log" || { tail "$scratch/log"; exit 1; }
        mv "$scratch/made" "$systems/$release"
    }
    root=$scratch/$release
    cp -a "$systems/$release" "$root"
    mkdir "$root/packages"
    cp "$deb" "$root/packages/new.deb"
    cp dist/*.deb "$root/packages/"
    rm "$root/packages/$(basename "$deb")"
    mv "$root"/packages/vipgate_*.deb "$root/packages/foreign.deb"
    # The version before: a module that the new one no longer has, and its own bytes in the command.
    dpkg-deb -R "$deb" "$scratch/old"
    sed -i 's/^Version: .*/Version: 0.0.1-1/' "$scratch/old/DEBIAN/control"
    touch "$scratch/old/usr/lib/vipgate/vipgate_fs/vanished.py"
    dpkg-deb -Znone --root-owner-group --build "$scratch/old" "$root/packages/old.deb" > /dev/null
    rm -rf "$scratch/old"
    cp debian/inside.sh "$root/packages/"
    # A network of its own with nothing but loopback; what it starts ends with it.
    unshare --net --mount --pid --fork --kill-child bash -c \
        'ip link set lo up; mount -t proc proc "$1/proc"; exec timeout 600 chroot "$1" bash /packages/inside.sh' - "$root"
done
echo "== all is well"
