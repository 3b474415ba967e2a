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

check 'what Prometheus asks is right' promtool check config "$here/../prometheus.yaml"
check 'the rules are right' promtool check rules "$here/../alerts.yaml"
check 'alerts come when they should, and only then' promtool test rules "$here/alerts.test.yaml"
check 'every query of the dashboard can be read' queries_as_rules
printf '%s passed, %s failed\n' "$passed" "$failed"
[ "$failed" -eq 0 ]
