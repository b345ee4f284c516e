#!/usr/bin/env bash
# Calls a second of our signalling and of a minimal rsipstack server, alternately in one run; then our memory over many
# calls and with many dialogs open. Prints a Markdown table.
#   RATES="1000 2000 …"  calls a second to try, in this order   SECONDS_EACH=10  length of each try
#   CALLS=100000         calls over which memory is watched     DIALOGS=10000    dialogs open at once
#   GENERATORS=2         SIPp processes that share the load
#   PARTS="rate memory dialogs"                                 WRAP="chrt -i 0 nice -n 19"  before every command
set -euo pipefail
cd "$(dirname "$0")/.."
# shellcheck source=scripts/lib.sh
source scripts/lib.sh

rates=${RATES:-2000 4000 5000 6000 7000 8000 9000 10000}
seconds=${SECONDS_EACH:-10}
calls=${CALLS:-100000}
dialogs=${DIALOGS:-10000}
generators=${GENERATORS:-2}
parts=${PARTS:-rate memory dialogs}
read -ra wrap <<<"${WRAP:-}"
ours=$target_dir/release/examples/sip_server
theirs=benches/peers/rsipstack/target/release/rsipstack-peer
work=$(mktemp -d)
server=
port=

finish() {
    [[ -z $server ]] || kill "$server" 2>/dev/null || true
    rm -rf "$work"
}
trap finish EXIT

build() {
    "${wrap[@]}" cargo build --quiet --release --no-default-features --example sip_server || return
    # Its own workspace and target directory, whatever ours is.
    (cd benches/peers/rsipstack && "${wrap[@]}" env -u CARGO_TARGET_DIR cargo build --quiet --locked --release)
}

# start PROGRAM: on a free port of loopback; returns when it listens.
start() {
    local ready
    port=$(python3 -c 'import socket; s = socket.socket(type=socket.SOCK_DGRAM); s.bind(("127.0.0.1", 0)); print(s.getsockname()[1])')
    # Ended by its output being read: the coprocess writes "ready" once its socket is bound.
    mkfifo "$work/out"
    "${wrap[@]}" "$1" "127.0.0.1:$port" >"$work/out" 2>"$work/server.log" &
    server=$!
    read -r ready <"$work/out" || true
    rm "$work/out"
    [[ $ready == ready ]] || stop "$1 ne démarre pas : $(<"$work/server.log")" "lancez-le à la main : $1 127.0.0.1:5060"
}

end_server() {
    kill "$server" 2>/dev/null || true
    wait "$server" 2>/dev/null || true
    server=
}

resident() { awk '/^VmRSS/ { print $2 }' "/proc/$server/status"; }
# Microseconds of processor the server has used.
processor() { awk -v tick="$(getconf CLK_TCK)" '{ printf "%d", ($14 + $15) * 1000000 / tick }' "/proc/$server/stat"; }

