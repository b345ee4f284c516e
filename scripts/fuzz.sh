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

# What libFuzzer is given for a target: its corpus, the seeds kept for it, its dictionary.
work_on() {
    local target=$1 dict=fuzz/sip.dict
    local inputs=("fuzz/corpus/$target")
    mkdir -p "fuzz/corpus/$target"
    [[ ! -d fuzz/seeds/$target ]] || inputs+=("fuzz/seeds/$target")
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
}

[[ -d fuzz/corpus ]] || tar -C fuzz -xzf fuzz/corpus.tar.gz
step "Compilation des cibles" fuzz build

# A target keeps one processor busy: so many at once as there are, what each printed when it has ended.
logs=$target_dir/fuzz-logs
mkdir -p "$logs"
failed=0
for target in "${targets[@]}"; do
    while (($(jobs -rp | wc -l) >= $(nproc))); do wait -n || failed=1; done
    printf '%s commence\n' "$target"
    {
        status=0
        (work_on "$target") >"$logs/$target.txt" 2>&1 || status=$?
        cat "$logs/$target.txt"
        exit "$status"
    } &
done
while (($(jobs -p | wc -l) > 0)); do wait -n || failed=1; done
((failed == 0)) || stop "Une cible au moins a échoué." "lisez ce qu'elle a dit plus haut, ou dans $logs"
if [[ $seconds == condenser ]]; then
    step "Rangement dans fuzz/corpus.tar.gz" pack
fi
