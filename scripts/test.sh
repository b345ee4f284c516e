#!/usr/bin/env bash
# Everything that must hold before a change goes in. The test runner's closing lines are the last ones.
set -euo pipefail
cd "$(dirname "$0")/.."
# shellcheck source=scripts/lib.sh
source scripts/lib.sh

# A missing SIPp or baresip fails the tests instead of skipping some.
export ALLO_MAIRIE_REQUIRE_PEERS=1
log=$target_dir/test.log

tests=(--release --lib --bins --tests)

has_nextest() { cargo nextest --version >/dev/null 2>&1; }

# The program comes with them: built by itself it would have fewer features of its crates, and all would be compiled twice.
# Examples are compiled by clippy.
build_tests() {
    if has_nextest; then cargo nextest run --no-run "${tests[@]}"; else cargo test --no-run "${tests[@]}"; fi
}

run_tests() {
    mkdir -p "$target_dir"
    if has_nextest; then
        cargo nextest run "${tests[@]}" 2>&1 | tee "$log"
    else
        # What .config/nextest.toml does with groups: tests with real peers run one at a time.
        {
            cargo test --release --lib --bins && cargo test --release --test '*' -- --test-threads=1
        } 2>&1 | tee "$log"
    fi
}

step "Mise en forme (rustfmt)" cargo fmt --check
step "Compilation" build_tests
step "Modèles de reconnaissance et de voix" "$program" models prepare --with-test-voice
step "Relecture (clippy)" cargo clippy --release --all-targets -- -D warnings
# The targets compile some modules from their sources: a crate that is new there must be named in fuzz/Cargo.toml too.
# Not asked for where they are built next.
[[ -n ${FUZZ_FOLLOWS:-} ]] ||
    step "Cibles des données aléatoires" \
        cargo check --manifest-path fuzz/Cargo.toml --bins --target-dir "$target_dir/fuzz"
step "Essais" run_tests
