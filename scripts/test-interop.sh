#!/usr/bin/env bash
# The signalling against every real peer; a missing one is a failure. No engines are built. ALLO_MAIRIE_LONG_TESTS=1 adds
# those that wait for timers of minutes.
set -euo pipefail
cd "$(dirname "$0")/.."
# shellcheck source=scripts/lib.sh
source scripts/lib.sh

export ALLO_MAIRIE_REQUIRE_PEERS=all

step "Versions des vis-à-vis" bash -c '
    sipp -v 2>/dev/null | grep -o "SIPp v[^ ]*" || true
    baresip -h 2>&1 | grep -o "baresip v[^ ]*" | head -n1 || true
    kamailio -v | head -n1
    "$1/interop/bin/python" -m pip --disable-pip-version-check list 2>/dev/null | grep -i "pjsua2\|sipvicious"' _ "$target_dir"
step "Signalisation face à de vrais logiciels" \
    cargo test --no-default-features --test interop -- --test-threads=4
