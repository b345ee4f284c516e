#!/usr/bin/env bash
# Whole spoken calls over SIP against the real service, as written in sip-tests/calls: did the caller get the answer, the person, the
# request? One Markdown table, with every failed conversation.
#   CALLS="DIR FILE…"   other calls than those of sip-tests/calls   OUT=DIR   keep each conversation, as JSON and WAV
set -euo pipefail
cd "$(dirname "$0")/.."
# shellcheck source=scripts/lib.sh
source scripts/lib.sh

# Folders and files are separated by spaces.
# shellcheck disable=SC2086
"$program" bench-calls ${CALLS:-sip-tests/calls} ${OUT:+--out "$OUT"}
