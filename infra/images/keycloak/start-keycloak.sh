#!/bin/sh
# Keycloak takes secrets from its environment; they come by a file here, so that no description of the container shows them.
if [ -n "$KC_SECRETS_FILE" ]; then
  set -a
  . "$KC_SECRETS_FILE"
  set +a
fi
exec /opt/keycloak/bin/kc.sh "$@"
