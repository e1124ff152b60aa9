#!/bin/sh
# Installs what the files `apt` and `npm` beside it name, one a line; an empty file is none. The names were checked before
# (packages/host/src/packages/names.ts); `--` and files instead of words hold even if they had not been.
set -eu
cd "$(dirname "$0")"
export DEBIAN_FRONTEND=noninteractive

# --no-remove: to apt, `tini-` means "take tini away".
debian() {
  xargs -a "$1" -d '\n' apt-get install -y --no-install-recommends --no-remove --
}

if [ -s apt ] || { [ -s npm ] && ! command -v npm >/dev/null; }; then
  apt-get update
  [ ! -s apt ] || debian apt
  if [ -s npm ] && ! command -v npm >/dev/null; then
    echo npm > for-npm
    debian for-npm
  fi
  rm -rf /var/lib/apt/lists/*
fi
if [ -s npm ]; then
  # Nobody's install scripts run: not as root, and not here.
  xargs -a npm -d '\n' npm install --global --ignore-scripts --no-audit --no-fund --no-update-notifier --
  rm -rf /root/.npm
fi
