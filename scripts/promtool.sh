#!/bin/sh
# `sh scripts/promtool.sh VERSION FILE`: takes promtool out of Debian's package and puts it where FILE says.
set -eu
version=$1
target=$(realpath -m "$2")
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
mkdir -p lists/partial cache/archives/partial

mirror=$(cat /etc/apt/sources.list /etc/apt/sources.list.d/*.sources 2>/dev/null | sed -n \
	-e 's/^URIs:[[:space:]]*\([^[:space:]]*\).*/\1/p' \
	-e 's/^deb[[:space:]]*\(\[[^]]*\][[:space:]]*\)\{0,1\}\([^[:space:]]*\).*/\2/p' | head -n 1)
[ -n "$mirror" ] || { echo 'promtool is missing, and no Debian mirror is configured: put promtool on PATH' >&2; exit 1; }
echo "deb [signed-by=/usr/share/keyrings/debian-archive-keyring.gpg] $mirror forky main" >sources.list

# Lists and cache of its own: what the machine's apt knows stays as it is.
apt() {
	apt-get -qq -o Dir::Etc::sourcelist="$folder/sources.list" -o Dir::Etc::sourceparts=/dev/null \
		-o Dir::State::lists="$folder/lists" -o Dir::Cache="$folder/cache" -o APT::Sandbox::User=root "$@"
}
apt update
apt download "promtool=$version" || apt download promtool
dpkg -x promtool_*.deb content
mv content/usr/bin/promtool "$target"
