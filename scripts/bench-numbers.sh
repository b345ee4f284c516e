#!/usr/bin/env bash
# How many dictated telephone numbers are found, from Whisper's text alone and with what it nearly wrote: by the synthetic voices, and by
# a person recorded word by word (Debian's asterisk-core-sounds-fr-wav, taken out and not installed). Prints a Markdown table.
#   NUMBERS=40   numbers dictated by each   SHOW=1   print those that are not found
set -euo pipefail
cd "$(dirname "$0")/.."
# shellcheck source=scripts/lib.sh
source scripts/lib.sh

package=asterisk-core-sounds-fr-wav
recorded=$target_dir/numbers
if [[ ! -d $recorded/usr ]]; then
    mkdir -p "$recorded"
    (cd "$recorded" && apt-get -o APT::Sandbox::User=root download -qq "$package" && dpkg -x "$package"_*.deb .) ||
        stop "$package n'a pas pu être obtenu" "vérifiez les dépôts Debian (apt-get update)"
fi
cargo build --quiet --release --example dictated_numbers
printf 'Conditions : %s ; %s cœurs ; charge %s ; noyau %s\n\n' "$(sed -n 's/^model name[[:space:]]*: //p' /proc/cpuinfo | head -n1)" \
    "$(nproc)" "$(cut -d' ' -f1-3 /proc/loadavg)" "$(uname -r)"
OMP_WAIT_POLICY=passive "$target_dir/release/examples/dictated_numbers" "${NUMBERS:-40}" \
    "$(dirname "$(find "$recorded/usr" -path '*/digits/0.wav' | head -n1)")"
