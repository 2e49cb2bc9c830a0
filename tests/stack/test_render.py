from __future__ import annotations

import configparser
import re
import stat
from pathlib import Path

import pytest
import yaml

from magacin.gateway.front.overview import listed_targets
from magacin.stack import parts, render, secrets
from magacin.stack.errors import StackError
from magacin.stack.launch_specs import LaunchSpec, launch_spec
from magacin.stack.paths import ROOT, DataDir
from magacin.stack.site import Site

OFFSET = 20000
SOURCES = [render.MONITORING / path for path in render.monitoring_files(render.MONITORING)]


@pytest.fixture
def site(tmp_path: Path) -> Site:
    data = DataDir(tmp_path / "with a space")
    data.create()
    return Site(data, secrets.ensure(data, OFFSET), OFFSET)


class TestToLoopback:
    @pytest.mark.parametrize(("name", "port"), parts.ENDPOINTS)
    def test_every_part(self, name: str, port: int) -> None:
        assert render.to_loopback(f"['{name}:{port}']", 1) == f"['127.0.0.1:{port + 1}']"

    @pytest.mark.parametrize(
        "text",
        [
            "redis:6380",
            "redis:63790",
            "my-redis:6379",
            "redis.example.org:6379",
            "eu.redis:6379",
            "service: redis",
            "job_name: redis-exporter",
            "http://localhost:9090/",
            "redis-exporter:6379",
            "inbox:1026",
        ],
    )
    def test_nothing_else(self, text: str) -> None:
        assert render.to_loopback(text, OFFSET) == text

    @pytest.mark.parametrize("source", SOURCES, ids=lambda path: path.name)
    def test_of_our_files_only_the_addresses_change(self, source: Path) -> None:
        text = source.read_text()
        rendered = render.to_loopback(text, OFFSET)
        for name, port in parts.ENDPOINTS:
            assert not re.search(rf"(?<![\w.-]){name}:{port}\b", rendered)
        back = {f"127.0.0.1:{port + OFFSET}": f"{name}:{port}" for name, port in parts.ENDPOINTS}
        assert re.sub(r"127\.0\.0\.1:\d+", lambda m: back[m[0]], rendered) == text

    def test_all_of_a_native_stack_is_scraped(self) -> None:
        rendered = yaml.safe_load(
            render.to_loopback((render.MONITORING / "prometheus.yml").read_text(), OFFSET)
        )
        targets = {
            job["job_name"]: target
            for job in rendered["scrape_configs"]
            for group in job.get("static_configs", [])
            for target in group["targets"]
        }
        scraped = {p.name for p in parts.PARTS.values() if p.metrics and not p.own_target}
        assert targets == {name: parts.address(name, OFFSET) for name in scraped}


class TestTargets:
    def test_of_a_part_that_some_stacks_have_are_there_where_it_is(self, site: Site) -> None:
        render.write_targets(site, ["prometheus", "inbox"])
        [file] = site.data.etc.glob("targets-*")
        assert yaml.safe_load(file.read_text()) == [
            {"targets": [parts.address("inbox", OFFSET)], "labels": {"service": "inbox"}}
        ]
        [named] = [
            sd["files"]
            for job in yaml.safe_load((render.MONITORING / "prometheus.yml").read_text())["scrape_configs"]
            for sd in job.get("file_sd_configs", [])
            if job["job_name"] == "inbox"
        ]
        assert named == [file.name]

    def test_go_with_it(self, site: Site) -> None:
        render.write_targets(site, ["inbox"])
        render.write_targets(site, ["prometheus"])
        assert not list(site.data.etc.glob("targets-*"))


