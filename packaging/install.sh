#!/bin/sh
# Installs or upgrades Launchyard from this folder, on any Linux with systemd. Run as root:
#   sh install.sh             installs, starts, and prints the link for making the owner's account
#   sh install.sh --remove    stops and removes the program; data, configuration and key stay
set -eu
cd "$(dirname "$0")"
binary=/usr/local/bin/launchyard
unit=/etc/systemd/system/launchyard.service

[ "$(id -u)" -eq 0 ] || { echo "install.sh: run this as root" >&2; exit 1; }

case "${1:-}" in
    --remove)
        systemctl disable --quiet --now launchyard.service 2>/dev/null || true
        rm -f "$binary" "$unit"
        rm -rf /usr/local/lib/launchyard
        systemctl daemon-reload 2>/dev/null || true
        echo "Removed. Data stays in /var/lib/launchyard, configuration and key in /etc/launchyard."
        exit 0
        ;;
    "") ;;
    *) echo "install.sh: unknown option $1" >&2; exit 1 ;;
esac

exec ./launchyard init --systemd
