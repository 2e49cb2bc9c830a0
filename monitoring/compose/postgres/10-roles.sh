#!/bin/sh
# Runs when the database is made: the role of the services, one that may only read statistics, and the audit log.
# It can be run again at any time, and is after an update (docs/docker.md): what is there stays.
# psql reads the passwords from their files itself, so they are in no argument list.
set -eu

psql --set ON_ERROR_STOP=1 --no-psqlrc --quiet --username "${POSTGRES_USER:-postgres}" --dbname postgres <<'SQL'
\set database_password `cat "${MAGACIN_SECRETS_MOUNT:-/run/secrets}/database_password"`
\set exporter_password `cat "${MAGACIN_SECRETS_MOUNT:-/run/secrets}/postgres_exporter_password"`
SELECT format('CREATE ROLE %I LOGIN', wanted) FROM unnest(ARRAY['magacin', 'magacin_monitor']) AS wanted
WHERE wanted NOT IN (SELECT rolname FROM pg_roles) \gexec
ALTER ROLE magacin PASSWORD :'database_password';
ALTER ROLE magacin_monitor PASSWORD :'exporter_password' CONNECTION LIMIT 5;
GRANT pg_monitor TO magacin_monitor;
SELECT $$CREATE DATABASE magacin ENCODING 'UTF8' TEMPLATE template0$$
WHERE NOT EXISTS (SELECT FROM pg_database WHERE datname = 'magacin') \gexec
-- Whoever owns a database may drop it, and the audit log with it.
ALTER DATABASE magacin OWNER TO CURRENT_USER;
REVOKE ALL ON DATABASE magacin FROM PUBLIC;
GRANT CONNECT, CREATE, TEMPORARY ON DATABASE magacin TO magacin;
GRANT CONNECT ON DATABASE magacin TO magacin_monitor;
\connect magacin
SET client_min_messages = warning;
-- The audit log, made and mended by a superuser: whoever owns a table may change what is in it, so its owner is
-- a role that nobody can log in as. The services may add entries and read them; the columns that they may not
-- write are what an entry is found and dated by. What is there already stays.
DO $$
BEGIN
    CREATE ROLE magacin_audit NOLOGIN;
EXCEPTION WHEN duplicate_object OR unique_violation THEN NULL;
END $$;
CREATE SCHEMA IF NOT EXISTS audit;
ALTER SCHEMA audit OWNER TO magacin_audit;
CREATE TABLE IF NOT EXISTS audit.entries (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    at timestamptz NOT NULL DEFAULT clock_timestamp(),
    actor text NOT NULL,
    role text,
    address text,
    request_id text,
    action text NOT NULL,
    subject_kind text NOT NULL,
    subject_id text NOT NULL,
    before jsonb,
    after jsonb
);
ALTER TABLE audit.entries OWNER TO magacin_audit;
CREATE INDEX IF NOT EXISTS ix_entries_actor ON audit.entries (actor, id);
CREATE INDEX IF NOT EXISTS ix_entries_action ON audit.entries (action, id);
CREATE INDEX IF NOT EXISTS ix_entries_subject ON audit.entries (subject_kind, subject_id, id);
CREATE INDEX IF NOT EXISTS ix_entries_at ON audit.entries (at);
-- The only way out: what is older than a year, some at a time, and the log says so itself. The limit stands here,
-- where no setting of a service reaches it.
CREATE OR REPLACE FUNCTION audit.forget(kept interval, most integer) RETURNS integer
    LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    removed integer;
    newest timestamptz;
BEGIN
    IF kept IS NULL OR kept < interval '365 days' THEN
        RAISE EXCEPTION 'cannot forget entries that are younger than 365 days';
    END IF;
    -- One at a time; whoever comes meanwhile has nothing to do.
    IF NOT pg_try_advisory_xact_lock(hashtextextended('audit.forget', 0)) THEN
        RETURN 0;
    END IF;
    WITH gone AS (
        DELETE FROM audit.entries
         WHERE id IN (SELECT id FROM audit.entries WHERE at < clock_timestamp() - kept
                       ORDER BY at LIMIT least(greatest(most, 1), 1000))
        RETURNING at
    )
    SELECT count(*), max(at) INTO removed, newest FROM gone;
    IF removed > 0 THEN
        INSERT INTO audit.entries (actor, action, subject_kind, subject_id, after)
        VALUES ('system', 'audit.forgotten', 'audit', 'entries',
                jsonb_build_object('removed', removed, 'until', newest));
    END IF;
    RETURN removed;
