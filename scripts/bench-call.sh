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

# shellcheck source=scripts/yardstick.sh
source scripts/yardstick.sh
yardstick_hears "$clips" 'A*,B'
step "Allô Mairie transcrit les mêmes" "$program" transcribe --score "$clips" --beside "$heard"
