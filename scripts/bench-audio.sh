#!/usr/bin/env bash
# Word error rate of recorded French after what a line does to it: loss in bursts (filled with zeros, with the old
# repetition, concealed), faint voices, noise (as it is, after sonora's noise suppression).
#   CLIPS=60   how many of the recorded clips
set -euo pipefail
cd "$(dirname "$0")/.."
# shellcheck source=scripts/lib.sh
source scripts/lib.sh

table=../shared/data/speech/transcripts.tsv
[[ -f $table ]] || stop "$table est absent" "mettez-y des enregistrements et leur tableau (path, tier, transcript)"
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

cargo build --quiet --release --example line_audio
"$target_dir/release/examples/line_audio" make "$table" "$work" "${CLIPS:-60}"
(cd benches/peers/echo && env -u CARGO_TARGET_DIR cargo build --quiet --locked --release)
benches/peers/echo/target/release/echo-peer denoise "$work"
step "Transcription sous chaque condition" "$program" transcribe --score "$work/transcripts.tsv" --tiers all
