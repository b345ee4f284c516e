#!/usr/bin/env bash
# Spoken calls of baresip and PJSUA2 through a relay that loses, delays and doubles packets: three questions a call, one
# call after the other, every codec, packet length and both securities. Prints a Markdown table.
#   CALLS=48   how many of the calls
set -euo pipefail
cd "$(dirname "$0")/.."
# shellcheck source=scripts/lib.sh
source scripts/lib.sh

export ALLO_MAIRIE_REQUIRE_PEERS=all
scripts/build.sh --with-test-voice
cargo test --quiet --release --test sip -- --ignored --exact --nocapture networks::every_telephone_codec_and_packet_length
