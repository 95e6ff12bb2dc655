#!/bin/sh
# Programs of Debian packages that would start a service when they are installed. They are unpacked into a folder; the
# libraries that they need are installed. What this machine has already is left as it is.
#
#   sh packaging/unpack.sh FOLDER coturn:turnserver prometheus:promtool
set -eu
folder=$1
shift
export DEBIAN_FRONTEND=noninteractive
sudo=
[ "$(id -u)" = 0 ] || sudo=sudo
for each; do
  ! command -v "${each##*:}" >/dev/null || continue
  work=$(mktemp -d)
  (cd "$work" && apt-get download -qq "${each%%:*}")
  libraries=$(dpkg-deb -f "$work"/*.deb Depends | tr ',' '\n' | sed -n 's/^ *\(lib[a-z0-9.+-]*\).*/\1/p' | grep -v '^libjs-')
  # Word by word: they are names of packages.
  # shellcheck disable=SC2086
  $sudo apt-get install -y -qq --no-install-recommends $libraries
  mkdir -p "$folder"
  dpkg-deb -x "$work"/*.deb "$folder"
  rm -r "$work"
  command -v "${each##*:}" >/dev/null || [ -x "$folder/usr/bin/${each##*:}" ] || [ -x "$folder/usr/sbin/${each##*:}" ]
done
