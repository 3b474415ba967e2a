#!/bin/bash
# Exit code 0 when Keycloak is ready. The image has no HTTP client; bash speaks enough of it.
exec 3<>/dev/tcp/127.0.0.1/9000 || exit 1
printf 'GET /health/ready HTTP/1.0\r\n\r\n' >&3
read -r -t 2 _ status _ <&3
[ "$status" = 200 ]
