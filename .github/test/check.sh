#!/usr/bin/env bash
# Looks for mistakes in the workflows that a run on the forge would show too late. Needs Go.
set -euo pipefail
cd "$(dirname "$0")/../.."
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
. infra/check-lib.sh

pinned() { # WORKFLOW: every action by the hash of a commit, which nobody can move
  ! grep -hE '^\s*(- )?uses:' "$1" | grep -vE '@[0-9a-f]{40}( |$)'
}

for workflow in .github/workflows/*.yml; do
  check "$workflow has no mistake" go run github.com/rhysd/actionlint/cmd/actionlint@v1.7.12 -no-color "$workflow"
  check "$workflow pins every action" pinned "$workflow"
done

printf '%s passed, %s failed\n' "$passed" "$failed"
[ "$failed" -eq 0 ]
