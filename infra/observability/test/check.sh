#!/usr/bin/env bash
# Checks the rules, plays them through in simulated time, and makes sure that Prometheus can read every query of the
# dashboard. Needs promtool (Debian: prometheus) and Python 3. Ends with `N passed, N failed`.
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
. "$here/../../check-lib.sh"

# A rule for each query: what Prometheus cannot read it does not take as a rule.
queries_as_rules() {
  python3 - "$here/../dashboard.json" >"$work/queries.yaml" <<'PYTHON'
import json, sys
dashboard = json.load(open(sys.argv[1]))
queries = [target["expr"] for panel in dashboard["panels"] for target in panel["targets"]]
assert len(queries) >= len(dashboard["panels"]) > 0
rules = [{"record": f"query_{number}", "expr": query} for number, query in enumerate(queries)]
json.dump({"groups": [{"name": "dashboard", "rules": rules}]}, sys.stdout)
PYTHON
  promtool check rules "$work/queries.yaml"
}

# An alert that no test has seen come, or that does not say what to do, is noise at night.
comes_in_a_test() { grep -A 1 "alertname: $1$" "$here/alerts.test.yaml" | grep -q 'exp_alerts:$'; }
says_what_to_do() { grep -qE "^\|[^|]*\b$1\b[^|]*\|" "$here/../README.md"; }
of_every_alert() { # COMMAND
  local alert
  for alert in $(sed -n 's/^ *- alert: //p' "$here/../alerts.yaml"); do
    "$1" "$alert" || { echo "not of $alert"; return 1; }
  done
}
check 'what Prometheus asks is right' promtool check config "$here/../prometheus.yaml"
check 'the rules are right' promtool check rules "$here/../alerts.yaml"
check 'alerts come when they should, and only then' promtool test rules "$here/alerts.test.yaml"
check 'every alert comes in a test' of_every_alert comes_in_a_test
check 'every alert says what to do' of_every_alert says_what_to_do
check 'every query of the dashboard can be read' queries_as_rules
printf '%s passed, %s failed\n' "$passed" "$failed"
[ "$failed" -eq 0 ]
