# shellcheck shell=bash
# For scripts to source behind lib.sh: number words and letters that a person recorded (Debian's asterisk-core-sounds-fr-wav, taken out and
# not installed).
recorded_package=asterisk-core-sounds-fr-wav
recorded_root=$target_dir/numbers
if [[ ! -d $recorded_root/usr ]]; then
    mkdir -p "$recorded_root"
    (cd "$recorded_root" && apt-get -o APT::Sandbox::User=root download -qq "$recorded_package" && dpkg -x "$recorded_package"_*.deb .) ||
        stop "$recorded_package n'a pas pu être obtenu" "vérifiez les dépôts Debian (apt-get update)"
fi
# The folder that holds digits/ and letters/.
# shellcheck disable=SC2034
recorded=$(dirname "$(dirname "$(find "$recorded_root/usr" -path '*/digits/0.wav' | head -n1)")")
