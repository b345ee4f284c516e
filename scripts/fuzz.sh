#!/usr/bin/env bash
# Runs every fuzz target for some seconds (first argument, default 60), or those named after it. What crashes stays in
# fuzz/artifacts; what reaches new code is added to fuzz/corpus, which begins as what is packed in fuzz/corpus.tar.gz.
# GRAINE=1 begins with that seed instead of a random one. « condenser » instead of the seconds leaves out what reaches
# nothing of its own, and packs the corpus again.
set -euo pipefail
cd "$(dirname "$0")/.."
# shellcheck source=scripts/lib.sh
source scripts/lib.sh

seconds=${1:-60}
[[ $seconds =~ ^([0-9]+|condenser)$ ]] ||
    stop "« $seconds » n'est pas un nombre de secondes" "par exemple : make fuzz SECONDES=60"
shift || true
targets=("$@")

cargo fuzz --version >/dev/null 2>&1 || step "Installation de cargo-fuzz" cargo install --locked cargo-fuzz

((${#targets[@]})) || mapfile -t targets < <(cargo fuzz list)

# Without a sanitizer the stable compiler will do: safe Rust has overflow checks and assertions of its own.
fuzz() { cargo fuzz "$1" --sanitizer none "${@:2}"; }

pack() {
    tar --sort=name --owner=0 --group=0 --numeric-owner --mtime=2026-01-01 -C fuzz -cf - corpus | gzip -9n >fuzz/corpus.tar.gz
}

[[ -d fuzz/corpus ]] || tar -C fuzz -xzf fuzz/corpus.tar.gz
step "Compilation des cibles" fuzz build
for target in "${targets[@]}"; do
    mkdir -p "fuzz/corpus/$target"
    inputs=("fuzz/corpus/$target")
    [[ ! -d fuzz/seeds/$target ]] || inputs+=("fuzz/seeds/$target")
    dict=fuzz/sip.dict
    case $target in
    dialplan)
        dict=fuzz/dialplan.dict
        inputs+=(dialplans sip-tests/dialplan src/cli/new/modele)
        ;;
    understanding | slots) dict=fuzz/french.dict ;;
    esac
    if [[ $seconds == condenser ]]; then
        step "Corpus de $target" fuzz cmin "$target" -- -max_len=4096
    else
        step "Données aléatoires : $target, $seconds s" \
            fuzz run "$target" "${inputs[@]}" -- \
            -max_total_time="$seconds" -seed="${GRAINE:-0}" -dict="$dict" -max_len=4096 -timeout=10 -print_final_stats=1
    fi
done
if [[ $seconds == condenser ]]; then
    step "Rangement dans fuzz/corpus.tar.gz" pack
fi
