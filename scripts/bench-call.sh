#!/usr/bin/env bash
# Delays of real spoken calls on loopback, memory, start; then the word error rate on recorded French, beside
# faster-whisper with the same weights. Each table prints the conditions it was measured under.
set -euo pipefail
cd "$(dirname "$0")/.."
# shellcheck source=scripts/lib.sh
source scripts/lib.sh

"$program" bench "$@"

clips=../shared/data/speech/transcripts.tsv
if [ ! -f "$clips" ]; then
    echo "Pas de mesure de la reconnaissance : $clips est absent."
    exit 0
fi

# faster-whisper reads the weights as they were downloaded.
yardstick=$target_dir/yardstick
if [ ! -x "$yardstick/bin/python3" ] || ! "$yardstick/bin/python3" -c 'import faster_whisper' 2>/dev/null; then
    step "Installation de faster-whisper, pour comparer" bash -c \
        "python3 -m venv '$yardstick' && '$yardstick/bin/pip' install --quiet --disable-pip-version-check faster-whisper"
fi
step "Paquets du modèle, pour comparer" "$program" models prepare --dir "$yardstick/models" --keep-downloads
heard=$yardstick/faster-whisper.tsv
step "faster-whisper transcrit les enregistrements" bash -c \
    "'$yardstick/bin/python3' bench/asr-yardstick.py '$yardstick/models/downloads' '$clips' > '$heard'"
step "Allô Mairie transcrit les mêmes" "$program" transcribe --score "$clips" --beside "$heard"
