#!/bin/sh
# The corporate IdP says who can sign in; the local stack knows what its parts need.
set -e
cd /app
node apps/corporate-idp/src/cli/print-accounts.ts | node packages/local-stack/src/cli/lay-out-containers.ts --folder /stack "$@"
