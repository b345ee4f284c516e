#!/usr/bin/env bash
# The end of turns on recorded French: what Whisper hears at each pause of dictated numbers, dates, names and of sentences, as recorded
# and with pauses of 500 and 700 ms; then the turns played with it in real time order: who is cut early, how long a silence ends a turn.
set -euo pipefail
cd "$(dirname "$0")/.."
# shellcheck source=scripts/lib.sh
source scripts/lib.sh

[[ -d ../shared/data/speech ]] || stop "../shared/data/speech est absent" "mettez-y des enregistrements WAV à 8 kHz"
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
models=$PWD/models

cargo build --quiet --release --example line_turns
binary=$(realpath "$program")
"$target_dir/release/examples/line_turns" cut "$work"
general="Saint-Germain-en-Laye, carte d'identité, passeport, état civil, rendez-vous."
for kind in telephone date spelled sentence; do
    [[ $kind == telephone ]] && prompt="06 12 34 56 78, 01 30 87 20 00." || prompt=$general
    awk -F'\t' -v kind="$kind" 'index($2, kind) == 1 { print $1 }' "$work/transcripts.tsv" |
        (cd "$work" && xargs -r -n 50 "$binary" transcribe --model "$models/whisper-base.ggml" --prompt "$prompt")
done > "$work/heard.tsv"
"$target_dir/release/examples/line_turns" join "$work" "$work/heard.tsv" > tests/turn_taking/partials.tsv
# A network that hears sound alone, beside it.
smart_turn=$target_dir/smart-turn
[[ -x $smart_turn/bin/python ]] || python3 -m venv "$smart_turn"
"$smart_turn/bin/python" -m pip --quiet --disable-pip-version-check install numpy onnxruntime soxr
# Without its dependencies: its features and its network are all that is used.
"$smart_turn/bin/python" -m pip --quiet --disable-pip-version-check install --no-deps pipecat-ai==1.14.0
"$smart_turn/bin/python" bench/smart-turn.py "$work"
cargo test --quiet --release --test turn_taking -- --nocapture
