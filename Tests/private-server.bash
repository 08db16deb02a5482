#!/usr/bin/env bash
# A private Redis server and an ingest for the tests of the bindings, Tests/C/run and Tests/Lua/run. To be sourced, with $programs
# set to the folder of hypero-ingest and $draws to the program golden-draws.

unset HYPERO_REDIS_PASSWORD HYPERO_NAMESPACE HYPERO_PARTITIONS HYPERO_EXIT_TIMEOUT REDISCLI_AUTH
# In /tmp and not in TMPDIR, because the path of a unix socket is limited to 107 bytes.
folder=$(mktemp -d /tmp/hypero-binding.XXXXXX)
jobs=()
clean() {
    ((${#jobs[@]} == 0)) || kill "${jobs[@]}" 2>/dev/null || true
    wait
    rm -rf -- "$folder"
}
trap clean EXIT
trap 'exit 143' INT TERM HUP

fail() {
    echo "$0: $*" >&2
    exit 1
}

passed() { echo "passed: $*"; }

cli() { redis-cli -s "$folder/redis.sock" "$@"; }

# Waits until a command succeeds. Usage: await REASON COMMAND...
await() {
    local reason=$1 attempts=0
    shift
    until "$@" >/dev/null 2>&1; do
        ((++attempts < 600)) || fail "$reason"
        sleep 0.1
    done
}

# Starts the server and the ingest, and sets HYPERO_REDIS and HYPERO_JOURNAL. Its argument is a port of this machine, or 0 for none.
start_server() {
    redis-server --port "$1" --bind 127.0.0.1 --unixsocket "$folder/redis.sock" --dir "$folder" --save '' \
        --logfile "$folder/redis.log" &
    jobs+=($!)
    await "redis-server does not start: $(cat "$folder/redis.log" 2>/dev/null)" cli ping
    export HYPERO_REDIS=unix://$folder/redis.sock HYPERO_JOURNAL=$folder/journal
    # shellcheck disable=SC2154 # set by the caller
    "$programs/hypero-ingest" 2>"$folder/ingest.log" &
    jobs+=($!)
}

# Compares the draws of Swift with those that a command prints. Usage: check_draws COMMAND...
check_draws() {
    # Nothing of them is sent: neither Redis nor the other tests get it.
    export HYPERO_JOURNAL=$folder/unsent HYPERO_REDIS=unix:///nonexistent.sock
    # shellcheck disable=SC2154 # set by the caller
    "$draws" >"$folder/golden"
    "$@" >"$folder/draws.txt"
    (($(wc -l <"$folder/golden") == 1400)) || fail "golden-draws prints $(wc -l <"$folder/golden") draws instead of 1400"
    diff "$folder/golden" "$folder/draws.txt" >&2 || fail "the draws differ from those of Swift, see above"
}
