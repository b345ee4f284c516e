# shellcheck shell=bash
# faster-whisper, the yardstick of our recogniser, with the weights ours are made of. Sourced behind lib.sh.

yardstick=$target_dir/yardstick

# yardstick_hears TABLE TIERS: its transcripts and times in $heard.
yardstick_hears() {
    if [ ! -x "$yardstick/bin/python3" ] || ! "$yardstick/bin/python3" -c 'import faster_whisper' 2>/dev/null; then
        step "Installation de faster-whisper, pour comparer" bash -c \
            "python3 -m venv '$yardstick' && '$yardstick/bin/pip' install --quiet --disable-pip-version-check faster-whisper"
    fi
    # It reads the weights as they were downloaded.
    step "Paquets du modèle, pour comparer" "$program" models prepare --dir "$yardstick/models" --keep-downloads
    heard=$yardstick/faster-whisper.tsv
    step "faster-whisper transcrit les enregistrements" bash -c \
        "'$yardstick/bin/python3' bench/asr-yardstick.py '$yardstick/models/downloads' '$1' '$2' > '$heard'"
}
