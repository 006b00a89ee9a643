# Runs in the clean system: debian/try.sh brings it there.
set -euo pipefail
export DEBIAN_FRONTEND=noninteractive LC_ALL=C.UTF-8 PATH=/usr/sbin:/usr/bin:/sbin:/bin

say() { echo "   $*"; }
fail() { echo "inside: $*" >&2; exit 1; }
same() { [[ $2 = "$3" ]] || fail "$1: found $2; expected $3"; }
standing() { stat -c '%U:%G %a' "$1"; }
# All files but those of dpkg's own book-keeping, and who there is.
everything() {
    find / -xdev \( -path /proc -o -path /packages -o -path /tmp -o -path /var/lib/dpkg -o -path /var/cache -o -path /var/log \
        -o -name __pycache__ -o -path '/etc/*-' \) -prune -o -printf '%p %u:%g %m\n' | sort
    cat /etc/passwd /etc/group
}
everything > /tmp/before

say "a package for another release is refused, and says why"
if dpkg -i /packages/foreign.deb > /tmp/refused 2>&1; then fail "it was installed"; fi
grep -q 'vipgate depends on python3 (' /tmp/refused || fail "$(cat /tmp/refused)"
dpkg --purge vipgate > /dev/null 2>&1
everything | diff /tmp/before - || fail "the refused package left something"

say "install"
dpkg -i /packages/old.deb > /tmp/installed 2>&1 || fail "$(cat /tmp/installed)"
same "configuration" "$(standing /etc/vipgate/vipgate.yaml)" "root:vipgate 640"
same "its folder" "$(standing /etc/vipgate)" "root:vipgate 750"
same "the store's folder" "$(standing /var/lib/vipgate)" "vipgate:vipgate 711"
same "home" "$(getent passwd vipgate | cut -d: -f6,7)" "/var/lib/vipgate:/usr/sbin/nologin"
[[ -L /etc/systemd/system/multi-user.target.wants/vipgate.service ]] || fail "the service is not enabled"
[[ -n $(find /usr/lib/vipgate -name 'vanished*.pyc') ]] || fail "nothing was compiled"
[[ $(zcat /usr/share/man/man1/vipgate.1.gz) = *'.TH VIPGATE'* ]] || fail "no man page"
bash -c 'complete() { echo "$@"; }; . /usr/share/bash-completion/completions/vipgate' | grep -q vipgate || fail "no completion"

