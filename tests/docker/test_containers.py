"""What docs/docker.md describes, with a real engine: one machine, and what people do on it in that order."""

from __future__ import annotations

import re
from collections.abc import Iterator

import pytest

from magacin.stack import docker_secrets
from tests.debian import NotToBeHad
from tests.docker import images
from tests.docker.machine import KINDS, Machine, why_not
from tests.docker.stack import MONITORING, Containers, services

# Each step ends when nothing is done any more (tests/patient.py), and not after a time.
pytestmark = [pytest.mark.docker, pytest.mark.timeout(0)]

CODE = "DOCKER-1"
ORDERS = f"requisition,sku,quantity\nDOCKER,{CODE},9\n"
SECRETS = ".magacin-docker/secrets"
_VERSION = "0.1.0.dev1"
# In the command line of each process of a service that has several.
_WORKS = "multiprocessing-fork"


@pytest.fixture(scope="module", params=KINDS)
def containers(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Containers]:
    """A machine with an engine and the images, and nothing started on it."""
    if reason := why_not():
        pytest.skip(reason)
    try:
        machine = Machine(KINDS[request.param], tmp_path_factory.mktemp(request.param))
    except NotToBeHad as error:
        pytest.skip(f"No Debian {request.param}: {error}.")
    try:
        machine.start()
        images.provide(machine)
        yield Containers(machine)
    finally:
        machine.stop()


@pytest.fixture(scope="module")
def task(containers: Containers) -> int:
    """A pick task of an order that was imported, with somebody logged in who picks it."""
    said = containers.sh("docker compose exec -T api-gateway magacin user add admin --role admin --show")
    [password] = re.findall(r"shown only now: (\S+)", said)
    containers.machine.sh("umask 077; cat > admin-password", input=password)
    containers.machine.sh("cat > orders.csv", input=ORDERS)
    told = "--url http://localhost:8000 --user admin --password-file admin-password"
    containers.sh(f"./magacin import orders.csv {told}")
    containers.log_in("admin", password)
    [requisition] = containers.must("GET", "/api/requisitions?released=false&limit=50")["items"]
    [made] = containers.must("POST", "/api/tasks", {"requisition_ids": [requisition["requisition_id"]]})
    containers.must("POST", f"/api/tasks/{made['task_id']}/assign", {"workers": ["admin"]})
    return int(made["task_id"])


def test_the_monitoring_comes_first_and_then_the_application(containers: Containers) -> None:
    said = containers.documented("./scripts/start-monitoring.sh     # makes")
    assert "Monitoring is ready." in said
    containers.wait_healthy()


def test_prometheus_has_all_targets(containers: Containers) -> None:
    jobs = containers.wait_for_targets()
    assert set(services()) - {"postgres", "redis"} <= set(jobs) | {"inbox"}


def test_an_order_is_imported_and_picked(containers: Containers, task: int) -> None:
    assert containers.scan(task, CODE).body["outcome"] == "picked"
    assert containers.picked(task) == 1


def test_secrets_are_closed_and_no_process_may_much(containers: Containers) -> None:
    modes = containers.sh(f"stat -c '%a %n' .magacin-docker {SECRETS} {SECRETS}/*").split("\n")
    assert modes[:2] == ["700 .magacin-docker", f"700 {SECRETS}"]
    assert {line[:3] for line in modes[2:] if line} == {"444"}
    for name in services():
        status = containers.sh(f"cat /proc/$(docker inspect -f '{{{{.State.Pid}}}}' magacin-{name})/status")
        facts = dict(re.findall(r"^(\w+):\s*(.*)$", status, re.MULTILINE))
        found = (facts["CapEff"], facts["CapPrm"], facts["NoNewPrivs"], facts["Seccomp"])
        assert found == ("0000000000000000", "0000000000000000", "1", "2"), name
        assert facts["Uid"].split()[0] != "0", name
    refused = containers.machine.attempt("docker exec magacin-api-gateway sh -c 'echo x > /opt/magacin/x'")
    assert "Read-only file system" in refused.stderr


