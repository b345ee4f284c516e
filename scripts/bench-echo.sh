#!/usr/bin/env bash
# Our echo canceller beside sonora's (WebRTC's AEC3) on recorded speech and synthetic echo paths: false and missed
# interruptions, processor; then what finding keys and concealing cost. Nothing of sonora is in the product.
set -euo pipefail
cd "$(dirname "$0")/.."
# shellcheck source=scripts/lib.sh
source scripts/lib.sh

clips=../shared/data/speech
[[ -d $clips ]] || stop "$clips est absent" "mettez-y des enregistrements WAV à 8 kHz"
# Its own workspace and target directory, whatever ours is.
(cd benches/peers/echo && env -u CARGO_TARGET_DIR cargo build --quiet --locked --release)
benches/peers/echo/target/release/echo-peer "$clips"
benches/peers/echo/target/release/echo-peer keys "$clips"
benches/peers/echo/target/release/echo-peer conceal "$clips"
