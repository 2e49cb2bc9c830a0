#!/bin/sh
# Starts Prometheus, Alertmanager, Grafana and the exporters in Docker and waits until each is healthy.
#   ./scripts/start-monitoring.sh                  then: docker compose up -d
#   ./scripts/start-monitoring.sh --secrets-only   makes the secrets and .env, starts nothing
exec "$(dirname -- "$0")/../magacin" docker monitoring "$@"