END $$;
ALTER FUNCTION audit.forget(interval, integer) OWNER TO magacin_audit;
-- JSON with a pseudonym where a name was, as the value of what holds names and nowhere else.
CREATE OR REPLACE FUNCTION audit.with_pseudonym(value jsonb, former text, pseudonym text, is_name boolean)
    RETURNS jsonb LANGUAGE plpgsql IMMUTABLE SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    CASE jsonb_typeof(value)
        WHEN 'object' THEN
            RETURN (SELECT coalesce(jsonb_object_agg(key, audit.with_pseudonym(one, former, pseudonym, key IN (
                               'worker', 'workers', 'undone_worker', 'user', 'username', 'supervisor',
                               'acknowledged_by', 'changed_by', 'created_by', 'decided_by', 'enrolled_by',
                               'handed_in_by', 'paired_by', 'saved_by', 'share', 'submitted_by', 'undone_by'))), '{}')
                      FROM jsonb_each(value) AS member (key, one));
        WHEN 'array' THEN
            RETURN (SELECT coalesce(jsonb_agg(audit.with_pseudonym(one, former, pseudonym, is_name) ORDER BY n), '[]')
                      FROM jsonb_array_elements(value) WITH ORDINALITY AS element (one, n));
        ELSE
            RETURN CASE WHEN is_name AND value = to_jsonb(former) THEN to_jsonb(pseudonym) ELSE value END;
    END CASE;
END $$;
ALTER FUNCTION audit.with_pseudonym(jsonb, text, text, boolean) OWNER TO magacin_audit;
-- The only change to what is there: one person's name gives way to what nobody is called, some entries at a time,
-- and the log says so itself. Entries of programs have no role, and keep their names. Returns the last entry that
-- was looked at, NULL after the last one.
CREATE OR REPLACE FUNCTION audit.rename(former text, pseudonym text, after_id bigint, most integer) RETURNS bigint
    LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    last bigint;
    changed integer;
BEGIN
    IF former IS NULL OR former !~ '^[a-z0-9][a-z0-9._-]{0,31}$' OR former ~ '^erased-[0-9]+$' THEN
        RAISE EXCEPTION 'only a person''s name is replaced';
    END IF;
    IF pseudonym IS NULL OR pseudonym !~ '^erased-[1-9][0-9]{0,17}$' THEN
        RAISE EXCEPTION 'a name is replaced by erased- and a number, and by nothing else';
    END IF;
    SELECT max(id) INTO last
      FROM (SELECT id FROM audit.entries WHERE id > after_id ORDER BY id LIMIT least(greatest(most, 1), 5000)) AS e;
    IF last IS NULL THEN
        RETURN NULL;
    END IF;
    UPDATE audit.entries AS e
       SET actor = CASE WHEN e.actor = former AND e.role IS NOT NULL THEN pseudonym ELSE e.actor END,
           subject_id = CASE WHEN e.subject_kind = 'user' AND e.subject_id = former THEN pseudonym
                             ELSE e.subject_id END,
           before = audit.with_pseudonym(e.before, former, pseudonym, false),
           after = audit.with_pseudonym(e.after, former, pseudonym, false)
     WHERE e.id > after_id AND e.id <= last
       AND ((e.actor = former AND e.role IS NOT NULL)
            OR (e.subject_kind = 'user' AND e.subject_id = former)
            OR (strpos(concat(e.before, e.after), '"' || former || '"') > 0
                AND (e.before, e.after) IS DISTINCT FROM
                    (audit.with_pseudonym(e.before, former, pseudonym, false),
                     audit.with_pseudonym(e.after, former, pseudonym, false))));
    GET DIAGNOSTICS changed = ROW_COUNT;
    IF changed > 0 THEN
        INSERT INTO audit.entries (actor, action, subject_kind, subject_id, after)
        VALUES ('system', 'audit.renamed', 'user', pseudonym, jsonb_build_object('entries', changed));
    END IF;
    RETURN last;
END $$;
ALTER FUNCTION audit.rename(text, text, bigint, integer) OWNER TO magacin_audit;
REVOKE ALL ON SCHEMA audit FROM PUBLIC, magacin;
REVOKE ALL ON ALL TABLES IN SCHEMA audit FROM PUBLIC, magacin;
REVOKE ALL ON ALL SEQUENCES IN SCHEMA audit FROM PUBLIC, magacin;
REVOKE ALL ON ALL FUNCTIONS IN SCHEMA audit FROM PUBLIC, magacin;
GRANT USAGE ON SCHEMA audit TO magacin;
GRANT SELECT ON audit.entries TO magacin;
GRANT INSERT (actor, role, address, request_id, action, subject_kind, subject_id, before, after)
    ON audit.entries TO magacin;
GRANT SELECT ON SEQUENCE audit.entries_id_seq TO magacin;
GRANT EXECUTE ON FUNCTION audit.forget(interval, integer), audit.rename(text, text, bigint, integer) TO magacin;
SQL
