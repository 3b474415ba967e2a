#!/bin/sh
# What the published PostgreSQL image does at its first start, as far as this stack uses it:
# POSTGRES_USER, POSTGRES_DB, and POSTGRES_PASSWORD or POSTGRES_PASSWORD_FILE.
set -e
user=${POSTGRES_USER:-postgres}
database=${POSTGRES_DB:-$user}
[ -z "$POSTGRES_PASSWORD_FILE" ] || POSTGRES_PASSWORD=$(cat "$POSTGRES_PASSWORD_FILE")
if [ ! -s "$PGDATA/PG_VERSION" ]; then
  umask 077
  printf '%s\n' "${POSTGRES_PASSWORD:?must be set}" >/tmp/password
  initdb --username="$user" --pwfile=/tmp/password --auth=scram-sha-256 --locale=C.UTF-8 --encoding=UTF8 >/dev/null
  rm /tmp/password
  echo 'host all all all scram-sha-256' >>"$PGDATA/pg_hba.conf"
  export PGPASSWORD="$POSTGRES_PASSWORD"
  pg_ctl -o "-c listen_addresses=''" -w start >/dev/null
  [ "$database" = postgres ] || psql --username="$user" --dbname=postgres --quiet --command="CREATE DATABASE \"$database\""
  for script in /docker-entrypoint-initdb.d/*.sql; do
    [ ! -e "$script" ] || psql --username="$user" --dbname="$database" --quiet --set=ON_ERROR_STOP=1 --file="$script"
  done
  pg_ctl -m fast -w stop >/dev/null
fi
[ "$1" = postgres ] && shift
exec postgres -c listen_addresses='*' "$@"
