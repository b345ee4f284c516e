#!/usr/bin/env bash
# How many dictated telephone numbers are found, from Whisper's text alone and with what it nearly wrote: by the synthetic voices, and by
# a person recorded word by word (Debian's asterisk-core-sounds-fr-wav, taken out and not installed). Prints a Markdown table.
#   NUMBERS=40   numbers dictated by each   SHOW=1   print those that are not found
set -euo pipefail
cd "$(dirname "$0")/.."
# shellcheck source=scripts/lib.sh
source scripts/lib.sh
# shellcheck source=scripts/recorded.sh
source scripts/recorded.sh
cargo build --quiet --release --example dictated_numbers
printf 'Conditions : %s ; %s cœurs ; charge %s ; noyau %s\n\n' "$(sed -n 's/^model name[[:space:]]*: //p' /proc/cpuinfo | head -n1)" \
    "$(nproc)" "$(cut -d' ' -f1-3 /proc/loadavg)" "$(uname -r)"
OMP_WAIT_POLICY=passive "$target_dir/release/examples/dictated_numbers" "${NUMBERS:-40}" "$recorded"
