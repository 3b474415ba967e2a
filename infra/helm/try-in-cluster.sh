#!/usr/bin/env bash
# Installs the chart into the cluster of the current kubeconfig, with what it needs beside it, checks it from inside, and
# removes everything again. For kind and other clusters on which one may try things.
#
#   infra/helm/try-in-cluster.sh [options]
#
#   --namespace NAME     where to; made here, and removed at the end (default mcp-identity-try)
#   --build              builds the images of infra/images first, and hands them to the cluster: by `kind load` in a context
#                        of kind, otherwise by --load
#   --load COMMAND       takes the images from `docker save` on its standard input, as 'ctr -n k8s.io images import -'
#   --images PREFIX      where the images are (default mcp-identity)
#   --tag TAG            which of them (default try)
#   --values FILE        values beside infra/helm/try/values.yaml; may be given several times
#   --keep               leaves the release there
#   --remove             only removes what a run with --keep has left
#
# Needs kubectl, Python 3, npx, and Docker with Compose for --build. The cluster needs a default StorageClass.
# DEVELOPMENT: published passwords of people, a certificate authority whose key lies in a temporary folder.
# Ends with `N passed, N failed`; exit status 0 when nothing failed, 2 when it could not begin.
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
root=$here/../..
namespace=mcp-identity-try images=mcp-identity tag=try build=false load= keep=false remove=false values=()
usage() { sed -n '2,21s/^# \{0,1\}//p' "$0"; }
stop() { printf '%s\n' "$*" >&2; exit 2; }
while [ $# -gt 0 ]; do
  case $1 in
    --help | -h) usage; exit 0 ;;
    --namespace | --load | --images | --tag) [ $# -gt 1 ] || stop "$1 takes a value; see --help"; declare "${1#--}=$2"; shift ;;
    --values) [ -f "${2:-}" ] || stop '--values takes a file'; values+=(--values "$2"); shift ;;
    --build | --keep | --remove) declare "${1#--}=true" ;;
    *) usage >&2; stop "There is no option $1." ;;
  esac
  shift
done
for program in kubectl python3 npx; do command -v "$program" >/dev/null || stop "$program is missing."; done
cluster=$(kubectl config current-context 2>/dev/null) || stop 'kubectl has no current context; choose one with kubectl config use-context, or set KUBECONFIG.'
kubectl version >/dev/null 2>&1 || stop "The cluster of context $cluster does not answer."

k() { kubectl --namespace "$namespace" "$@"; }
mark=app.kubernetes.io/managed-by=try-in-cluster
delete_namespace() {
  local found
  found=$(kubectl get namespace "$namespace" --ignore-not-found --show-labels --no-headers)
  [ -n "$found" ] || return 0
  [[ $found == *$mark* ]] || stop "The namespace $namespace is there and not from here; choose another with --namespace."
  kubectl delete namespace "$namespace" --timeout=180s >/dev/null
}
if $remove; then delete_namespace; echo "Removed $namespace from $cluster."; exit 0; fi
kubectl get storageclass -o jsonpath='{.items[*].metadata.annotations}' | grep -q '"storageclass.kubernetes.io/is-default-class":"true"' ||
  stop "The cluster of context $cluster has no default StorageClass, and audit logs need volumes."

work=$(mktemp -d)
clean_up() {
  local status=$?
  trap - EXIT INT TERM
  [ -z "${steady:-}" ] || kill "$steady" 2>/dev/null || true
  if [ "$status" -eq 0 ] || [ "$status" -eq 2 ] || $keep; then :; else tell_why || true; fi
  if ! $keep; then delete_namespace || true; fi
  rm -rf "$work"
  exit "$status"
}
# What a person would look at first.
tell_why() {
  k get pods,pvc -o wide
  k get events --field-selector type=Warning --sort-by=.lastTimestamp | tail -n 20
  local pod
  for pod in $(k get pods -o name); do printf -- '--- %s\n' "$pod"; k logs "$pod" --all-containers --tail=20 2>&1; done
}
trap clean_up EXIT
trap 'exit 130' INT TERM
. "$here/helm-tools.sh"
. "$here/../check-lib.sh"
say() { printf '%s\n' "$*"; }

