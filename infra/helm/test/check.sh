#!/usr/bin/env bash
# Lints the chart, renders it in every size, holds the result against the schemas of Kubernetes, and makes sure that what
# must be said cannot be forgotten. Needs Python 3; installs Helm and the schemas into a folder of its own, once.
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
chart=$here/../mcp-identity-stack
complete=$here/values-complete.yaml
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
. "$here/../helm-tools.sh"
. "$here/../../check-lib.sh"

renders() { # VERSION VALUES…
  local version=$1 values=() file
  shift
  for file in "$@"; do values+=(--values "$file"); done
  helm template stack "$chart" "${values[@]}" >"$work/rendered.yaml" &&
    "$tools/bin/kubernetes-validate" --strict -k "$version" "$work/rendered.yaml"
}
refuses() { # WORDS OPTION…
  local words=$1
  shift
  ! helm template stack "$chart" --values "$complete" "$@" >"$work/refused" 2>&1 && grep -q -- "$words" "$work/refused"
}
# A path of an ingress stands for itself and what is below it: /access is not /access-review.
passes_every_route() {
  local routes route
  routes=$(grep -rhoE "'/(access|approvals|audit|emergency|policies|readyz)[a-z-]*" "$here"/../../../apps/mcp-server/src/{start-server.ts,http} | tr -d "'" | sort -u)
  [ "$(wc -l <<<"$routes")" -ge 5 ] || return 1
  for route in $routes; do grep -q "path: $route," "$work/rendered.yaml" || { echo "$route is not passed"; return 1; }; done
}
meets_standards() { "$tools/bin/python3" "$here/hold_against_standards.py" "${1:-$work/rendered.yaml}"; }
finds_what_does_not() {
  local change
  for change in 's/runAsNonRoot: true/runAsNonRoot: false/' 's/automountServiceAccountToken: false/automountServiceAccountToken: true/' \
    's/readOnlyRootFilesystem: true/readOnlyRootFilesystem: false/' 's/^kind: NetworkPolicy/kind: Other/' 's/^kind: PodDisruptionBudget/kind: Other/' 's/drop: \[ALL\]/drop: [KILL]/'; do
    sed "$change" "$work/rendered.yaml" >"$work/changed.yaml"
    ! meets_standards "$work/changed.yaml" >/dev/null || { echo "$change is not found"; return 1; }
  done
}
holds_no_secret() { ! grep -qE '^kind: Secret|password: [^{]' "$work/rendered.yaml"; }
has_start_options() {
  local option
  for option in $(grep -oE "'--spi-[^']*'" "$here/../../../packages/keycloak-realm/src/server-options.ts" | tr -d "'"); do
    grep -qF -- "- $option" "$work/rendered.yaml" || { echo "$option is missing"; return 1; }
  done
}
tells_ingress_tls() { [ "$(grep -c 'backend-protocol: HTTPS' "$work/rendered.yaml")" -eq 2 ]; }
keeps_inside() { ! grep -q "path: $1," "$work/rendered.yaml"; }

check 'the chart passes the linter' helm lint --strict "$chart" --values "$complete"
for version in 1.30 1.34 1.37; do
  check "fits the schemas of Kubernetes $version" renders "$version" "$complete"
