"""The secrets that Compose mounts; tests/monitoring/test_docker_secrets.py opens real servers with them."""

from __future__ import annotations

import os
import stat
import subprocess
from pathlib import Path

import pytest
import yaml

from magacin.stack import docker_secrets
from magacin.stack.docker import ensure_secrets
from magacin.stack.errors import StackError
from magacin.stack.paths import ROOT

SECRETS = {
    "curl",
    "curl-metrics",
    "database_password",
    "database_url",
    "grafana_admin_password",
    "heartbeat_url",
    "jwt_key",
    "monitoring_password",
    "operator_password",
    "postgres_exporter_password",
    "postgres_password",
    "redis_acl",
    "redis_exporter_password",
    "redis_exporter_passwords",
    "redis_password",
    "redis_url",
    "scrape_token",
    "service_token",
    "webhook_key",
    "slack_webhook_critical",
    "slack_webhook_warning",
    "smtp_password",
    "web_exporter",
    "web_server",
}


def contents(folder: Path) -> dict[str, str]:
    return {path.name: path.read_text(encoding="utf-8") for path in folder.iterdir()}


class TestSecrets:
    def test_are_made_once_and_differ(self, tmp_path: Path) -> None:
        folder = docker_secrets.ensure(tmp_path)
        first = contents(folder)
        assert set(first) == SECRETS
        addresses = {name for name in SECRETS if name.startswith(("slack", "heartbeat"))}
        assert {first[name] for name in addresses} == {
            "http://inbox:8025/slack",
            "http://inbox:8025/heartbeat",
        }
        assert len({first[name] for name in SECRETS - addresses}) == len(SECRETS - addresses)
        assert all(
            len(first[name]) == 64 for name in SECRETS if name.endswith(("_password", "_token", "_key"))
        )
        files = {path.name: path.stat().st_ino for path in folder.iterdir()}
        docker_secrets.ensure(tmp_path)
        assert contents(folder) == first
        # A running container has mounted these very files.
        assert {path.name: path.stat().st_ino for path in folder.iterdir()} == files

    def test_no_other_user_gets_at_them(self, tmp_path: Path) -> None:
        folder = docker_secrets.ensure(tmp_path)
        for closed in (folder, folder.parent):
            assert stat.S_IMODE(closed.stat().st_mode) == 0o700
        # Readable, because each container runs as a user of its own; the folder keeps everybody else out.
        assert {stat.S_IMODE((folder / name).stat().st_mode) for name in SECRETS} == {0o444}

    def test_a_lost_one_is_made_again_and_the_rest_kept(self, tmp_path: Path) -> None:
        folder = docker_secrets.ensure(tmp_path)
        kept = contents(folder)["redis_url"]
        (folder / "jwt_key").unlink()
        (folder / "redis_acl").unlink()
        docker_secrets.ensure(tmp_path)
        assert set(contents(folder)) == SECRETS
        assert contents(folder)["redis_url"] == kept

    def test_one_that_was_changed_by_hand_is_taken_over_without_its_line_end(self, tmp_path: Path) -> None:
        folder = docker_secrets.ensure(tmp_path)
        (folder / "redis_password").unlink()
        (folder / "redis_password").write_text("mine\n", encoding="utf-8")
        docker_secrets.ensure(tmp_path)
        assert contents(folder)["redis_url"] == "redis://:mine@redis:6379/0"

    def test_a_real_address_stays(self, tmp_path: Path) -> None:
        folder = docker_secrets.ensure(tmp_path)
        (folder / "heartbeat_url").unlink()
        (folder / "heartbeat_url").write_text("https://hc.example/1\n", encoding="utf-8")
        docker_secrets.ensure(tmp_path)
        assert contents(folder)["heartbeat_url"] == "https://hc.example/1\n"

    def test_every_one_that_the_compose_files_mount_is_made(self) -> None:
        mounted = {
            name
            for file in ("docker-compose.yml", "docker-compose.monitoring.yml")
            for name in yaml.safe_load((ROOT / file).read_text(encoding="utf-8"))["secrets"]
        }
        assert mounted <= SECRETS
        # The operator's is for the person; what looks at it has its hash.
        inside = {"redis_exporter_password", "operator_password", "curl", "curl-metrics"}
        assert SECRETS - mounted == inside, "made and mounted nowhere"

    def test_git_and_the_image_leave_them_out(self) -> None:
        for path in (".env", str(docker_secrets.FOLDER / "jwt_key")):
            done = subprocess.run(["git", "check-ignore", "-q", path], cwd=ROOT, env=os.environ, check=False)
            assert done.returncode == 0, f"{path} would be committed"

    def test_a_folder_that_cannot_be_written_is_named(self, tmp_path: Path) -> None:
        (tmp_path / docker_secrets.FOLDER.parent).write_text("in the way", encoding="utf-8")
        with pytest.raises(StackError, match=r"cannot write .*magacin-docker"):
            ensure_secrets(tmp_path)


class TestEnvironment:
    @pytest.mark.parametrize("end", ["\n", ""], ids=["ended", "open"])
    def test_compose_finds_the_secrets_and_a_users_own_lines_stay(self, tmp_path: Path, end: str) -> None:
        env = tmp_path / ".env"
        env.write_text(f"MY_OWN=1\nCOMPOSE_PROJECT_NAME=mine{end}", encoding="utf-8")
        docker_secrets.ensure(tmp_path)
        docker_secrets.ensure(tmp_path)
        assert env.read_text(encoding="utf-8").splitlines() == [
            "MY_OWN=1",
            "COMPOSE_PROJECT_NAME=mine",
            "MAGACIN_SECRETS_DIR=./.magacin-docker/secrets",
            "COMPOSE_IGNORE_ORPHANS=true",
        ]
