#!/usr/bin/env bash
# The voice measured over sentences of the dialplan, beside the Python packages piper and kokoro-onnx with the same model: delays,
# real-time factor, loudness, and how often our Whisper mishears it at 8 kHz.
#   SENTENCES=200   how many
#   PIPER=piper-tts==1.8.0 KOKORO=kokoro-onnx==0.6.1   the packages it is compared with; empty: without
set -euo pipefail
cd "$(dirname "$0")/.."
# shellcheck source=scripts/lib.sh
source scripts/lib.sh

work=$target_dir/tts
bench=$target_dir/release/examples/voice_bench
piper=${PIPER-piper-tts==1.8.0}
kokoro=${KOKORO-kokoro-onnx==0.6.1}
[[ -f models/fr_FR-siwis.onnx ]] || stop "la voix n'est pas préparée" "make models"
mkdir -p "$work"
rm -rf "$work/clips"
step "Compilation de la mesure" cargo build --quiet --release --example voice_bench
step "Nos phrases" "$bench" make "$work/clips" "${SENTENCES:-200}"
tools=(ours clauses slow)
# peer NAME PACKAGE SCRIPT ARGUMENT…: the same sentences by another program, with the network our voice is made of.
peer() {
    local name=$1 package=$2 script=$3
    shift 3
    [[ -n $package ]] || return 0
    [[ -x $work/$name/bin/python ]] || python3 -m venv "$work/$name"
    if "$work/$name/bin/pip" install --quiet --disable-pip-version-check "$package"; then
        step "Les mêmes par $package (Python)" "$work/$name/bin/python" "$script" "$work/clips" "$@"
        tools+=("$name")
    else
        warn "$package ne s'installe pas : mesuré sans lui"
    fi
}
peer piper "$piper" bench/tts-yardstick.py models/fr_FR-siwis.onnx
if [[ -n $kokoro ]]; then
    # It reads the network and the style as they were downloaded.
    step "Paquets de la voix, pour comparer" "$program" models prepare --dir "$work/models" --keep-downloads
    peer kokoro "$kokoro" bench/kokoro-yardstick.py "$work/models/downloads"
fi
"$bench" table "$work/clips" "${tools[@]}"
step "Niveau et joints" "$bench" sound "$work/clips/ours"
step "Pauses et mélodie" "$bench" prosody
# transcribed FILE ARGUMENT…: what is heard, as JSON.
transcribed() {
    local file=$1
    shift
    "$program" transcribe --threads 1 --json "$@" > "$file"
}
step "Ce que Whisper entend" transcribed "$work/heard.json" --score "$work/clips/transcripts.tsv" --tiers "$(IFS=,; echo "${tools[*]}")"
python3 bench/tts-errors.py "$work/heard.json"
"$bench" phones "$work/heard.json"
# The same ear on recorded people, where there are some.
recorded=../shared/data/speech/transcripts.tsv
if [[ -f $recorded ]]; then
    step "Ce qu'il entend de personnes" transcribed "$work/people.json" --score "$recorded" --tiers B
    "$bench" phones "$work/people.json"
fi