done
check 'fits them in the small size' renders 1.34 "$complete" "$chart/values-small.yaml"
check 'fits them in the large size' renders 1.34 "$complete" "$chart/values-large.yaml"
hands_signals_to() { [ "$(grep -c "path: /signals/.*name: stack-$1," "$work/rendered.yaml")" -eq 1 ] && [ "$(grep -c "path: /mcp,.*name: stack-mcp-server," "$work/rendered.yaml")" -eq 1 ]; }
check 'where servers of their own hear of what has ended, signals go to them and calls do not' hands_signals_to signal-receiver
check 'these meet the standard, and are reached as a policy says, like every other pod' meets_standards
check 'Keycloak and the console may run elsewhere' renders 1.34 "$complete" "$here/values-elsewhere.yaml"
# What follows looks at the installation of values-complete.yaml.
helm template stack "$chart" --values "$complete" >"$work/rendered.yaml"
check 'every pod meets the restricted pod security standard, and is reached as a policy says and no other way; no container can change its file system' meets_standards
check 'a pod that does not is found: as root, with a token for the cluster, with a file system to write to, without its policy or disruption budget' finds_what_does_not
check 'no secret stands in it' holds_no_secret
check 'Keycloak is started with the options of the realm' has_start_options
check 'speaks TLS to Keycloak and the MCP server, and to them alone' tells_ingress_tls
leaves_ports_out() { helm template stack "$chart" --values "$complete" --set keycloak.hostname=https://sso.company.com:8443 | grep -q 'host: sso.company.com$'; }
check 'where there are none, signals go to the replicas' hands_signals_to mcp-server
check 'has the ingress know parts by host, whatever their port' leaves_ports_out
check 'lets callers and the console through to every route that is theirs' passes_every_route
sends_spans_to() { helm template stack "$chart" --values "$complete" --set "mcpServer.tracesEndpoint=$1" | grep -q "OTEL_EXPORTER_OTLP_ENDPOINT, value: \"$1\""; }
check 'sends spans where it is told to' sends_spans_to http://collector.monitoring:4318
trusts_authorities() { [ "$(helm template stack "$chart" --values "$complete" --set trustedAuthoritiesConfigMap=company-authorities | grep -cE '(NODE_EXTRA_CA_CERTS|KC_TRUSTSTORE_PATHS), value: /run/config/authorities/authorities.pem|configMap: \{ name: company-authorities')" -eq 4 ]; }
check 'has Keycloak and the replicas trust the authorities of the company' trusts_authorities
check 'keeps the metrics inside' keeps_inside /metrics
names_replicas() { grep -qF '"name":"$(POD_NAME)","address":"https://$(POD_NAME).stack-mcp-server-replicas.default.svc:8481"' "$work/rendered.yaml"; }
check 'tells each replica its name and where the others reach it' names_replicas
check 'keeps what replicas ask each other inside' keeps_inside /replicas
check 'refuses replicas that share reviews and sign evidence with keys of their own' refuses 'evidenceKeyFile must name' --set mcpServer.evidenceKeyFile=
check 'refuses several replicas that cannot hear each other' refuses 'signals.redis must be set' --set mcpServer.signals.redis=null
check 'refuses receivers of signals that cannot tell the replicas' refuses 'for mcpServer.signalReceivers' --set mcpServer.signals.redis=null --set mcpServer.replicas=1 --set mcpServer.signalReceivers=1
check 'refuses a server that nobody tells of revocations' refuses 'must say who tells' --set mcpServer.signals=null --set mcpServer.replicas=1
check 'refuses a resource over http' refuses 'resource' --set mcpServer.resource=http://mcp.company.com/mcp
check 'refuses an issuer whose keys come over http' refuses 'jwksUri' --set 'mcpServer.issuers[0].jwksUri=http://sso/certs' --set 'mcpServer.issuers[0].provider=keycloak' --set 'mcpServer.issuers[0].issuer=https://sso'
check 'refuses the tag latest' refuses 'tag' --set images.tag=latest
check 'refuses Keycloak in the clear unless that is said in plain words' refuses 'dangerouslyAllowPlainHttp' --set keycloak.tlsSecretName=
check 'refuses the MCP server in the clear unless that is said in plain words' refuses 'mcpServer.dangerouslyAllowPlainHttp' --set mcpServer.tlsSecretName=
check 'refuses to go on without a certificate' refuses 'ingress.tlsSecretName must' --set ingress.tlsSecretName=
printf '\n%s passed, %s failed\n' "$passed" "$failed"
[ "$failed" -eq 0 ]
