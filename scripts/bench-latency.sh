#!/usr/bin/env bash
# From the end of the caller's speech to the first packet of the answer, through SIP and RTP on loopback: answers in the
# cache, for one call and for many at once, then answers that have to be synthesised. Two Markdown tables.
#   QUESTIONS=100   spoken questions for each number of calls   AT_ONCE=1,4,8,16   numbers of calls
set -euo pipefail
cd "$(dirname "$0")/.."
# shellcheck source=scripts/lib.sh
source scripts/lib.sh

"$program" bench --turns "${QUESTIONS:-100}" --at-once "${AT_ONCE:-1,4,8,16}"
"$program" bench --turns 20 --unheard
