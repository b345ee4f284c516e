#!/usr/bin/env bash
# How often callers are understood, on sentences that stand in no dialplan (sip-tests/understanding/*.tsv): typed, then spoken
# by several voices through G.711 and Whisper, then with noise 10 dB below the voice. Prints Markdown, and the conditions.
#   DIALPLAN=dialplans/saint-germain-en-laye   FILES="b-*.tsv"   which sentences (all by default)
#   SPOKEN=0   typed only   THREADS=2   of the recogniser
# Speech and transcripts are kept below target/understanding and made anew only for sentences, models or words that changed.
set -euo pipefail
cd "$(dirname "$0")/.."
# shellcheck source=scripts/lib.sh
source scripts/lib.sh

dialplan=${DIALPLAN:-dialplans/saint-germain-en-laye}
sentences=sip-tests/understanding
work=$target_dir/understanding
mkdir -p "$work"

# One table of all files, under one header.
all=$work/sentences.tsv
printf 'sentence\tservice\tdecision\n' >"$all"
# shellcheck disable=SC2086
for file in $(cd "$sentences" && ls ${FILES:-*.tsv}); do tail -n +2 "$sentences/$file" | sed '/^[[:space:]]*$/d' >>"$all"; done

printf 'Conditions : %s ; %s cœurs ; %s fils ; charge %s ; noyau %s ; dialplan %s ; %s phrases (%s)\n\n' \
    "$(sed -n 's/^model name[[:space:]]*: //p' /proc/cpuinfo | head -n1)" "$(nproc)" "${THREADS:-2}" \
    "$(cut -d' ' -f1-3 /proc/loadavg)" "$(uname -r)" "$dialplan" "$(($(wc -l <"$all") - 1))" "${FILES:-*.tsv}"

# score TITLE TABLE PRINTED
score() {
    printf '\n### %s\n\n' "$1"
    python3 scripts/understanding_score.py "$2" "$3"
}

begun=$(microseconds)
"$program" understand "$dialplan" --tsv "$all" --top 5 >"$work/typed.tsv"
score 'Typed' "$all" "$work/typed.tsv"
printf '\nThe typed sentences took %s, training included.\n' "$(duration $(($(microseconds) - begun)))"
# What callers say behind an answer. `a` is what the weights of `context.rs` are fitted on, `b` is held out.
for table in "$sentences"/context/*.tsv; do
    printf '\n### Typed, behind an answer: %s\n\n' "$(basename "$table")"
    "$program" understand "$dialplan" --tsv "$table" >"$work/context.tsv"
    python3 scripts/context_score.py "$table" "$work/context.tsv"
done
# The topic within the service, follow-ups included. `a` is what the weights of `topic.rs` are fitted on, `b` is held out.
for table in "$sentences"/topics/*.tsv; do
    printf '\n### Typed, the topic of a first question: %s\n\n' "$(basename "$table")"
    "$program" understand "$dialplan" --tsv "$table" >"$work/topics.tsv"
    python3 scripts/topics_score.py "$table" "$work/topics.tsv"
done
[[ ${SPOKEN:-1} == 0 ]] && exit 0

[[ -e models/whisper-base.ggml && -e models/fr_FR-siwis.onnx ]] ||
    stop "les modèles manquent" "lancez « make models »"
cargo build --quiet --release --example line_sentences

# Sentences, voices and the model name the folder: what changes is made anew.
key=$(cat "$all" examples/line_sentences.rs prompts/fr/prononciation.tsv | sha256sum | cut -c1-16)
clips=$work/$key
"$target_dir/release/examples/line_sentences" "$all" "$clips"
# The words that a call gives the recogniser at the beginning.
words=$(grep -v '^#' prompts/fr/mots.txt | sed '/^[[:space:]]*$/d' | head -c 200 | tr '\n' ',' | sed 's/,/, /g')
for folder in "$clips"/*-line "$clips"/*-noise; do
    name=$(basename "$folder")
    heard=$folder/heard.tsv
    if [[ ! -s $heard ]]; then
        "$program" transcribe --threads "${THREADS:-2}" --prompt "$words" "$folder"/*.wav >"$heard.new"
        mv "$heard.new" "$heard"
    fi
    # What was heard in the place of what was said; nothing heard stays a line of its own.
    cut -f2 "$heard" | sed 's/^[[:space:]]*$/-/' >"$work/$name.txt"
    "$program" understand "$dialplan" --tsv "$work/$name.txt" --top 5 >"$work/$name.tsv"
    score "$name" "$all" "$work/$name.tsv"
done
# All voices of a condition together.
for condition in line noise; do
    cp "$all" "$work/all-$condition.tsv"
    first=1
    : >"$work/all-$condition-printed.tsv"
    for folder in "$clips"/*-"$condition"; do
        ((first)) || tail -n +2 "$all" >>"$work/all-$condition.tsv"
        first=0
        cat "$work/$(basename "$folder").tsv" >>"$work/all-$condition-printed.tsv"
    done
    score "All voices, $condition" "$work/all-$condition.tsv" "$work/all-$condition-printed.tsv"
done
