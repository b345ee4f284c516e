#!/usr/bin/env bash
# The sound of many calls at once: pacing of the packets, processor and memory of the server, on one machine with the
# callers, whose cost stands beside. Prints a Markdown table.
#   CALLS="1 10 100 500 1000"  calls at once, one try each   SECONDS_EACH=20  length of each measurement
#   CODEC=PCMA                 codec of the calls            BUSY=0  threads of the server that compute all the time
#   SRTP=1                     encrypted calls
#   BEFORE=FOLDER              another build's media_server, measured alternately in the same run
set -euo pipefail
cd "$(dirname "$0")/.."
# shellcheck source=scripts/lib.sh
source scripts/lib.sh

numbers=${CALLS:-1 10 100 500 1000}
seconds=${SECONDS_EACH:-20}
codec=${CODEC:-PCMA}
busy=${BUSY:-0}
extra=()
((busy == 0)) || extra=("$busy")
encrypted=()
[[ ${SRTP:-0} == 0 ]] || encrypted=(--srtp)
binaries=${BINARIES:-$target_dir/release/examples}
work=$(mktemp -d)
server=

finish() {
    [[ -z $server ]] || kill "$server" 2>/dev/null || true
    rm -rf "$work"
}
trap finish EXIT

features=()
[[ $codec != OPUS ]] || features=(--features opus)

build() { cargo build --quiet --release --no-default-features "${features[@]}" --example media_server --example media_load; }

# try NAME FOLDER CALLS: one line of the table, from a server of its own.
try() {
    local port ready
    port=$(python3 -c 'import socket; s = socket.socket(type=socket.SOCK_DGRAM); s.bind(("127.0.0.1", 0)); print(s.getsockname()[1])')
    mkfifo "$work/out"
    "$2/media_server" "127.0.0.1:$port" "$codec" "$work" "${extra[@]}" >"$work/out" 2>"$work/server.log" &
    server=$!
    read -r ready <"$work/out" || true
    rm "$work/out"
    [[ $ready == ready ]] || stop "$2/media_server ne démarre pas : $(<"$work/server.log")" "lancez-le à la main."
    "$binaries/media_load" "127.0.0.1:$port" --process "$server" --calls "$3" --seconds "$seconds" \
        --codec "$codec" "${encrypted[@]}" >"$work/result" || stop "Les appels n'ont pas abouti." "relancez avec moins d'appels : CALLS=100."
    kill "$server"
    wait "$server" 2>/dev/null || true
    server=
    python3 - "$1" "$work/result" <<'END'
import json, sys
r = json.load(open(sys.argv[2]))
cells = [sys.argv[1], r["calls"], r["codec"], *(f"{r[k]:.2f}" for k in ("p50_ms", "p99_ms", "p999_ms", "max_ms")),
         r["skipped"], f'{r["lost"]} / {r["duplicated"]}', f'{r["sounding"] * 100:.0f}' if r["sounding"] is not None else "–", f'{r["server_cpu"] * 100:.1f}',
         f'{r["us_per_call_second"] / 1000:.2f}', f'{r["generator_cpu"] * 100:.1f}',
         f'{r["kib_per_call"]:.0f}' if r["calls"] >= 100 else "–"]
print("| " + " | ".join(str(cell).replace(".", ",") for cell in cells) + " |")
if r["silent_calls"] or r["strangers"]:
    print(f'Attention : {r["silent_calls"]} appels muets, {r["strangers"]} paquets inconnus.', file=sys.stderr)
END
}

conditions() {
    printf '\nConditions : %s ; %s cœurs ; charge %s ; noyau %s ; %s ; %s s par essai ; %s fils occupés ; appelants sur la même machine.\n' \
        "$(sed -n 's/^model name[[:space:]]*: //p' /proc/cpuinfo | head -n1)" "$(nproc)" \
        "$(cut -d' ' -f1-3 /proc/loadavg)" "$(uname -r)" "$(rustc --version)" "$seconds" "$busy"
}

[[ -n ${BINARIES:-} ]] || step "Compilation du serveur et des appelants" build
conditions
printf '\n| serveur | appels | codec | écart p50 (ms) | p99 | p99,9 | max | tours sautés | perdus / doublés | paquets sonores (%%) | serveur (%% d’un cœur) | ms de processeur par appel et par seconde | appelants (%% d’un cœur) | Kio par appel |\n'
printf '|---|---|---|---|---|---|---|---|---|---|---|---|---|---|\n'
for calls in $numbers; do
    [[ -z ${BEFORE:-} ]] || try avant "$BEFORE" "$calls"
    try "Allô Mairie" "$binaries" "$calls"
done
conditions
