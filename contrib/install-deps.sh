#!/bin/sh
# Installs the Debian packages that are missing: those that build and run
# assent, with "test" also those that prove it.
# usage: install-deps.sh [build|test]
# Silent, and one dpkg-query fast, when nothing is missing.
set -eu

build="gcc libc6-dev make pkg-config ca-certificates
	libmicrohttpd-dev libjansson-dev libsqlite3-dev
	libcurl4-openssl-dev libssl-dev libesmtp-dev libyaml-dev libpcre2-dev
	libutf8proc-dev libwebsockets-dev"
test="clang libclang-rt-14-dev clang-format clang-tidy cppcheck shellcheck
	mandoc gcovr libcmocka-dev
	python3 python3-pytest python3-pytest-xdist python3-aiosmtpd python3-selenium
	python3-requests python3-yaml python3-jwcrypto python3-aiohttp
	chromium chromium-driver
	curl openssl sqlite3 wrk prometheus libfaketime util-linux"

case ${1:-build} in
build) want=$build ;;
test) want="$build $test" ;;
*)
	echo "usage: $0 [build|test]" >&2
	exit 2
	;;
esac

if ! command -v dpkg-query >/dev/null; then
	echo "$0: not a Debian system; assuming these are there:" >&2
	echo "$want" >&2
	exit 0
fi

# shellcheck disable=SC2086 # the lists are words on purpose
have=" $(dpkg-query -W -f '${db:Status-Status}:${Package} ' $want \
	2>/dev/null || true)"
missing=
for p in $want; do
	case $have in
	*" installed:$p "*) ;;
	*) missing="$missing $p" ;;
	esac
done
[ -n "$missing" ] || exit 0

echo "installing:$missing"
sudo=
if [ "$(id -u)" -ne 0 ]; then
	if ! command -v sudo >/dev/null; then
		echo "$0: not root and no sudo; as root, run:" >&2
		echo "  apt-get install$missing" >&2
		exit 1
	fi
	sudo=sudo
fi

# RUNLEVEL=1 makes invoke-rc.d leave the services of new packages alone: of
# prometheus only promtool is wanted.
apt() {
	# shellcheck disable=SC2086 # empty when root
	$sudo env DEBIAN_FRONTEND=noninteractive RUNLEVEL=1 \
		apt-get -qq -o Dpkg::Use-Pty=0 -o DPkg::Lock::Timeout=300 "$@"
}
log=$(mktemp)
trap 'rm -f "$log"' EXIT
# shellcheck disable=SC2086 # a list of words
if ! { apt update && apt install -y --no-install-recommends $missing; } \
	>"$log" 2>&1; then
	cat "$log" >&2
	exit 1
fi

# Under systemd the package starts its service by another road.
case $missing in
*prometheus*)
	if [ -d /run/systemd/system ]; then
		$sudo systemctl --quiet disable --now prometheus || true
	fi
	;;
esac
