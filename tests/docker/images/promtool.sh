#!/bin/sh
# In the place of a promtool that does not know `check ready`, which is Debian 12's: asks what that asks, as the health
# check of docker-compose.monitoring.yml wants it.
set -eu
[ "$1 $2" = "check ready" ]
exec wget -q -O /dev/null "http://magacin:$(cat /run/secrets/monitoring_password)@127.0.0.1:9090/-/ready"
