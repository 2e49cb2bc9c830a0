"""On a folder that stands for a machine: what installing changes, and that it is all put back."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from magacin.stack import apt


@pytest.fixture
def host(tmp_path: Path) -> apt.Host:
    for folder in ("usr/sbin", "etc/systemd/system/multi-user.target.wants", "etc/rc2.d"):
        (tmp_path / folder).mkdir(parents=True)
    return apt.Host(tmp_path)


def snapshot(root: Path) -> dict[str, tuple[int, int, str]]:
    found = {}
    for path in sorted(root.rglob("*")):
        status = path.lstat()
        content = str(path.readlink()) if path.is_symlink() else path.read_text() if path.is_file() else ""
        found[str(path)] = (status.st_mode, status.st_mtime_ns if path.is_file() else 0, content)
    return found


class TestPolicy:
    def test_forbids_starting_while_inside(self, host: apt.Host) -> None:
        with apt.services_untouched(host, without_cluster=False):
            assert "exit 101" in host.policy.read_text()
            assert os.access(host.policy, os.X_OK)

    def test_none_before_none_after(self, host: apt.Host) -> None:
        before = snapshot(host.root)
        with apt.services_untouched(host, without_cluster=True):
            assert snapshot(host.root) != before
        (host.root / "etc/postgresql-common").rmdir()
        assert snapshot(host.root) == before

    def test_an_existing_one_comes_back_to_the_byte_and_mode(self, host: apt.Host) -> None:
        host.policy.write_text("#!/bin/sh\nexit 0\n")
        host.policy.chmod(0o751)
        os.utime(host.policy, ns=(1, 1))
        before = snapshot(host.root)
        with apt.services_untouched(host, without_cluster=False):
            pass
        assert snapshot(host.root) == before

    def test_a_link_comes_back_as_a_link(self, host: apt.Host) -> None:
        host.policy.symlink_to("/etc/alternatives/policy-rc.d")
        with apt.services_untouched(host, without_cluster=False):
            assert not host.policy.is_symlink()
        assert str(host.policy.readlink()) == "/etc/alternatives/policy-rc.d"

    def test_also_on_ctrl_c(self, host: apt.Host) -> None:
        host.policy.write_text("mine")
        with pytest.raises(KeyboardInterrupt), apt.services_untouched(host, without_cluster=True):
            raise KeyboardInterrupt
        assert host.policy.read_text() == "mine"
        assert not host.no_cluster.exists()

    def test_what_a_killed_run_left_behind_is_put_back_by_the_next(self, host: apt.Host) -> None:
        host.policy.write_text("mine")
        killed = apt.services_untouched(host, without_cluster=True)
        killed.__enter__()
        with apt.services_untouched(host, without_cluster=False):
            assert host.policy_saved.read_text() == "mine"
        assert host.policy.read_text() == "mine"
        assert not host.policy_saved.exists()
        assert not host.no_cluster.exists()


class TestLinks:
    def test_new_ones_go_and_old_ones_stay(self, host: apt.Host) -> None:
        units = host.root / "etc/systemd/system/multi-user.target.wants"
        scripts = host.root / "etc/rc2.d"
        (units / "ssh.service").symlink_to("/lib/systemd/system/ssh.service")
        (scripts / "S01ssh").symlink_to("../init.d/ssh")
        before = snapshot(host.root)
        with apt.services_untouched(host, without_cluster=False):
            (units / "prometheus.service").symlink_to("/lib/systemd/system/prometheus.service")
            (units.parent / "dbus-x.service").symlink_to("/lib/systemd/system/x.service")
            (scripts / "S01prometheus").symlink_to("../init.d/prometheus")
        assert snapshot(host.root) == before

    def test_stop_links_and_masked_units_start_nothing(self, host: apt.Host) -> None:
        (host.root / "etc/rc2.d/K01prometheus").symlink_to("../init.d/prometheus")
        (host.root / "etc/systemd/system/x.service").symlink_to("/dev/null")
        assert host.start_links() == set()

    @pytest.mark.parametrize(
        ("link", "expected"),
        [
            ("etc/rc2.d/S01redis-server", ["update-rc.d", "redis-server", "disable"]),
            (
                "etc/systemd/system/multi-user.target.wants/prometheus.service",
                ["systemctl", "--no-reload", "disable", "prometheus.service"],
            ),
            ("etc/systemd/system/redis.service", None),
        ],
    )
    def test_each_kind_is_disabled_by_its_own_tool(self, link: str, expected: list[str] | None) -> None:
        assert apt.disable_command(Path("/") / link) == expected


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        ("dlstatus:1:50.0:Retrieving file 1 of 3\n", (25, "Retrieving file 1 of 3")),
        ("pmstatus:prometheus:40.5:Unpacking prometheus: now\n", (70, "Unpacking prometheus: now")),
        ("media-change: x:y:z\n", None),
        ("rubbish\n", None),
    ],
)
def test_apt_status_lines(line: str, expected: tuple[int, str] | None) -> None:
    assert apt.parse_status(line) == expected


def test_it_needs_the_standard_library_only() -> None:
    source = Path(apt.__file__).read_text()
    assert "from magacin" not in source
    assert "import magacin" not in source
