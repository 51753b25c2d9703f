# What every script here shares. Source it; it leaves the shell in the repository's root.
# Bash 3.2 must do (macOS), and so must a machine without `timeout`, `nproc` and `readlink -f`.
set -euo pipefail

cd "$(dirname "${BASH_SOURCE[0]}")/../.."

# Tools that outlive `target/`: a clean build does not make them again.
CACHE=${PATCHBAY_CACHE:-$HOME/.cache/patchbay}
mkdir -p "$CACHE"

say() { printf '>> %s\n' "$*" >&2; }

have() { command -v "$1" >/dev/null 2>&1; }

# bounded SECONDS CMD…: ends a command that hangs (a network that swallows packets).
bounded() { perl -e 'alarm shift; exec @ARGV or exit 127' "$@"; }

# as_root CMD…: root, or sudo if that does not ask for a password.
as_root() { if [ "$(id -u)" = 0 ]; then "$@"; else sudo -n "$@"; fi; }
may_be_root() { [ "$(id -u)" = 0 ] || { have sudo && sudo -n true 2>/dev/null; }; }

# one_at_a_time NAME: holds a lock until `done_with NAME` or this process' end, since two builds
# may want the same tool at once.
LOCKS=""
one_at_a_time() {
    local lock="$CACHE/$1.lock" owner
    while ! mkdir "$lock" 2>/dev/null; do
        owner=$(cat "$lock/pid" 2>/dev/null || true)
        if [ -n "$owner" ] && ! kill -0 "$owner" 2>/dev/null; then rm -rf "$lock"; continue; fi
        if [ -z "$owner" ] && [ -n "$(find "$lock" -maxdepth 0 -mmin +2 2>/dev/null)" ]; then rm -rf "$lock"; continue; fi
        sleep 1
    done
    echo $$ >"$lock/pid"
    LOCKS="$LOCKS $1"
    trap 'for lock in $LOCKS; do rm -rf "$CACHE/$lock.lock"; done' EXIT
}
done_with() { rm -rf "$CACHE/$1.lock"; LOCKS=${LOCKS/ $1/}; }

# The folder with PostgreSQL's initdb; nothing where there is none.
postgres_binaries() {
    local found
    found=$(ls -d /usr/lib/postgresql/*/bin /opt/homebrew/opt/postgresql*/bin /usr/local/opt/postgresql*/bin 2>/dev/null | tail -n 1 || true)
    if [ -z "$found" ] && have initdb; then found=$(dirname "$(command -v initdb)"); fi
    printf %s "$found"
}

# debian PACKAGE…: installs what is missing of these; says so and fails where there is no apt.
debian() {
    local missing="" package
    for package in "$@"; do
        dpkg-query -W -f '${Status}' "$package" 2>/dev/null | grep -q 'ok installed' || missing="$missing $package"
    done
    [ -n "$missing" ] || return 0
    if ! have apt-get; then say "not here, and no apt-get to fetch it:$missing"; return 1; fi
    if ! may_be_root; then say "please run: sudo apt-get install$missing"; return 1; fi
    say "installing$missing"
    one_at_a_time apt
    # shellcheck disable=SC2086
    as_root env DEBIAN_FRONTEND=noninteractive bash -c '
        install() { apt-get install -y --no-install-recommends -o DPkg::Lock::Timeout=300 "$@"; }
        install "$@" || { apt-get update && install "$@"; }' debian $missing >"$CACHE/apt.log" 2>&1 ||
        { tail -n 5 "$CACHE/apt.log" >&2; done_with apt; say "could not install; please run: sudo apt-get install$missing"; return 1; }
    done_with apt
}
