"""Grafana in a native stack: what it is started with, as far as that shows without one."""

from __future__ import annotations

import configparser
import re
import stat
from pathlib import Path

import pytest
import yaml

from magacin.stack import grafana, install, render, secrets
from magacin.stack.launch_specs import launch_spec
from magacin.stack.paths import DataDir
from magacin.stack.site import Site
from magacin.stack.starting import Wish, select

OFFSET = 20000


@pytest.fixture
def site(tmp_path: Path) -> Site:
    data = DataDir(tmp_path / "with a space")
    data.create()
    return Site(data, secrets.ensure(data, OFFSET), OFFSET)


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The only folder in which programs are looked for."""
    folder = tmp_path / "programs" / "bin"
    folder.mkdir(parents=True)
    monkeypatch.setattr(install, "search_path", lambda: str(folder))
    return folder


def put(folder: Path, name: str) -> Path:
    program = folder / name
    program.write_text("#!/bin/sh\n")
    program.chmod(0o755)
    return program


class Silent:
    def doing(self, text: str) -> None: ...

    def percent(self, percent: int, text: str) -> None: ...

    def done(self, text: str) -> None: ...


def chosen(site: Site) -> set[str]:
    return {part.name for part in select(Wish(only="monitoring"), site.data, set())}


class TestSelected:
    @pytest.mark.parametrize("name", ["grafana", "grafana-server"])
    def test_where_its_program_is(self, site: Site, folder: Path, name: str) -> None:
        put(folder, name)
        assert "grafana" in chosen(site)

    def test_nowhere_else(self, site: Site, folder: Path) -> None:
        assert "grafana" not in chosen(site)


class TestLaunch:
    def test_of_a_current_one(self, site: Site, folder: Path) -> None:
        program = put(folder, "grafana")
        put(folder, "grafana-server")
        assert launch_spec("grafana", site).argv[:3] == [
            str(program),
            "server",
            f"--config={site.data.etc / 'grafana.ini'}",
        ]

    def test_of_an_old_one(self, site: Site, folder: Path) -> None:
        program = put(folder, "grafana-server")
        assert launch_spec("grafana", site).argv[:2] == [
            str(program),
            f"--config={site.data.etc / 'grafana.ini'}",
        ]

    @pytest.mark.parametrize("home", [".", "share/grafana"])
    def test_with_its_pages_beside_it(self, site: Site, folder: Path, home: str) -> None:
        put(folder, "grafana")
        pages = folder.parent / home
        (pages / "conf").mkdir(parents=True)
        (pages / "conf" / "defaults.ini").touch()
        assert f"--homepath={pages.resolve()}" in launch_spec("grafana", site).argv

    def test_on_loopback(self, site: Site, folder: Path) -> None:
        argv = launch_spec("grafana", site).argv
        assert argv[-2:] == ["cfg:server.http_addr=127.0.0.1", "cfg:server.http_port=23000"]


class TestFiles:
    @pytest.fixture(autouse=True)
    def _written(self, site: Site) -> None:
        grafana.write(site, render.MONITORING)

    def test_the_password_is_generated_and_in_a_private_file(self, site: Site) -> None:
        parser = configparser.ConfigParser(interpolation=None)
        parser.read(site.data.etc / "grafana.ini")
        file = Path(parser["security"]["admin_password"].removeprefix("$__file{").removesuffix("}"))
        assert len(file.read_text().strip()) == 64
        assert stat.S_IMODE(file.stat().st_mode) == 0o600
        assert file.read_text().strip() not in (site.data.etc / "grafana.ini").read_text()

    def test_paths_are_those_of_the_stack_and_exist(self, site: Site) -> None:
        parser = configparser.ConfigParser(interpolation=None)
        parser.read(site.data.etc / "grafana.ini")
        assert Path(parser["paths"]["data"]) == site.data.grafana
        assert site.data.grafana.is_dir()
        provisioning = Path(parser["paths"]["provisioning"])
        # Grafana complains of the folders it looks for and does not find.
        assert {path.name for path in provisioning.iterdir()} >= {
            "datasources",
            "dashboards",
            "plugins",
            "alerting",
        }
        home = Path(parser["dashboards"]["default_home_dashboard_path"])
        [dashboards] = provisioning.glob("dashboards/*.yml")
        [provider] = yaml.safe_load(dashboards.read_text())["providers"]
        assert home.is_file()
        assert Path(provider["options"]["path"]) == home.parent

    def test_data_sources_are_those_of_the_stack(self, site: Site) -> None:
        [file] = grafana.provisioning(site).glob("datasources/*.yml")
        urls = [source["url"] for source in yaml.safe_load(file.read_text())["datasources"]]
        assert urls == [site.url("prometheus"), site.url("alertmanager")]

    def test_nothing_of_compose_is_left(self, site: Site) -> None:
        files = [site.data.etc / "grafana.ini", *grafana.provisioning(site).rglob("*.yml")]
        of_compose = re.compile(r"(?m)(^|[\s{=])/(run/secrets|etc/grafana)")
        assert not [path for path in files if of_compose.search(path.read_text())]

    def test_what_is_no_more_is_gone(self, site: Site) -> None:
        old = grafana.provisioning(site) / "datasources" / "old.yml"
        old.write_text("apiVersion: 1\n")
        grafana.write(site, render.MONITORING)
        assert not old.exists()


class TestTargets:
    def test_it_is_scraped_as_long_as_the_stack_has_it(self, site: Site) -> None:
        file = site.data.etc / "targets-grafana.yml"
        render.write_targets(site, {"grafana", "prometheus"})
        assert yaml.safe_load(file.read_text()) == [
            {"targets": ["127.0.0.1:23000"], "labels": {"service": "grafana"}}
        ]
        render.write_targets(site, {"prometheus"})
        assert not file.exists()