# Base images: the public ones, or the stand-ins where infra/images/offline/build.sh has made them.
if [ -f "$here/../.env.offline" ]; then set -a; . "$here/../.env.offline"; set +a; fi
base_of() { sed -n "s/.*\${$1_BASE:-\(.*\)}.*/\1/p" "$here/../compose.scale.yaml" | head -n 1; }
postgres=${POSTGRES_BASE:-$(base_of POSTGRES)} redis=${REDIS_BASE:-$(base_of REDIS)} haproxy=${HAPROXY_BASE:-$(base_of HAPROXY)}
if $build; then
  say "Building $images/…:$tag"
  ours=()
  for part in mcp-server-1 console corporate-idp setup keycloak-1; do
    IMAGE_TAG=$tag docker compose --file "$here/../compose.scale.yaml" build --quiet "$part" >"$work/build.log" 2>&1 || { tail -n 40 "$work/build.log"; stop "$part cannot be built."; }
  done
  for part in mcp-server console corporate-idp setup keycloak; do
    from=mcp-identity/$part:$tag
    [ "$part" != keycloak ] || from=mcp-identity/keycloak-postgres:$tag
    [ "$from" = "$images/$part:$tag" ] || docker tag "$from" "$images/$part:$tag"
    ours+=("$images/$part:$tag")
  done
  # Stand-ins cannot be pulled by the cluster.
  for part in "$postgres" "$redis" "$haproxy"; do [[ $part != mcp-identity-offline/* ]] || ours+=("$part"); done
  say "Handing them to $cluster"
  if [ -n "$load" ]; then
    docker save "${ours[@]}" | bash -c "$load" >"$work/load.log" || stop "--load failed: $(tail -n 5 "$work/load.log")"
  elif [[ $cluster == kind-* ]]; then
    kind load docker-image --name "${cluster#kind-}" "${ours[@]}" >/dev/null
  else
    stop "$cluster is no cluster of kind: say with --load how it takes images, or push them and leave --build out."
  fi
fi

say "Preparing $namespace in $cluster"
delete_namespace
kubectl create namespace "$namespace" >/dev/null
# The API server itself refuses whatever is not restricted.
kubectl label namespace "$namespace" "$mark" pod-security.kubernetes.io/enforce=restricted pod-security.kubernetes.io/enforce-version=latest >/dev/null

stack=$work/stack
(cd "$root" && npx -y pnpm@12 exec node apps/corporate-idp/src/cli/print-accounts.ts >"$work/accounts.json" &&
  npx -y pnpm@12 exec node packages/local-stack/src/cli/lay-out-containers.ts --folder "$stack" --cluster "$namespace" <"$work/accounts.json" >/dev/null)
secret() { k create secret generic "$@" >/dev/null; }
certificate() { # NAME FOLDER
  secret "$1" --type=kubernetes.io/tls --from-file=tls.crt="$stack/$2/server.pem" --from-file=tls.key="$stack/$2/server-key.pem"
}
certificate keycloak-certificate keycloak
certificate mcp-server-certificate mcp-server
secret mcp-server-signals --from-file="$stack/mcp-server"
secret keycloak-secrets --from-env-file="$stack/keycloak/secrets.env"
printf keycloak >"$work/username"
secret keycloak-database --from-file=username="$work/username" --from-file=password="$stack/postgres/password"
secret corporate-idp --from-file="$stack/corporate-idp"
secret corporate-idp-certificate --from-file="$stack/proxy/server.pem"
secret postgres --from-file="$stack/postgres"
secret postgres-first-start --from-file="$stack/postgres/first-start"
secret redis --from-file="$stack/redis"
secret checker --from-file="$stack/stack.json" --from-file="$stack/secrets/authority.pem"
k create configmap company-realm --from-file="$stack/keycloak/import/company-realm.json" >/dev/null
k create configmap authorities --from-file=authorities.pem="$stack/secrets/authority.pem" >/dev/null
sed "s|IMAGES/\([a-z-]*\):TAG|$images/\1:$tag|; s|POSTGRES_IMAGE|$postgres|; s|REDIS_IMAGE|$redis|; s|HAPROXY_IMAGE|$haproxy|" "$here/try/dependencies.yaml" | k apply --filename - >/dev/null

chart=$here/mcp-identity-stack
inside=(--set "networkPolicies.ingressNamespaceLabels.kubernetes\.io/metadata\.name=$namespace")
settings=(--namespace "$namespace" --values "$here/try/values.yaml" "${values[@]}" --set "images.repository=$images,images.tag=$tag" "${inside[@]}")
started=$SECONDS
installs() {
  local part
  for part in postgres redis corporate-idp; do k rollout status "deployment/$part" --timeout=180s || return 1; done
  helm install stack "$chart" "${settings[@]}" --wait --timeout 10m && k wait pod/checker --for=condition=Ready --timeout=120s
}
say 'Installing'
check 'the chart is installed, and every pod is ready, where the API server refuses what is not restricted' installs
[ "$failed" -eq 0 ] || exit 1
say "  ready after $((SECONDS - started)) s"

ready_pods() { [ "$(k get pods -l app.kubernetes.io/instance=stack -o jsonpath='{range .items[*]}{.status.conditions[?(@.type=="Ready")].status}{"\n"}{end}' | sort | uniq -c | tr -s ' ')" = " $1 True" ]; }
keeps_file_system() { # POD CONTAINER
  ! k exec "$1" -c "$2" -- sh -c ': >/usr/try' 2>/dev/null && k exec "$1" -c "$2" -- sh -c ': >/tmp/try && rm /tmp/try'
}
cannot_be_changed() { keeps_file_system stack-mcp-server-0 mcp-server && keeps_file_system stack-keycloak-0 keycloak && keeps_file_system deployment/stack-console console; }
refuses_root() {
  k run root --image="$images/setup:$tag" --dry-run=server >"$work/root" 2>&1 && return 1
  grep -q 'violates PodSecurity "restricted' "$work/root"
}
has_policies() { [ "$(k get networkpolicies -o name | grep -c stack-)" -eq 4 ]; }
# The API server takes the other sizes, too, under a name that nothing has yet: with an autoscaler, and with one of each.
takes() { helm template other "$chart" "${settings[@]}" --values "$chart/$1" --set ingress.enabled=true,ingress.tlsSecretName=web | k apply --server-side --dry-run=server --filename -; }
evict() { printf '{"apiVersion":"policy/v1","kind":"Eviction","metadata":{"name":"%s"}}' "$1" | kubectl create --raw "/api/v1/namespaces/$namespace/pods/$1/eviction" --filename - 2>&1; }
identity_of() { k get pod "$1" --ignore-not-found -o jsonpath='{.metadata.uid}'; }
evicts_one_at_a_time() {
  local before second
  before=$(identity_of stack-mcp-server-2)
  evict stack-mcp-server-2 | grep -q Success || return 1
  second=$(evict stack-mcp-server-1 || true)
  for _ in $(seq 300); do [ "$(identity_of stack-mcp-server-2)" = "$before" ] || break; sleep 0.2; done
  k rollout status statefulset/stack-mcp-server --timeout=120s
  grep -q 'disruption budget' <<<"$second" || { echo "$second"; return 1; }
}
check 'all pods of the release are ready' ready_pods 7
check 'no container can change its file system, each has a folder for what is temporary' cannot_be_changed
check 'a pod that may be root is refused by the API server' refuses_root
check 'each part has its network policy, and one denies the rest' has_policies
check 'the API server takes the large size, with its autoscaler and ingress' takes values-large.yaml
check 'the API server takes the small size' takes values-small.yaml

# What callers see, from inside the cluster.
check_cluster=(exec checker -- node packages/local-stack/src/cli/check-cluster.ts)
k "${check_cluster[@]}" >"$work/rules" 2>&1 || true
cat "$work/rules"
passed=$((passed + $(grep -c '^✓' "$work/rules" || true))) failed=$((failed + $(grep -c '^✗' "$work/rules" || true)))
grep -q '^[✓✗]' "$work/rules" || failed=$((failed + 1))

# While people and one who was disabled call all the time.
during() { # COMMAND…
  k exec checker -- rm -f /tmp/enough
  k "${check_cluster[@]}" --steady-until /tmp/enough >"$work/steady" 2>&1 &
  steady=$!
  until grep -q '^calling' "$work/steady"; do kill -0 "$steady" 2>/dev/null || { cat "$work/steady"; return 1; }; sleep 0.2; done
  local status=0
  "$@" || status=1
  k exec checker -- touch /tmp/enough
  wait "$steady" || status=1
  steady=
  tail -n 3 "$work/steady" | tee "$work/told"
  return "$status"
}
replaced() { k rollout restart "statefulset/$1" && k rollout status "statefulset/$1" --timeout=300s; }
tell_calls() { say "  $(tail -n 1 "$work/steady")"; }
check 'while replicas are replaced one after the other no good call fails, and no revoked one is allowed' during replaced stack-mcp-server
tell_calls
check 'while the nodes of Keycloak are replaced one after the other, likewise' during replaced stack-keycloak
tell_calls
check 'while one replica is evicted, likewise, and a second one is not evicted beside it' during evicts_one_at_a_time
tell_calls
say 'Network policies are only enforced where the network of the cluster does that.'
printf '\n%s passed, %s failed\n' "$passed" "$failed"
[ "$failed" -eq 0 ]
