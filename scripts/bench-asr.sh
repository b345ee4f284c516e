#!/usr/bin/env bash
# Word error rate and time of our recogniser beside faster-whisper with the same weights and threads, on recorded French as
# calls bring it: codecs, noise, loss. Prints the conditions of the machine.
#   CLIPS=131   how many of the recorded clips   THREADS=2   of both recognisers
set -euo pipefail
cd "$(dirname "$0")/.."
# shellcheck source=scripts/lib.sh
source scripts/lib.sh
# shellcheck source=scripts/yardstick.sh
source scripts/yardstick.sh

table=../shared/data/speech/transcripts.tsv
[[ -f $table ]] || stop "$table est absent" "mettez-y des enregistrements et leur tableau (path, tier, transcript)"
export THREADS=${THREADS:-2}
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

cargo build --quiet --release --example line_audio
"$target_dir/release/examples/line_audio" calls "$table" "$work" "${CLIPS:-131}"
printf 'Conditions : %s ; %s cœurs ; %s fils par outil ; charge %s ; noyau %s\n' \
    "$(sed -n 's/^model name[[:space:]]*: //p' /proc/cpuinfo | head -n1)" "$(nproc)" "$THREADS" \
    "$(cut -d' ' -f1-3 /proc/loadavg)" "$(uname -r)"
yardstick_hears "$work/transcripts.tsv" all
step "Allô Mairie transcrit les mêmes" "$program" transcribe --threads "$THREADS" --score "$work/transcripts.tsv" \
    --tiers all --beside "$heard"