class TestMonitoring:
    def test_copies_what_servers_read_and_leaves_the_rest(self, site: Site) -> None:
        render.monitoring(site.data, OFFSET, render.MONITORING)
        copied = {str(p.relative_to(site.data.etc)) for p in site.data.etc.rglob("*") if p.is_file()}
        assert {"prometheus.yml", "alertmanager.yml"} < copied
        assert not any(name.startswith(("compose", "grafana", "rule_tests")) for name in copied)
        assert render.rule_files(site.data.etc)

    def test_links_of_messages_lead_to_the_console_where_there_is_one(self, site: Site) -> None:
        template = site.data.etc / "templates" / "common.tmpl"
        render.monitoring(site.data, OFFSET, render.MONITORING)
        assert "{{ .ExternalURL }}/#" in template.read_text()
        render.monitoring(site.data, OFFSET, render.MONITORING, ["console"])
        assert "{{ .ExternalURL }}/#" not in template.read_text()
        assert f"http://localhost:{3000 + OFFSET}\n" in template.read_text()

    def test_all_links_lead_to_where_people_reach_the_console(self, site: Site) -> None:
        site.data.notifications.write_text("links: {console: 'https://console.example.org/'}\n")
        render.monitoring(site.data, OFFSET, render.MONITORING, ["console"], check=True)
        template = (site.data.etc / "templates" / "common.tmpl").read_text()
        assert "\nhttps://console.example.org\n" in template
        assert '"https://console.example.org/explore?expr=${1}" .GeneratorURL' in template
        for file in render.rule_files(site.data.etc):
            text = file.read_text()
            assert "localhost:" not in text
            for group in yaml.safe_load(text)["groups"]:
                for rule in group["rules"]:
                    if "alert" in rule:
                        told = rule["annotations"]
                        assert told["runbook_url"] == f"https://console.example.org/alerts/{rule['alert']}"
                        assert told["dashboard_url"].startswith("https://console.example.org/d/magacin-")

    @pytest.mark.parametrize(
        "address", ["console.example.org", "https://x.org/console", 'https://x"', "ftp://x"]
    )
    def test_an_address_of_the_console_that_is_none(self, site: Site, address: str) -> None:
        site.data.notifications.write_text(f"links:\n  console: '{address}'\n")
        with pytest.raises(StackError, match="not right"):
            render.monitoring(site.data, OFFSET, render.MONITORING)

    def test_alerts_link_to_the_dashboards_of_this_stack(self, site: Site) -> None:
        render.monitoring(site.data, OFFSET, render.MONITORING)
        links = [
            rule["annotations"]["dashboard_url"]
            for file in render.rule_files(site.data.etc)
            for group in yaml.safe_load(file.read_text())["groups"]
            for rule in group["rules"]
            if "alert" in rule
        ]
        assert links
        assert all(link.startswith(f"http://localhost:{3000 + OFFSET}/d/") for link in links)

    def test_says_what_changed_and_drops_what_is_gone(self, site: Site, tmp_path: Path) -> None:
        source = tmp_path / "monitoring"
        (source / "rules").mkdir(parents=True)
        for name in ("prometheus.yml", "alertmanager.yml", "rules/a.yml", "rules/b.yml"):
            (source / name).write_text("redis:6379\n")
        assert len(render.monitoring(site.data, OFFSET, source)) == 4
        assert render.monitoring(site.data, OFFSET, source) == set()
        (source / "rules/b.yml").unlink()
        (source / "rules/a.yml").write_text("postgres:5432\n")
        assert render.monitoring(site.data, OFFSET, source) == {"rules/a.yml", "rules/b.yml"}
        assert [p.name for p in render.rule_files(site.data.etc)] == ["a.yml"]

    def test_our_files_pass_promtool_and_amtool(self, site: Site) -> None:
        render.monitoring(site.data, OFFSET, render.MONITORING)
        render.check_monitoring(site.data.etc, render.MONITORING)

    def test_an_error_is_told_with_the_name_of_the_file_to_mend(self, site: Site) -> None:
        render.monitoring(site.data, OFFSET, render.MONITORING)
        (render.rule_files(site.data.etc)[0]).write_text(
            "groups: [{name: x, rules: [{record: y, expr: 'sum('}]}]"
        )
        with pytest.raises(StackError, match="promtool refuses") as caught:
            render.check_monitoring(site.data.etc, Path("/source/monitoring"))
        assert "/source/monitoring/rules/" in caught.value.details[0]
        assert str(site.data.etc) not in caught.value.details[0]


