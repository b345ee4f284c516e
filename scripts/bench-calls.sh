#!/usr/bin/env bash
# Whole spoken calls over SIP against the real service, as written in sip-tests/calls: did the caller get the answer, the person, the
# request? One Markdown table, with every failed conversation. Numbers and spelled names are a recorded person's, all else is a synthetic voice.
#   VOICE=pico   callers with another synthetic voice
#   CALLS="DIR FILE…"   other calls than those of sip-tests/calls   OUT=DIR   keep each conversation, as JSON and WAV
set -euo pipefail
cd "$(dirname "$0")/.."
# shellcheck source=scripts/lib.sh
source scripts/lib.sh
# shellcheck source=scripts/recorded.sh
source scripts/recorded.sh

voice=()
if [[ ${VOICE:-} == pico ]]; then
    # shellcheck source=scripts/pico.sh
    source scripts/pico.sh
    voice=(--voice-program "$pico")
fi
# Folders and files are separated by spaces.
# shellcheck disable=SC2086
"$program" bench-calls ${CALLS:-sip-tests/calls} ${OUT:+--out "$OUT"} --dictation "$recorded" "${voice[@]}"
