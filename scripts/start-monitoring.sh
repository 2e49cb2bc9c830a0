#!/usr/bin/env bash
# Starts Prometheus, Alertmanager, Grafana and the exporters in Docker and waits until each is healthy.
#   ./scripts/start-monitoring.sh                  then: docker compose up -d
#   ./scripts/start-monitoring.sh --secrets-only   makes the secrets and .env, starts nothing
# MAGACIN_WAIT_SECONDS (180) is how long the parts have to become healthy.
set -euo pipefail
cd "$(dirname "$0")/.."

readonly COMPOSE_FILE_NAME=docker-compose.monitoring.yml
readonly SECRETS=.magacin-docker/secrets
readonly WAIT_SECONDS=${MAGACIN_WAIT_SECONDS:-180}

fail() {
  printf 'start-monitoring: %s\n' "$@" >&2
  exit 1
}

random_hex() { od -An -N32 -tx1 /dev/urandom | tr -d ' \n'; }

sha256_of() {
  if command -v sha256sum >/dev/null; then sha256sum; else shasum -a 256; fi | cut -d' ' -f1
}

# write_secret NAME < content. The folder is closed to everybody else; the files in it are readable because
# the containers, which see single files and not the folder, run as users of their own (docs/decisions/0010).
write_secret() {
  local target=$SECRETS/$1
  cat >"$target.new"
  chmod 0444 "$target.new"
  mv -f "$target.new" "$target"
}

ensure_secrets() {
  mkdir -p "$SECRETS"
  chmod 0700 .magacin-docker "$SECRETS"
  local name
  for name in postgres_password database_password postgres_exporter_password redis_password \
    redis_exporter_password service_token jwt_key grafana_admin_password smtp_password; do
    [ -s "$SECRETS/$name" ] || random_hex | write_secret "$name"
  done
  # Where notifications go until somebody puts a real address there (docs/notifications.md).
  for name in slack_webhook_critical slack_webhook_warning heartbeat_url; do
    [ -s "$SECRETS/$name" ] || printf 'http://inbox:8025/%s' "$(printf %s "$name" | cut -d_ -f1)" | write_secret "$name"
  done
  # These hold the passwords in the form that a program wants, so they follow them.
  local redis exporter
  redis=$(cat "$SECRETS/redis_password")
  exporter=$(cat "$SECRETS/redis_exporter_password")
  printf 'postgresql+asyncpg://magacin:%s@postgres:5432/magacin' "$(cat "$SECRETS/database_password")" | write_secret database_url
  printf 'redis://:%s@redis:6379/0' "$redis" | write_secret redis_url
  # Older exporters (Debian's 1.45) look the password up without the user in the address.
  printf '{"redis://exporter@redis:6379": "%s", "redis://redis:6379": "%s"}\n' "$exporter" "$exporter" |
    write_secret redis_exporter_passwords
  {
    printf 'user default on #%s ~* &* +@all\n' "$(printf %s "$redis" | sha256_of)"
    printf 'user exporter on #%s resetkeys resetchannels -@all %s\n' "$(printf %s "$exporter" | sha256_of)" \
      '+auth +hello +ping +select +client|setname +info +config|get +latency|latest +latency|histogram +slowlog|get +slowlog|len'
  } | write_secret redis_acl
}

# Compose reads .env by itself, so that a plain `docker compose up -d` finds the secrets too.
ensure_env() {
  touch .env
  local line
  for line in "MAGACIN_SECRETS_DIR=./$SECRETS" COMPOSE_PROJECT_NAME=magacin-track COMPOSE_IGNORE_ORPHANS=true; do
    grep -q "^${line%%=*}=" .env || printf '%s\n' "$line" >>.env
  done
}

find_compose() {
  command -v docker >/dev/null || fail "docker is not installed." \
    "Install Docker Engine (https://docs.docker.com/engine/install/), or run without it: ./magacin up"
  docker info >/dev/null 2>&1 || fail "the Docker engine does not answer." \
    "Start it, see 'docker info', or run without it: ./magacin up"
  if docker compose version >/dev/null 2>&1; then
    COMPOSE=(docker compose)
  elif command -v docker-compose >/dev/null; then
    COMPOSE=(docker-compose)
  else
    fail "neither 'docker compose' nor docker-compose is installed." \
      "Install the Compose plug-in: https://docs.docker.com/compose/install/"
  fi
}

state_of() {
  docker inspect --format '{{.State.Status}}/{{if .State.Health}}{{.State.Health.Status}}{{else}}unchecked{{end}}' \
    "magacin-$1" 2>/dev/null || echo missing
}

give_up() {
  printf '\nstart-monitoring: %s is not healthy: %s. Its last lines:\n' "$1" "$2" >&2
  docker logs --tail 20 "magacin-$1" >&2 2>&1 || true
  fail "monitoring is NOT ready. The rest keeps running; stop it with: ${COMPOSE[*]} -f $COMPOSE_FILE_NAME down"
}

wait_for() {
  local part=$1 state
  while state=$(state_of "$part") && [ "$state" != running/healthy ]; do
    case $state in exited/* | dead/* | */unchecked) give_up "$part" "$state" ;; esac
    [ "$SECONDS" -lt "$DEADLINE" ] || give_up "$part" "still $state after $WAIT_SECONDS seconds"
    printf '  %-18s %s\n' "$part" "$state"
    sleep 2
  done
  printf '  %-18s healthy\n' "$part"
}

case ${1:-} in
  '' | --secrets-only) ;;
  *) fail "$1 is no option of this script. It knows --secrets-only, and no more than that." ;;
esac
ensure_secrets
ensure_env
if [ "${1:-}" = --secrets-only ]; then
  echo "Secrets are in $SECRETS. Next: docker compose up -d"
  exit 0
fi
find_compose
parts=$("${COMPOSE[@]}" -f "$COMPOSE_FILE_NAME" config --services) ||
  fail "$COMPOSE_FILE_NAME is not valid; the message above says where."
echo "Starting the monitoring ..."
"${COMPOSE[@]}" -f "$COMPOSE_FILE_NAME" up -d || fail "the monitoring could not be started; the message above says why."
echo "Waiting until all parts are healthy, at most $WAIT_SECONDS seconds:"
DEADLINE=$((SECONDS + WAIT_SECONDS))
for part in $parts; do wait_for "$part"; done

cat <<READY
Monitoring is ready.
  Prometheus    http://localhost:9090
  Grafana       http://localhost:3000   user admin, password in $SECRETS/grafana_admin_password
  Alertmanager  http://localhost:9093
  Inbox         http://localhost:8025   what alerts send until docs/notifications.md is followed
Next: ${COMPOSE[*]} up -d
READY