class TestServerFiles:
    def test_redis_asks_for_a_password_and_keeps_every_write(self, site: Site) -> None:
        render.write_configuration(site)
        file = site.data.etc / "redis.conf"
        assert stat.S_IMODE(file.stat().st_mode) == 0o600
        lines = file.read_text().splitlines()
        password = site.secrets.value("redis-password")
        for line in ("bind 127.0.0.1", "appendonly yes", "appendfsync always", f"requirepass {password}"):
            assert line in lines

    def test_supervisord_starts_nothing_by_itself_and_restarts_everything(self, site: Site) -> None:
        programs = self.programs(site)
        assert {name.removeprefix("program:") for name in programs} == set(parts.PARTS)
        for section in programs.values():
            assert section["autostart"] == "false"
            assert section["autorestart"] == "true"

    def test_logs_are_as_large_as_the_docs_say(self, site: Site) -> None:
        docs = (ROOT / "docs" / "operations.md").read_text(encoding="utf-8")
        [row] = re.findall(r"^\| logs \| (.+?) \|", docs, re.MULTILINE)
        for section in self.programs(site).values():
            # The one that is written, and those before it.
            count = 1 + int(section["stdout_logfile_backups"])
            assert row.startswith(f"up to {count} files of {section['stdout_logfile_maxbytes'][:-2]} MB ")
        for name in ("docker-compose.yml", "docker-compose.monitoring.yml"):
            compose = (ROOT / name).read_text(encoding="utf-8")
            [(size, count)] = re.findall(r'\{max-size: (\d+)m, max-file: "(\d+)"\}', compose)
            assert f", {count} files of {size} MB for each container with Docker" in row

    def test_a_part_can_be_started_otherwise_and_the_others_stay(self, site: Site) -> None:
        usual = render.supervisord_conf(site)
        other = render.supervisord_conf(site, {"redis": LaunchSpec(["redis-server", "other.conf"])})
        changed = {
            (old, new) for old, new in zip(usual.splitlines(), other.splitlines(), strict=True) if old != new
        }
        assert {new for _, new in changed} == {"command=redis-server other.conf"}

    def test_the_control_socket_is_private(self, site: Site) -> None:
        assert self.parsed(site)["unix_http_server"]["chmod"] == "0700"

    @pytest.mark.parametrize(
        ("names", "shown"),
        [(["redis", "api-gateway"], []), (["redis", "redis-exporter"], ["Redis exporter"])],
    )
    def test_the_front_page_is_told_of_this_stacks_monitoring(
        self, site: Site, names: list[str], shown: list[str]
    ) -> None:
        render.write_parts(site, names)
        file = launch_spec("api-gateway", site).environment["MAGACIN_PARTS_FILE"]
        assert [target.title for target in listed_targets(Path(file))] == shown

    def test_no_secret_is_in_a_command_line_or_environment(self, site: Site) -> None:
        text = render.supervisord_conf(site)
        for name in secrets.GENERATED:
            assert site.secrets.value(name) not in text

    def test_the_demo_is_told_of_the_gateway_alone(self, site: Site) -> None:
        told = {
            key: value
            for key, value in launch_spec("demo", site).environment.items()
            if key.endswith(("_URL", "_FILE"))
        }
        assert told == {
            "MAGACIN_GATEWAY_URL": site.url("api-gateway"),
            "MAGACIN_ADMIN_PASSWORD_FILE": str(site.data.secrets / "admin-password"),
            "MAGACIN_DEMO_USERS_FILE": str(site.data.demo_users),
            "MAGACIN_DEMO_BADGE_FILE": str(site.data.demo_badge),
        }

    def test_everything_listens_on_loopback_at_its_moved_port(self, site: Site) -> None:
        for name, part in parts.PARTS.items():
            launch = launch_spec(name, site)
            words = " ".join([*launch.argv, *launch.environment.values()])
            assert "0.0.0.0" not in words
            if part.probe == "http":
                assert str(part.port + OFFSET) in words, name

    def test_retention_is_that_of_the_specification(self, site: Site) -> None:
        argv = launch_spec("prometheus", site).argv
        assert "--storage.tsdb.retention.time=200h" in argv
        assert "--storage.tsdb.retention.size=10GB" in argv

    def test_supervisord_reads_the_environment_as_it_was_meant(self, site: Site) -> None:
        from supervisor.datatypes import dict_of_key_value_pairs  # type: ignore[import-untyped]  # no types

        for name in parts.PARTS:
            wanted = launch_spec(name, site).environment
            text = self.programs(site)[f"program:{name}"].get("environment", "")
            assert dict_of_key_value_pairs(text.replace("%%", "%")) == wanted

    def test_postgres_stops_fast_and_has_time(self, site: Site) -> None:
        section = self.programs(site)["program:postgres"]
        assert section["stopsignal"] == "INT"
        assert int(section["stopwaitsecs"]) >= 60

    @staticmethod
    def parsed(site: Site) -> configparser.RawConfigParser:
        parser = configparser.RawConfigParser()
        parser.read_string(render.supervisord_conf(site))
        return parser

    def programs(self, site: Site) -> dict[str, configparser.SectionProxy]:
        parsed = self.parsed(site)
        return {name: parsed[name] for name in parsed.sections() if name.startswith("program:")}
