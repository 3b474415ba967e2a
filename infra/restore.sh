#!/usr/bin/env bash
# Brings the stack of infra/compose.scale.yaml back from a backup that infra/backup.sh has made.
set -euo pipefail
here=$PWD
cd "$(dirname "$0")/.."

usage() {
  cat <<'TEXT'
Brings the stack of infra/compose.scale.yaml back from a backup, and starts it.

  infra/restore.sh --from FOLDER   FOLDER is what infra/backup.sh has written. Without its personal-data-keys.tar.gz
                                   the audit logs verify, and personal data of before cannot be read any more

The stack's own folder (STACK_FOLDER) must be empty or absent, except for data/corporate-idp: a directory that is there
knows more than the backup, and is left as it is. The stack is found by the same settings as for docker compose:
STACK_FOLDER, CONSOLE_PORT …, COMPOSE_PROJECT_NAME, COMPOSE_ENV_FILES. Addresses must be those of the backup.

Who lost access after the backup was made is not in it. So everybody signs in anew: access tokens issued before the
restore are refused, and sessions and refresh tokens are gone. Afterwards, compare the directory with Keycloak:
npx -y pnpm@12 directory:reconcile --stack STACK_FOLDER/stack.json.
TEXT
}

source=
while [ $# -gt 0 ]; do
  case $1 in
    --from) source=${2:-}; shift 2 || break ;;
    --help) usage; exit 0 ;;
    *) printf 'unknown option %s\n\n' "$1" >&2; usage >&2; exit 2 ;;
  esac
done
[ -n "$source" ] || { printf 'name a folder with --from\n\n' >&2; usage >&2; exit 2; }
[[ $source = /* ]] || source=$here/$source
for file in files.tar.gz databases.sql.gz; do
  gzip --test "$source/$file" 2>/dev/null || { echo "$source/$file is missing or damaged; it comes from infra/backup.sh" >&2; exit 2; }
done
compose() { docker compose --file infra/compose.scale.yaml "$@"; }
[ -z "$(compose ps --quiet)" ] || { echo 'the stack still runs; stop it with docker compose down first' >&2; exit 2; }
started=$SECONDS

echo 'laying out secrets, settings and the data of each replica …'
compose run --rm --no-deps --no-TTY --entrypoint sh setup -c '
  set -e
  found=$(find /stack -type f ! -path "/stack/data/corporate-idp/*" | head -n 1)
  [ -z "$found" ] || { echo "the folder of the stack is not empty (${found#/stack/}); move it away first" >&2; exit 2; }
  cd /stack
  [ ! -d data/corporate-idp ] || mv data/corporate-idp directory-of-today
  tar --numeric-owner -xpzf -
  [ ! -d directory-of-today ] || { rm -r data/corporate-idp && mv directory-of-today data/corporate-idp; }' <"$source/files.tar.gz"
if [ -e "$source/personal-data-keys.tar.gz" ]; then
  compose run --rm --no-deps --no-TTY --entrypoint tar setup -C /stack --numeric-owner -xpzf - <"$source/personal-data-keys.tar.gz"
else
  echo 'without personal-data-keys.tar.gz: personal data in the audit logs stays unreadable'
fi

# Sessions that began before may be those of people who have lost access since; what Keycloak issued then is too old for it, too.
echo 'filling PostgreSQL …'
compose up --detach --wait postgres
sql() { # DATABASE
  compose exec --no-TTY postgres sh -c 'PGPASSWORD=$(cat "$POSTGRES_PASSWORD_FILE") exec psql --quiet --no-psqlrc \
    --username=keycloak --set=ON_ERROR_STOP=1 --output=/dev/null --dbname="$0"' "$1"
}
dump() { gunzip --stdout "$source/databases.sql.gz"; }
sql postgres <<<'DROP DATABASE keycloak;'
# A backup of before replicas shared one has no such database: the new and empty one stays.
[ "$(dump | grep --count '^CREATE DATABASE mcp ')" = 0 ] || sql postgres <<<'DROP DATABASE mcp;'
dump | sed '/^CREATE ROLE \(keycloak\|mcp\);$/d' | sql postgres
sql keycloak <<'SQL'
DELETE FROM offline_client_session;
DELETE FROM offline_user_session;
UPDATE realm SET not_before = extract(epoch FROM now());
DO $$ BEGIN IF to_regclass('jgroups_ping') IS NOT NULL THEN DELETE FROM jgroups_ping; END IF; END $$;
SQL

for replica in $(compose config --services | grep '^mcp-server' | sort); do
  echo "$replica:"
  compose run --rm --no-deps --no-TTY --entrypoint node "$replica" apps/mcp-server/src/cli/after-restore.js </dev/null
done

echo 'starting …'
compose up --detach --wait
echo "restored in $((SECONDS - started)) s. Everybody signs in anew. Now compare the directory with Keycloak:
npx -y pnpm@12 directory:reconcile --stack ${STACK_FOLDER:-.local/containers-scale}/stack.json"
