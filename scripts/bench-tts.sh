#!/usr/bin/env bash
# The voice measured over sentences of the dialplan, beside the Python piper package with the same model: delays,
# real-time factor, loudness, and how often our Whisper mishears it at 8 kHz.
#   SENTENCES=200   how many
#   PIPER=piper-tts==1.8.0   the package it is compared with; empty: none
set -euo pipefail
cd "$(dirname "$0")/.."
# shellcheck source=scripts/lib.sh
source scripts/lib.sh

work=$target_dir/tts
bench=$target_dir/release/examples/voice_bench
piper=${PIPER-piper-tts==1.8.0}
[[ -f models/fr_FR-siwis.onnx ]] || stop "la voix n'est pas préparée" "make models"
mkdir -p "$work"
rm -rf "$work/clips"
step "Compilation de la mesure" cargo build --quiet --release --example voice_bench
step "Nos phrases" "$bench" make "$work/clips" "${SENTENCES:-200}"
tools=(ours clauses slow)
if [[ -n $piper ]]; then
    [[ -x $work/venv/bin/python ]] || python3 -m venv "$work/venv"
    if "$work/venv/bin/pip" install --quiet "$piper"; then
        step "Les mêmes par piper (Python)" "$work/venv/bin/python" bench/tts-yardstick.py "$work/clips" models/fr_FR-siwis.onnx
        tools+=(piper)
    else
        warn "piper ne s'installe pas : nos phrases seules sont mesurées"
    fi
fi
"$bench" table "$work/clips" "${tools[@]}"
step "Niveau et joints" "$bench" sound "$work/clips/ours"
step "Pauses et mélodie" "$bench" prosody
step "Ce que Whisper entend" "$program" transcribe --threads 1 --score "$work/clips/transcripts.tsv" --tiers "$(IFS=,; echo "${tools[*]}")" --json > "$work/heard.json"
python3 bench/tts-errors.py "$work/heard.json"
