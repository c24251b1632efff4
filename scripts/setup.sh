#!/bin/sh
# Installs what is missing, and nothing else: `setup.sh [build] [view] [test]`.
# Asks for a password only where something is missing and the caller is not root.
set -eu

missing=""
need() { missing="$missing $1"; }
has_library() { ldconfig -p 2>/dev/null | grep -q "$1"; }

for purpose in "$@"; do
    case "$purpose" in
    build)
        command -v cargo >/dev/null || { echo "cargo is missing: see https://rustup.rs" >&2; exit 1; }
        command -v cc >/dev/null || need build-essential
        command -v pkg-config >/dev/null || need pkg-config
        pkg-config --exists wayland-client 2>/dev/null || need libwayland-dev
        ;;
    view)
        has_library libvulkan.so.1 || need libvulkan1
        find /usr/share/vulkan/icd.d /etc/vulkan/icd.d -name '*.json' 2>/dev/null | grep -q . || need mesa-vulkan-drivers
        has_library libxkbcommon-x11.so.0 || need libxkbcommon-x11-0
        has_library libxcursor.so.1 || has_library libXcursor.so.1 || need libxcursor1
        has_library libXi.so.6 || need libxi6
        ;;
    test)
        command -v mosquitto >/dev/null || [ -x /usr/sbin/mosquitto ] || need mosquitto
        command -v mosquitto_pub >/dev/null || need mosquitto-clients
        command -v Xvfb >/dev/null || need xvfb
        command -v xdotool >/dev/null || need xdotool
        ;;
    *) echo "setup.sh: unknown purpose $purpose" >&2; exit 2 ;;
    esac
done

[ -n "$missing" ] || exit 0
command -v apt-get >/dev/null || { echo "please install:$missing" >&2; exit 1; }
echo "installing:$missing"
root=""
[ "$(id -u)" = 0 ] || root="sudo"
$root apt-get update -qq
# shellcheck disable=SC2086
DEBIAN_FRONTEND=noninteractive $root apt-get install -y -qq --no-install-recommends $missing >/dev/null
