from __future__ import annotations

import subprocess

import psutil

from magacin.stack.processes import STACK_VARIABLE, environment, wait_ended


class TestEnvironment:
    def test_servers_get_what_they_need_and_nothing_that_steers_them(self) -> None:
        kept = environment(
            {
                "PATH": "/bin",
                "LC_ALL": "C",
                "PGPORT": "1",
                "REDIS_PASSWORD": "x",
                "PROMETHEUS_MULTIPROC_DIR": "/tmp",
                "MAGACIN_LOG_LEVEL": "debug",
                "MAGACIN_DATABASE_URL": "postgresql://elsewhere",
                "MAGACIN_SERVICE_TOKEN": "x",
                "MAGACIN_PORT": "1",
                "MAGACIN_DATA_DIR": "/elsewhere",
                STACK_VARIABLE: "other",
            }
        )
        assert kept == {"PATH": "/bin", "LC_ALL": "C", "MAGACIN_LOG_LEVEL": "debug"}


def test_a_zombie_has_ended() -> None:
    process = subprocess.Popen(["true"])
    assert wait_ended([psutil.Process(process.pid)], 60)
    process.wait()
