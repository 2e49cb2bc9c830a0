"""Who may ask Prometheus, Alertmanager and the exporters; tests/e2e/test_doors.py asks running ones."""

from __future__ import annotations

import stat
from pathlib import Path

import bcrypt
import pytest
import yaml

from magacin.stack import logins, secrets
from magacin.stack.launch_specs import launch_spec
from magacin.stack.parts import PARTS
from magacin.stack.paths import ROOT, DataDir
from magacin.stack.site import Site


@pytest.fixture
def site(tmp_path: Path) -> Site:
    data = DataDir(tmp_path)
    data.create()
    return Site(data, secrets.ensure(data, 1000), 1000)


def users(site: Site, kind: str) -> dict[str, str]:
    text = (site.data.etc / f"web-{kind}.yml").read_text(encoding="utf-8")
    found: dict[str, str] = yaml.safe_load(text)["basic_auth_users"]
    return found


class TestFiles:
    def test_have_hashes_of_the_secrets_and_no_secret(self, site: Site) -> None:
        logins.write(site, demo=False)
        of_server, of_exporter = users(site, "server"), users(site, "exporter")
        assert set(of_server) == {"operator", "magacin"}
        assert set(of_exporter) == {"operator", "prometheus"}
        for user, hashed in (of_server | of_exporter).items():
            password = site.secrets.value(logins.SECRET_OF[user])
            assert bcrypt.checkpw(password.encode(), hashed.encode())
            assert hashed.startswith("$2b$04$")
            for file in site.data.etc.iterdir():
                assert not file.is_file() or password not in file.read_text(encoding="utf-8")

    def test_only_their_owner_can_read_them(self, site: Site) -> None:
        logins.write(site, demo=False)
        modes = {stat.S_IMODE(file.stat().st_mode) for file in site.data.etc.glob("web-*.yml")}
        assert modes == {0o600}

    def test_change_with_the_passwords_alone(self, site: Site) -> None:
        logins.write(site, demo=False)
        before = users(site, "server")
        logins.write(site, demo=False)
        assert users(site, "server") == before
        secrets.renew(site.secrets, "operator-password")
        logins.write(site, demo=False)
        after = users(site, "server")
        assert {user for user in before if before[user] != after[user]} == {"operator"}

    def test_in_a_demo_they_name_nobody_and_still_keep_pages_apart(self, site: Site) -> None:
        logins.write(site, demo=True)
        assert users(site, "server") == users(site, "exporter") == {}
        text = (site.data.etc / "web-server.yml").read_text(encoding="utf-8")
        assert yaml.safe_load(text)["http_server_config"]["headers"]["X-Frame-Options"] == "deny"

    def test_no_password_can_be_longer_than_bcrypt_reads(self, site: Site) -> None:
        assert all(len(site.secrets.value(name)) <= 72 for name in logins.SECRET_OF.values())


class TestParts:
    @pytest.mark.parametrize("name", [name for name, part in PARTS.items() if part.login])
    def test_each_with_a_login_is_started_with_its_file(self, site: Site, name: str) -> None:
        options = launch_spec(name, site).argv
        assert f"--web.config.file={site.data.etc}/web-{PARTS[name].login}.yml" in options

    @pytest.mark.parametrize("name", PARTS)
    def test_what_answers_without_a_login_is_ours_or_listens_on_loopback_alone(self, name: str) -> None:
        """A part that is added has to say which of these it is."""
        part = PARTS[name]
        # They have passwords in protocols of their own.
        stores = {"postgres", "redis", "grafana"}
        # Debian's has no login: it listens on loopback, which the table of test_doors.py looks at.
        without = {"redis-exporter"}
        assert part.login or part.service or name in stores | without

    def test_headers_are_those_of_the_login(self, site: Site) -> None:
        password = site.secrets.value("monitoring-password")
        assert logins.headers(site, "alertmanager") == {"Authorization": logins.basic("magacin", password)}
        token = site.secrets.value("scrape-token")
        assert logins.headers(site, "node-exporter") == {"Authorization": logins.basic("prometheus", token)}
        assert logins.headers(site, "api-gateway", "/metrics") == {"Authorization": f"Bearer {token}"}
        assert logins.headers(site, "api-gateway", "/api/tasks") == {}
        assert logins.headers(site, "redis-exporter", "/metrics") == {}

    def test_a_stack_of_an_older_version_has_none(self, site: Site) -> None:
        site.secrets.file("monitoring-password").unlink()
        assert logins.headers(site, "prometheus") == {}


class TestConfiguration:
    @pytest.mark.parametrize("file", ["monitoring/prometheus.yml", "deploy/kubernetes/prometheus.yml"])
    def test_prometheus_logs_in_wherever_there_is_a_login(self, file: str) -> None:
        content = yaml.safe_load((ROOT / file).read_text(encoding="utf-8"))
        server = {"username": "magacin", "password_file": "/run/secrets/monitoring_password"}
        exporter = {"username": "prometheus", "password_file": "/run/secrets/scrape_token"}
        wanted = {"server": server, "exporter": exporter, None: None}
        for job in content["scrape_configs"]:
            part = PARTS[job["job_name"]]
            assert job.get("basic_auth") == wanted[part.login], part.name
            has_token = job.get("authorization") == {"credentials_file": "/run/secrets/scrape_token"}
            assert has_token == (part.service is not None), part.name
        assert [one["basic_auth"] for one in content["alerting"]["alertmanagers"]] == [server]

    def test_a_native_stack_has_files_of_its_own(self, site: Site) -> None:
        text = (ROOT / "monitoring" / "prometheus.yml").read_text(encoding="utf-8")
        native = logins.to_native(text, site.data)
        assert "/run/secrets" not in native
        for name in ("monitoring-password", "scrape-token"):
            assert f"{site.secrets.file(name)}" in native
