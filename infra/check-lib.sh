# Sourced by the checks of this folder: counts what holds and what does not. `$work` is a folder to be deleted at the end.
passed=0 failed=0
check() { # TITLE COMMAND…
  local title=$1
  shift
  if "$@" >"$work/output" 2>&1; then
    passed=$((passed + 1))
    printf '✓ %s\n' "$title"
  else
    failed=$((failed + 1))
    printf '✗ %s\n' "$title"
    tail -n 30 "$work/output"
  fi
}
