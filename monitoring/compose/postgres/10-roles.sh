#!/bin/sh
# Runs once, when the database is made: the role of the services, and one that may only read statistics.
# psql reads the passwords from their files itself, so they are in no argument list.
set -eu

psql --set ON_ERROR_STOP=1 --no-psqlrc --quiet --username "${POSTGRES_USER:-postgres}" --dbname postgres <<'SQL'
\set database_password `cat "${MAGACIN_SECRETS_MOUNT:-/run/secrets}/database_password"`
\set exporter_password `cat "${MAGACIN_SECRETS_MOUNT:-/run/secrets}/postgres_exporter_password"`
CREATE ROLE magacin LOGIN PASSWORD :'database_password';
CREATE DATABASE magacin OWNER magacin ENCODING 'UTF8' TEMPLATE template0;
REVOKE ALL ON DATABASE magacin FROM PUBLIC;
CREATE ROLE magacin_monitor LOGIN PASSWORD :'exporter_password' CONNECTION LIMIT 5;
GRANT pg_monitor TO magacin_monitor;
GRANT CONNECT ON DATABASE magacin TO magacin_monitor;
SQL