# load RATE CALLS [ARGUMENT…]: sipp -sn uac, shared by $generators of them, for one alone ends before the servers do; sets ok,
# failed, again (retransmissions), done_rate, spent (µs a call).
load() {
    local rate=$1 count=$2 before i limit=$(($2 / $1 * 3 + 60)) running=()
    shift 2
    before=$(processor)
    for ((i = 0; i < generators; i++)); do
        "${wrap[@]}" sipp -sn uac -i 127.0.0.1 -r $((rate / generators)) -m $((count / generators)) -nostdin \
            -timeout "$limit" -buff_size 4194304 -trace_stat -stf "$work/stat$i.csv" -fd 1 "$@" "127.0.0.1:$port" \
            >"$work/sipp$i.log" 2>&1 &
        running+=($!)
    done
    # Their status says less than their statistics.
    wait "${running[@]}" || true
    # The last line of each one's statistics; columns found by name.
    read -r ok failed again done_rate < <(awk -F';' '
        FNR == 1 { for (i = 1; i <= NF; i++) column[$i] = i; next }
        { ok[FILENAME] = $column["SuccessfulCall(C)"]; failed[FILENAME] = $column["FailedCall(C)"]
          again[FILENAME] = $column["Retransmissions(C)"]; rate[FILENAME] = $column["CallRate(C)"] }
        END { for (f in ok) { o += ok[f]; n += failed[f]; a += again[f]; r += rate[f] }
              printf "%d %d %d %d\n", o, n, a, r }' "$work"/stat*.csv)
    rm -f "$work"/stat*.csv
    spent=$((ok > 0 ? ($(processor) - before) / ok : 0))
    return 0
}

# try NAME PROGRAM RATE: whether the rate is clean. A fresh server each time: tries must not weigh on each other.
try() {
    start "$2"
    load "$3" $(($3 * seconds))
    end_server
    local clean=non
    # Below 95 % of what was asked, SIPp itself could not keep up: that rate was not reached.
    if ((ok == $3 * seconds && failed == 0 && again == 0 && done_rate * 100 >= $3 * 95)); then clean=oui; fi
    printf '| %s | %d | %d | %d | %d | %d | %s |\n' "$1" "$3" "$done_rate" "$failed" "$again" "$spent" "$clean"
    [[ $clean == oui ]]
}

rate_table() {
    local rate name best_ours=0 best_theirs=0 alive_ours=1 alive_theirs=1 cpu_ours=0 cpu_theirs=0
    printf '\n| serveur | appels/s demandés | obtenus | échecs | retransmissions | µs de processeur par appel | sans faute |\n'
    printf '|---|---|---|---|---|---|---|\n'
    for rate in $rates; do
        ((alive_ours || alive_theirs)) || break
        # Twice: one slip on a busy machine is not a limit.
        if ((alive_ours)); then
            if try 'Allô Mairie' "$ours" "$rate" || try 'Allô Mairie' "$ours" "$rate"; then
                best_ours=$done_rate
            else alive_ours=0; fi
            cpu_ours=$spent
        fi
        if ((alive_theirs)); then
            if try 'rsipstack 0.7' "$theirs" "$rate" || try 'rsipstack 0.7' "$theirs" "$rate"; then
                best_theirs=$done_rate
            else alive_theirs=0; fi
            cpu_theirs=$spent
        fi
    done
    ratio() { awk -v a="$1" -v b="$2" 'BEGIN { if (b) printf "%.2f", a / b; else printf "–" }' | tr . ,; }
    printf '\n| | Allô Mairie | rsipstack 0.7 | rapport |\n|---|---|---|---|\n'
    printf '| appels/s sans échec ni retransmission | %d | %d | %s |\n' "$best_ours" "$best_theirs" \
        "$(ratio "$best_ours" "$best_theirs")"
    printf '| µs de processeur par appel, au dernier essai | %d | %d | %s |\n' "$cpu_ours" "$cpu_theirs" \
        "$(ratio "$cpu_ours" "$cpu_theirs")"
}

memory_table() {
    local tenth=$((calls / 10)) rate=${MEMORY_RATE:-2000} i
    start "$ours"
    printf '\n| appels | mémoire résidente (Mio) | échecs | retransmissions |\n|---|---|---|---|\n'
    printf '| 0 | %d | | |\n' $(($(resident) / 1024))
    for ((i = 1; i <= 10; i++)); do
        load "$rate" "$tenth"
        printf '| %d | %d | %d | %d |\n' $((i * tenth)) $(($(resident) / 1024)) "$failed" "$again"
    done
    end_server
}

dialogs_table() {
    local before filled after held
    start "$ours"
    before=$(resident)
    # The calls stay for 60 s, longer than opening them takes; the reading is at the fullest moment.
    (load 1000 "$dialogs" -l "$dialogs" -d 60000; printf '%d %d %d\n' "$ok" "$failed" "$again" >"$work/held") &
    held=$!
    filled=0
    # Watched until SIPp has ended: the largest size counts.
    while kill -0 "$held" 2>/dev/null; do
        after=$(resident)
        ((after > filled)) && filled=$after
        read -rt 1 <> <(:) || true
    done
    wait "$held"
    read -r ok failed again <"$work/held"
    printf '\n| dialogues ouverts à la fois | mémoire avant (Kio) | au plus (Kio) | par dialogue (Kio) | réussis | échecs | retransmissions |\n'
    printf '|---|---|---|---|---|---|---|\n'
    printf '| %d | %d | %d | %s | %d | %d | %d |\n' "$dialogs" "$before" "$filled" \
        "$(awk -v a="$filled" -v b="$before" -v n="$dialogs" 'BEGIN { printf "%.1f", (a - b) / n }' | tr . ,)" \
        "$ok" "$failed" "$again"
    end_server
}

conditions() {
    printf '\nConditions : %s ; %s cœurs ; charge %s ; noyau %s ; %s ; %s ; rsipstack %s ; %s s par essai.\n' \
        "$(sed -n 's/^model name[[:space:]]*: //p' /proc/cpuinfo | head -n1)" "$(nproc)" \
        "$(cut -d' ' -f1-3 /proc/loadavg)" "$(uname -r)" "$(rustc --version)" \
        "$(sipp -v 2>/dev/null | grep -o 'SIPp v[0-9.]*' | head -n1)" \
        "$(sed -n '/^name = "rsipstack"$/{n;s/version = "\(.*\)"/\1/p}' benches/peers/rsipstack/Cargo.lock)" "$seconds"
}

command -v sipp >/dev/null || stop "SIPp n'est pas installé." "lancez « scripts/setup.sh --tests »."
step "Compilation des deux serveurs" build
conditions
for part in $parts; do
    case $part in
        rate) rate_table ;;
        memory) memory_table ;;
        dialogs) dialogs_table ;;
        *) stop "Partie inconnue : $part." "rate, memory ou dialogs." ;;
    esac
done
conditions
