#!/usr/bin/env bash
# Builds the program and prepares the models; both see at once when there is nothing to do.
# Arguments go to `allo-mairie models prepare`.
set -euo pipefail
cd "$(dirname "$0")/.."
# shellcheck source=scripts/lib.sh
source scripts/lib.sh

step "Compilation" cargo build --release
step "Modèles de reconnaissance et de voix" "$program" models prepare "$@"
