#!/bin/sh
# Writes a version into src/magacin/__init__.py, which is its source, and into the files that have to repeat it
# because they name the image: scripts/set-version.sh 1.2.3
set -eu
cd -- "$(dirname -- "$0")/.."

version=${1:-}
if ! printf '%s\n' "$version" | grep -Eqx '[0-9]+\.[0-9]+\.[0-9]+((a|b|rc)[0-9]+)?'; then
    echo "set-version: '$version' is no version. Give one like 1.2.3 or 1.2.3rc1." >&2
    exit 2
fi
sed -i "s/^__version__ = .*/__version__ = \"$version\"/" src/magacin/__init__.py
sed -i "s/\(magacin-track:\)[0-9][0-9a-z.]*/\1$version/g" \
    docker-compose.yml docker-compose.monitoring.yml docs/kubernetes.md docs/notifications.md
sed -i "/name: magacin-track\$/{n;s/newTag: .*/newTag: \"$version\"/;}" deploy/kubernetes/kustomization.yaml