say "all compiled modules load"
find /usr/lib/vipgate -name '*.so' | while read -r file; do
    file=${file#/usr/lib/vipgate/}
    echo "${file%%.*}" | tr / .
done > /tmp/modules
same "there are some" "$(($(wc -l < /tmp/modules) > 20))" 1
/usr/bin/python3 -I -c '
import importlib, sys
sys.path.insert(0, "/usr/lib/vipgate")
import psycopg
for name in open("/tmp/modules").read().split():
    if "libuv" not in name and "cares" not in name and ".libs." not in name:
        importlib.import_module(name)
'

say "the command, as root and as the service's user"
vipgate --version | grep -q 'vipgate, version'
vipgate check --strict --as-user vipgate /etc/vipgate/vipgate.yaml > /tmp/checked || fail "$(cat /tmp/checked)"
(cd /tmp; PYTHONPATH=/nowhere vipgate demo > /tmp/demo) || fail "$(cat /tmp/demo)"
grep -q 'wrong PIN three times' /tmp/demo
sounds=$(vipgate files sounds)
same "sounds" "$sounds" /usr/share/freeswitch/sounds/vipgate
for file in "$sounds"/{de,en}/{8000,16000}/vipgate-welcome.wav; do
    same "$file, as anybody reads it" "$(runuser -u nobody -- head -c 4 "$file")" RIFF
done
[[ $(vipgate files unit) -ef /usr/lib/systemd/system/vipgate.service ]] || fail "another unit"
grep -q 'ExecStart=/usr/bin/vipgate serve' "$(vipgate files unit)" || fail "the unit starts something else"

say "it serves, as the unit starts it"
install -d -o vipgate -g vipgate -m 0700 /run/vipgate
serve() {
    cd /var/lib/vipgate
    RUNTIME_DIRECTORY=/run/vipgate setsid runuser -u vipgate -- vipgate serve --config /etc/vipgate/vipgate.yaml > /tmp/service 2>&1 &
    service=$!
    cd /
    for _ in $(seq 100); do
        vipgate status > /tmp/status 2>&1 && return
        sleep 0.3
    done
    fail "$(cat /tmp/status /tmp/service)"
}
serve
[[ -s /var/lib/vipgate/vipgate.db ]] || fail "no store"
kill -TERM -- "-$service"
wait "$service" || true

say "vipgate init takes the place of the first configuration"
vipgate init --numbers '+49 711 5551001' --hours 'mon-fri 9-17' --proof pin --onward called --refused busy > /dev/null
vipgate check --strict --as-user vipgate /etc/vipgate/vipgate.yaml > /dev/null
vipgate test --coverage > /dev/null
same "its owner" "$(standing /etc/vipgate/vipgate.yaml)" "root:vipgate 640"

say "upgrade: what the administrator and the service wrote stays"
echo '# ours' >> /etc/vipgate/vipgate.yaml
echo '+4930231250,4711' > /etc/vipgate/customers.csv
chmod 0600 /etc/vipgate/vipgate.yaml
sums() { sha256sum /etc/vipgate/vipgate.yaml /etc/vipgate/customers.csv /var/lib/vipgate/vipgate.db; standing /etc/vipgate/vipgate.yaml; }
sums > /tmp/ours
link=/etc/systemd/system/multi-user.target.wants/vipgate.service
rm "$link"
dpkg -i /packages/new.deb < /dev/null > /tmp/upgraded 2>&1 || fail "$(cat /tmp/upgraded)"
sums | diff /tmp/ours - || fail "the upgrade changed it"
[[ ! -L $link ]] || fail "the upgrade enabled a service that the administrator had disabled"
if grep -i warning /tmp/upgraded; then fail "dpkg warns"; fi
[[ -z $(find /usr/lib/vipgate -name 'vanished*') ]] || fail "the old version left something"
chmod 0640 /etc/vipgate/vipgate.yaml
serve
kill -TERM -- "-$service"
wait "$service" || true
sums > /tmp/ours

say "remove: program and sounds go, configuration and store stay"
vipgate audit > /dev/null
dpkg --remove vipgate > /tmp/removed 2>&1 || fail "$(cat /tmp/removed)"
sums | diff /tmp/ours - || fail "removing changed it"
if grep -i warning /tmp/removed; then fail "dpkg warns"; fi
[[ ! -e /usr/lib/vipgate && ! -e /usr/share/vipgate && ! -e /usr/share/freeswitch && ! -e /usr/bin/vipgate ]] || fail "something stayed"

say "installed again, it finds both; removed under a dialplan that leads to it, it says so"
dpkg -i /packages/new.deb > /tmp/installed 2>&1 || fail "$(cat /tmp/installed)"
sums | diff /tmp/ours - || fail "installing changed it"
install -D /dev/null /etc/freeswitch/dialplan/vipgate.xml
dpkg --remove vipgate > /tmp/removed 2>&1 || fail "$(cat /tmp/removed)"
grep -q 'still leads calls to the gate' /tmp/removed || fail "no word about the dialplan"
rm -r /etc/freeswitch

say "purge, of what is installed: nothing is left"
dpkg -i /packages/new.deb > /tmp/installed 2>&1 || fail "$(cat /tmp/installed)"
dpkg --purge vipgate > /tmp/purged 2>&1 || fail "$(cat /tmp/purged)"
if grep -i warning /tmp/purged; then fail "dpkg warns"; fi
everything | diff /tmp/before - || fail "the purged package left something"
