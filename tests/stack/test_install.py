from __future__ import annotations

import re
import shutil
from pathlib import Path

import pytest

from magacin.stack import install
from magacin.stack.errors import StackError


def executable(path: Path) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("#!/bin/sh\n")
    path.chmod(0o755)
    return path


@pytest.fixture
def only_path(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder that is all there is to find programs in."""
    monkeypatch.setattr(install, "search_path", lambda: str(tmp_path))
    return tmp_path


class TestFind:
    @pytest.mark.parametrize("name", ["prometheus-alertmanager", "alertmanager"])
    def test_either_name_will_do(self, only_path: Path, name: str) -> None:
        assert install.find("alertmanager") is None
        program = executable(only_path / name)
        assert install.find("alertmanager") == program

    def test_upstreams_name_wins_because_somebody_put_it_there(self, only_path: Path) -> None:
        executable(only_path / "prometheus-node-exporter")
        upstream = executable(only_path / "node_exporter")
        assert install.find("node-exporter") == upstream

    def test_what_cannot_be_executed_is_not_found(self, only_path: Path) -> None:
        (only_path / "prometheus").touch()
        assert install.find("prometheus") is None

    def test_what_is_nowhere_is_an_error_with_the_package(self, only_path: Path) -> None:
        with pytest.raises(StackError, match="redis_exporter or prometheus-redis-exporter") as caught:
            install.locate("redis-exporter")
        assert "apt-get install prometheus-redis-exporter" in caught.value.details[0]


class TestFindPostgres:
    @staticmethod
    def server(folder: Path, version: str, *programs: str) -> Path:
        for program in programs or ("postgres", "initdb"):
            executable(folder / version / "bin" / program)
        return folder / version / "bin" / "postgres"

    def test_the_newest_by_number(self, only_path: Path) -> None:
        self.server(only_path, "9")
        newest = self.server(only_path, "17")
        self.server(only_path, "16")
        assert install.find_postgres(folders=only_path) == newest

    def test_the_version_that_made_the_cluster(self, only_path: Path) -> None:
        older = self.server(only_path, "15")
        self.server(only_path, "17")
        assert install.find_postgres("15", folders=only_path) == older
        assert install.find_postgres("14", folders=only_path) is None

    def test_without_initdb_it_is_only_a_part_of_a_server(self, only_path: Path) -> None:
        self.server(only_path, "17", "postgres")
        assert install.find_postgres(folders=only_path) is None

    def test_one_on_path_comes_first(self, only_path: Path) -> None:
        self.server(only_path, "17")
        own = executable(only_path / "postgres")
        executable(only_path / "initdb")
        assert install.find_postgres(folders=only_path) == own

    def test_one_on_path_is_found_for_the_cluster_that_it_has_made(self, only_path: Path) -> None:
        """Where the packages of a system have none in the folders of Debian."""
        own = executable(only_path / "postgres")
        own.write_text('#!/bin/sh\necho "postgres (PostgreSQL) 18.4"\n')
        executable(only_path / "initdb")
        older = self.server(only_path, "15")
        assert install.find_postgres("18", folders=only_path) == own
        assert install.find_postgres("15", folders=only_path) == older
        assert install.find_postgres("17", folders=only_path) is None


class TestHowToGetPostgres:
    """The command is one that works: a release of Debian has one major version."""

    @staticmethod
    def knows(folder: Path, package: str) -> None:
        program = executable(folder / "apt-cache")
        program.write_text(f'#!/bin/sh\n[ "$2" = {package} ] && echo "Package: $2" || exit 100\n')

    def test_of_the_release(self, only_path: Path) -> None:
        self.knows(only_path, "postgresql-15")
        assert install.how_to_get_postgres("15") == "sudo apt-get install postgresql-15"

    def test_of_postgresql_itself(self, only_path: Path) -> None:
        self.knows(only_path, "postgresql-15")
        steps = install.how_to_get_postgres("17").split(" && ")
        assert steps[0] == "sudo apt-get install postgresql-common"
        assert "apt.postgresql.org.sh" in steps[1]
        assert steps[2] == "sudo apt-get install postgresql-17"

    def test_the_script_is_where_debian_has_it(self) -> None:
        if shutil.which("pg_lsclusters") is None:
            pytest.skip("postgresql-common is not installed")
        found = re.search(r"(/usr/share/\S+\.sh)", install.how_to_get_postgres("9"))
        assert found
        assert Path(found[1]).exists()


class TestMissingPackages:
    def test_each_once_and_only_what_is_missing(self) -> None:
        there = {"redis-server": Path("/x")}
        programs = ["prometheus", "promtool", "redis-server", "amtool"]
        assert install.missing_packages(programs, there.get) == ["prometheus", "prometheus-alertmanager"]

    def test_nothing_is_missing(self) -> None:
        assert install.missing_packages(["prometheus"], lambda _: Path("/x")) == []


class TestRootPrefix:
    @pytest.mark.parametrize(
        ("user_id", "sudo", "interactive", "expected"),
        [
            (0, None, False, []),
            (0, "/usr/bin/sudo", True, []),
            (1000, "/usr/bin/sudo", True, ["/usr/bin/sudo", "--"]),
            (1000, "/usr/bin/sudo", False, ["/usr/bin/sudo", "-n", "--"]),
            (1000, None, True, None),
        ],
    )
    def test_cases(
        self, user_id: int, sudo: str | None, interactive: bool, expected: list[str] | None
    ) -> None:
        assert install.root_prefix(user_id, sudo, interactive) == expected


class TestInstallPackages:
    def test_no_apt_get(self, only_path: Path) -> None:
        with pytest.raises(StackError, match="has no apt-get: prometheus"):
            install.install_packages(["prometheus"], lambda *_: None)

    def test_a_package_that_does_not_exist_is_said_with_the_command(self) -> None:
        progress: list[str] = []
        with pytest.raises(StackError, match="could not install magacin-no-such-package") as caught:
            install._run(
                [
                    "sh",
                    "-c",
                    """echo '{"progress": 3, "doing": "x"}'; echo '{"failed": ["E: No."]}'; exit 100""",
                ],
                ["magacin-no-such-package"],
                lambda percent, doing: progress.append(f"{percent} {doing}"),
            )
        assert caught.value.details[0] == "E: No."
        assert (
            "sudo apt-get install --no-install-recommends magacin-no-such-package" in caught.value.details[1]
        )
        assert progress == ["3 x"]
