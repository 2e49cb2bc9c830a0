#!/bin/sh
# What a new user types on a Debian that has nothing. Runs as root of it; all but the first lines are USER's.
# Usage: first_steps.sh USER TEST...
set -eu
user=$1
shift

export DEBIAN_FRONTEND=noninteractive
apt-get update -qq
apt-get install -qq -y --no-install-recommends git python3 sudo >/dev/null
if [ "$user" != root ]; then
    useradd --create-home --shell /bin/sh "$user"
    printf '%s ALL=(ALL) NOPASSWD: ALL\n' "$user" >"/etc/sudoers.d/$user"
fi

cat >/first_steps_of_user.sh <<'STEPS'
set -eu
cd
git -c advice.detachedHead=false clone -q /magacin.bundle magacin-track
cd magacin-track
began=$(date +%s)
./magacin up --demo --detach
printf 'FACT up_seconds=%s\n' "$(($(date +%s) - began))"
./magacin status
# 2: nothing is broken, but something soon will be, such as the clock of a machine that nothing keeps right.
./magacin doctor || [ $? = 2 ]
printf 'requisition,sku,quantity\nFRESH-1,SC-PEN,2\n' >/tmp/orders.csv
./magacin import /tmp/orders.csv
./magacin down
began=$(date +%s)
./magacin up --demo --detach
printf 'FACT second_up_seconds=%s\n' "$(($(date +%s) - began))"
./magacin down
./magacin test "$@"
STEPS
sudo --login --user "$user" -- env $(env | grep -E '^(PIP_|npm_config_|NODE_EXTRA_CA_CERTS=|SSL_CERT_FILE=|https?_proxy=)' || true) \
    sh /first_steps_of_user.sh "$@"
for package in python3 postgresql redis-server prometheus prometheus-alertmanager; do
    printf 'FACT %s=%s\n' "$package" "$(dpkg-query --show --showformat '${Version}' "$package")"
done
