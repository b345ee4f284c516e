#!/usr/bin/env bash
# Speech or not, on a telephone line: webrtc-vad alone, our detector, Silero VAD (PyPI, not in the product) on recorded French with
# street and babble noise, and on what is no speech: false and missed starts, processor.
set -euo pipefail
cd "$(dirname "$0")/.."
# shellcheck source=scripts/lib.sh
source scripts/lib.sh

clips=../shared/data/speech
[[ -d $clips ]] || stop "$clips est absent" "mettez-y des enregistrements WAV à 8 kHz"
work=$target_dir/bench-vad
mkdir -p "$work"
python=$work/venv/bin/python
if [[ ! -x $python ]]; then
    python3 -m venv "$work/venv"
    # Without its dependency on torch: the network runs under ONNX Runtime.
    "$python" -m pip --quiet --disable-pip-version-check install --no-deps silero-vad==6.2.3
    "$python" -m pip --quiet --disable-pip-version-check install numpy onnxruntime==1.24.4
fi
cargo build --quiet --release --no-default-features --example line_voice
step "Scènes" "$target_dir/release/examples/line_voice" make "$work/scenes"
"$python" bench/silero-vad.py "$work/scenes" > "$work/silero.tsv"
"$target_dir/release/examples/line_voice" score "$work/scenes" "$work/silero.tsv"
