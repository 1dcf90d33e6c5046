#!/bin/sh
# Compiles the locked requirements from pyproject.toml: versions and hashes, no addresses. Needs uv.
set -eu
cd "$(dirname "$0")/.."
compile() { uv pip compile --quiet --universal --generate-hashes --no-emit-index-url --no-annotate --custom-compile-command "requirements/compile.sh" "$@"; }
compile pyproject.toml -o requirements/base.txt
compile pyproject.toml --group dev --group sdk -c requirements/base.txt -o requirements/dev.txt
