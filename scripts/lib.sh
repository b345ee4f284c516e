# shellcheck shell=bash
# Shared by the scripts: headings with durations, and stopping with a remedy. Sourced, never run.
# What people read is French; comments are English.

if [[ -t 1 ]]; then
    bold=$'\e[1m' green=$'\e[32m' red=$'\e[31m' plain=$'\e[0m'
else
    bold='' green='' red='' plain=''
fi

# Where cargo puts what it builds.
target_dir=${CARGO_TARGET_DIR:-target}
# Read by the scripts that source this one.
# shellcheck disable=SC2034
program=$target_dir/release/allo-mairie

# Microseconds since 1970, whatever the locale's decimal sign.
microseconds() { printf '%s' "${EPOCHREALTIME/[.,]/}"; }

# "1,2 s" or "3 min 05 s" for a number of microseconds.
duration() {
    local seconds=$(($1 / 1000000))
    if ((seconds < 60)); then
        printf '%d,%d s' "$seconds" $(($1 / 100000 % 10))
    else
        printf '%d min %02d s' $((seconds / 60)) $((seconds % 60))
    fi
}

# step TITLE COMMAND…: runs the command under a heading and says how long it took; its failure ends the script.
step() {
    local title=$1 begun status=0
    shift
    begun=$(microseconds)
    printf '%s── %s%s\n' "$bold" "$title" "$plain"
    "$@" || status=$?
    local took
    took=$(duration $(($(microseconds) - begun)))
    if ((status != 0)); then
        printf '%s✗ %s : échec au bout de %s%s\n' "$red" "$title" "$took" "$plain" >&2
        exit "$status"
    fi
    printf '%s✓ %s%s (%s)\n' "$green" "$title" "$plain" "$took"
}

# stop MESSAGE REMEDY: ends the script.
stop() {
    printf '%s✗ %s%s\n  Remède : %s\n' "$red" "$1" "$plain" "$2" >&2
    exit 1
}

warn() { printf 'Attention : %s\n' "$1" >&2; }
