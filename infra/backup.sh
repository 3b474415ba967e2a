#!/usr/bin/env bash
# Makes a backup of the stack of infra/compose.scale.yaml, while it runs. Nothing is stopped and no call is refused.
set -euo pipefail
here=$PWD
cd "$(dirname "$0")/.."

usage() {
  cat <<'TEXT'
Makes a backup of the stack of infra/compose.scale.yaml while it runs.

  infra/backup.sh --to FOLDER      FOLDER must be empty or absent

  FOLDER/files.tar.gz              secrets, keys, settings; audit logs and cut-offs of every replica
  FOLDER/personal-data-keys.tar.gz the keys of personal data in the audit logs. Keep them apart, and not for long: who has
                                   both can read whom you have erased since
  FOLDER/databases.sql.gz          every database of PostgreSQL: the realm, and approvals and access reviews

Redis is left out: replicas tell an empty one what they know. The stack is found by the same settings as for
docker compose: STACK_FOLDER, CONSOLE_PORT …, COMPOSE_PROJECT_NAME, COMPOSE_ENV_FILES.

THE BACKUP HOLDS EVERY SECRET of the stack. Only you can read it; encrypt it before it leaves this machine.
TEXT
}

target=
while [ $# -gt 0 ]; do
  case $1 in
    --to) target=${2:-}; shift 2 || break ;;
    --help) usage; exit 0 ;;
    *) printf 'unknown option %s\n\n' "$1" >&2; usage >&2; exit 2 ;;
  esac
done
[ -n "$target" ] || { printf 'name a folder with --to\n\n' >&2; usage >&2; exit 2; }
[[ $target = /* ]] || target=$here/$target
compose() { docker compose --file infra/compose.scale.yaml "$@"; }

umask 077
mkdir -p "$target"
target=$(cd "$target" && pwd)
[ -z "$(ls -A "$target")" ] || { echo "$target is not empty; name another folder" >&2; exit 2; }
# What is only half there is no backup.
trap 'status=$?; [ $status -eq 0 ] || rm -rf "$target"/*; exit $status' EXIT

in_setup() { # COMMANDS
  compose run --rm --no-deps --no-TTY --volume "$target:/backup" --entrypoint sh setup -c "set -e; $1" </dev/null
}
# Records of an audit log after its checkpoints, keys of personal data after the records that need them.
echo 'copying secrets, settings and the data of each replica …'
in_setup 'node packages/local-stack/src/cli/copy-stack-folder.ts --from /stack --to /backup/stack >&2
  cd /backup/stack
  tar --numeric-owner -czf - $(find . -name audit-personal-data.db)' >"$target/personal-data-keys.tar.gz"
in_setup 'cd /backup/stack
  rm -f $(find . -name audit-personal-data.db)
  tar --numeric-owner -czf - .
  rm -rf /backup/stack' >"$target/files.tar.gz"

echo 'dumping PostgreSQL …'
compose exec --no-TTY postgres sh -c 'PGPASSWORD=$(cat "$POSTGRES_PASSWORD_FILE") exec pg_dumpall --username=keycloak' </dev/null |
  gzip >"$target/databases.sql.gz"

du -ch "$target"/*.gz
echo "done: restore it with infra/restore.sh --from $target"