def test_somebody_is_told_that_postgresql_is_gone_and_back(containers: Containers, task: int) -> None:
    containers.forget_mail()
    containers.sh("docker compose stop postgres")
    containers.mail(severity="critical", service="postgres", status="firing")
    assert containers.scan(task, CODE).status == 503
    containers.sh("docker compose start postgres")
    containers.mail(severity="critical", service="postgres", status="resolved")
    assert containers.scan(task, CODE).status == 200
    assert containers.picked(task) == 2


def test_what_was_there_is_there_after_both_halves_went_down(containers: Containers, task: int) -> None:
    moment, scraped = (
        containers.prometheus("query", query=query)["result"] for query in ("time()", "count(up)")
    )
    containers.sh(f"docker compose down || true; docker compose {MONITORING} down")
    assert containers.states() == {}
    containers.sh(f"docker compose {MONITORING} up -d; docker compose up -d")
    containers.wait_healthy()
    assert containers.picked(task) == 2
    [known] = containers.prometheus("query", query="count(up)", time=str(moment[0]))["result"]
    assert known["value"][1] == scraped[0]["value"][1]


def test_all_comes_back_with_the_engine(containers: Containers, task: int) -> None:
    containers.machine.stop_engine()
    containers.machine.start_engine()
    containers.wait_healthy()
    assert containers.picked(task) == 2
    assert containers.wait_for_targets()


def test_a_backup_is_restored(containers: Containers, task: int) -> None:
    containers.documented("pg_dump")
    assert containers.scan(task, CODE).status == 200
    containers.documented("pg_restore")
    containers.wait_healthy()
    assert containers.picked(task) == 2
    assert containers.scan(task, CODE).status == 200


def test_an_update_is_built_and_started(containers: Containers, task: int) -> None:
    line = f'__version__ = "{_VERSION}"'
    containers.machine.sh(f"sed -i 's/^__version__ = .*/{line}/' src/magacin/__init__.py")
    containers.sh("docker compose up -d --build")
    containers.wait_healthy()
    assert _VERSION in containers.sh("docker compose exec -T api-gateway magacin --version")
    assert containers.picked(task) == 3


def test_a_process_of_the_gateway_that_was_killed_is_an_alert(containers: Containers) -> None:
    containers.machine.sh("echo MAGACIN_WORKERS=2 >> .env")
    containers.sh("docker compose up -d")
    containers.wait_healthy()
    limit = containers.sh("docker inspect -f '{{.HostConfig.Memory}}' magacin-api-gateway")
    assert int(limit) == 2 << 30
    processes = "docker top magacin-api-gateway -eo pid,args"
    containers.sh(f"{processes} | awk '/{_WORKS}/ {{print $1}}' | head -1 | xargs kill -9")
    # Not by mail: what this test has stopped and started so often is ServiceDown, which keeps warnings back.
    containers.wait_for_alert("ServiceProcessDied", "api-gateway")
    assert "process_died" in containers.sh("docker logs magacin-api-gateway | grep process_died")


def test_nothing_was_started_anew_by_itself(containers: Containers) -> None:
    assert {name: state.restarts for name, state in containers.states().items() if state.restarts} == {}


def test_the_application_comes_first_and_then_the_monitoring(containers: Containers) -> None:
    containers.sh(f"docker compose down --volumes || true; docker compose {MONITORING} down --volumes")
    containers.machine.sh(f"rm -r {docker_secrets.FOLDER.parent} .env")
    containers.sh("./scripts/start-monitoring.sh --secrets-only")
    containers.sh("docker compose up -d")
    containers.sh("./scripts/start-monitoring.sh")
    containers.wait_healthy()
    assert containers.wait_for_targets()
    test_nothing_was_started_anew_by_itself(containers)
