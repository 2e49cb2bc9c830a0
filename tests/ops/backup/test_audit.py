"""The audit log in a real stack's database, as the services' own role finds it."""

from __future__ import annotations

import asyncio

import pytest

from magacin.cli.migrate import upgrade_all
from magacin.core.audit import NotSetUp
from magacin.ops.backup import archive, restoring, taking
from magacin.ops.backup.archive import Backup
from magacin.ops.backup.server import Server
from magacin.stack import postgres
from magacin.stack.errors import StackError
from magacin.stack.lifecycle import Stack
from magacin.stack.secrets import DATABASE, MONITOR_ROLE, SUPERUSER
from tests.ops.backup.conftest import Silent
from tests.ops.backup.test_restoring import migrate, no_services

ADD = (
    "INSERT INTO audit.entries (actor, role, action, subject_kind, subject_id, before, after)"
    " VALUES ('mira', 'supervisor', 'task.changed', 'task', '1', '{\"priority\": 0}', '{\"priority\": 5}')"
)
FORBIDDEN = (
    "UPDATE audit.entries SET actor = 'ana'",
    "DELETE FROM audit.entries",
    "TRUNCATE audit.entries",
    "DROP TABLE audit.entries",
    "DROP SCHEMA audit CASCADE",
    "ALTER TABLE audit.entries ALTER COLUMN actor DROP NOT NULL",
    "ALTER TABLE audit.entries OWNER TO magacin",
    "ALTER TABLE audit.entries DISABLE TRIGGER ALL",
    "ALTER SCHEMA audit RENAME TO aside",
    "CREATE TRIGGER t BEFORE INSERT ON audit.entries EXECUTE FUNCTION suppress_redundant_updates_trigger()",
    "CREATE RULE r AS ON INSERT TO audit.entries DO INSTEAD NOTHING",
    "CREATE TABLE audit.another (i int)",
    "SET ROLE magacin_audit",
    "GRANT magacin_audit TO magacin",
    "SELECT setval('audit.entries_id_seq', 1)",
    # Nor is an entry dated back, or put before others.
    ADD.replace("(actor", "(at, actor").replace("('mira'", "(now() - interval '1 day', 'mira'"),
    ADD.replace("(actor", "(id, actor").replace("('mira'", "(1, 'mira'"),
    ADD.replace("VALUES", "OVERRIDING SYSTEM VALUE VALUES")
    .replace("(actor", "(id, actor")
    .replace("('m", "(1, 'm"),
    # What is young stays, and the function is as it is.
    "SELECT audit.forget('364 days', 10)",
    "SELECT audit.forget(NULL, 10)",
    "DROP FUNCTION audit.forget",
    "CREATE OR REPLACE FUNCTION audit.forget(kept interval, most integer) RETURNS integer"
    " LANGUAGE sql AS 'SELECT 1'",
    "DROP DATABASE magacin",
    "ALTER DATABASE magacin SET session_replication_role = replica",
)

__all__ = ["no_services"]  # what is started after a restore is for the tests of whole stacks


@pytest.fixture
def older(stores: Stack, server: Server) -> Server:
    """A database as an earlier version left it: the services own it, and it has no audit log."""
    with server.session(SUPERUSER) as admin:
        admin.execute(f"DROP SCHEMA audit CASCADE; ALTER DATABASE {DATABASE} OWNER TO magacin")
    return server


def require_kept(server: Server) -> None:
    """Add an entry as a service does, and fail to do anything else with it."""
    for forbidden in FORBIDDEN:
        with server.session() as service:
            service.execute(ADD)
            with pytest.raises(StackError, match=r"PostgreSQL refuses: (permission|must|cannot)"):
                service.execute(forbidden)
    with server.session() as service:
        assert service.value("SELECT count(*) FROM audit.entries WHERE actor = 'mira'") >= len(FORBIDDEN)
        found = service.rows("SELECT * FROM audit.entries ORDER BY id DESC LIMIT 1")
        assert (found[0]["action"], found[0]["after"]) == ("task.changed", '{"priority": 5}')


class TestOwner:
    def test_services_add_and_read(self, server: Server) -> None:
        require_kept(server)

    def test_nobody_can_be_the_owner(self, server: Server) -> None:
        with server.session(SUPERUSER) as admin:
            assert not admin.value(
                "SELECT rolcanlogin OR rolsuper FROM pg_roles WHERE rolname = 'magacin_audit'"
            )
            assert not admin.rows(
                "SELECT member::regrole FROM pg_auth_members WHERE roleid = 'magacin_audit'::regrole"
            )

    def test_the_monitoring_does_not_read_it(self, server: Server) -> None:
        with server.session(MONITOR_ROLE) as monitor, pytest.raises(StackError, match="permission denied"):
            monitor.value("SELECT count(*) FROM audit.entries")

    def test_after_an_update(self, stores: Stack, older: Server) -> None:
        assert postgres.bootstrap(stores.site()) is None
        require_kept(older)

    def test_the_services_do_not_make_their_own(self, stores: Stack, older: Server) -> None:
        with pytest.raises(NotSetUp):
            asyncio.run(upgrade_all(older.url(DATABASE)))
        with older.session() as service:
            service.execute("CREATE SCHEMA audit; CREATE TABLE audit.entries (id int)")
        with pytest.raises(NotSetUp):
            asyncio.run(upgrade_all(older.url(DATABASE)))
        with older.session() as service:
            service.execute("DROP SCHEMA audit CASCADE")
        postgres.bootstrap(stores.site())


class TestRestored:
    def test_with_its_entries_and_its_owner(self, stores: Stack, server: Server, backup: Backup) -> None:
        with server.session() as service:
            before = service.value("SELECT count(*) FROM audit.entries")
            service.execute(ADD)
        restoring.restore(stores, archive.read(backup.path), migrate)
        with server.session() as service:
            newest = service.rows("SELECT * FROM audit.entries ORDER BY id DESC LIMIT 1")[0]
            assert service.value("SELECT count(*) FROM audit.entries") == before + 1
        assert (newest["action"], newest["actor"]) == ("backup.restored", "magacin restore")
        require_kept(server)

    def test_one_of_before_there_was_any(self, stores: Stack, older: Server) -> None:
        path = stores.data.path / "older.tar"
        taken = taking.take(older, path, Silent(), lambda _: None).backup
        assert "audit.entries" not in taken.manifest.rows
        restoring.restore(stores, taken, migrate)
        require_kept(older)
