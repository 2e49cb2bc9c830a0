"""`magacin serve`: run one service in the foreground, as Docker, Kubernetes and the native stack do."""

from __future__ import annotations

import os
import sys
import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated

import typer

from magacin.cli._common import DataDirOption, Progress, stack
from magacin.stack.errors import StackError
from magacin.stack.parts import LOOPBACK, PARTS

app = typer.Typer()

# With one of these, the environment is meant to have all settings. The last is that of a stack's own parts.
_COMPLETE = frozenset(
    {
        "MAGACIN_DATABASE_URL",
        "MAGACIN_REDIS_URL",
        "MAGACIN_SERVICE_TOKEN",
        "MAGACIN_HEARTBEAT_TOKEN",
        "MAGACIN_STACK",
    }
)


@app.command()
def serve(
    name: Annotated[
        str,
        typer.Argument(
            metavar="NAME",
            help="api-gateway, task-service, import-service, realtime-worker, console, inbox, heartbeat"
            " or demo.",
        ),
    ],
    host: Annotated[
        str, typer.Option(envvar="MAGACIN_HOST", metavar="ADDRESS", help="Address to listen on.")
    ] = LOOPBACK,
    port: Annotated[
        int | None,
        typer.Option(
            envvar="MAGACIN_PORT",
            metavar="N",
            min=0,
            max=65535,
            help="Port to listen on. [default: the service's own]",
        ),
    ] = None,
    workers: Annotated[
        int,
        typer.Option(
            envvar="MAGACIN_WORKERS", metavar="N", min=1, max=64, help="Processes that serve requests."
        ),
    ] = 1,
    data_dir_option: DataDirOption = None,
) -> None:
    """Run one service in the foreground.

    Its settings come from the environment. Where that has none of a database, Redis or service token, they
    are those of the stack in the data directory, so that it takes the place of a part that was stopped.
    """
    known = {part.name: part.service for part in PARTS.values() if part.service}
    if name not in known:
        raise StackError(f"there is no service called {name!r}.", f"There are: {', '.join(known)}.")
    os.environ |= _settings_of_stack(name, data_dir_option, os.environ)
    port = int(os.environ.get("MAGACIN_PORT") or PARTS[name].port) if port is None else port
    # The service reads its settings from the environment, in every worker process.
    os.environ |= {"MAGACIN_HOST": host, "MAGACIN_PORT": str(port), "MAGACIN_WORKERS": str(workers)}
    if workers == 1:
        _run(known[name], host, port, workers)
        return
    # The workers' metrics meet in files, and an earlier run's must not be counted with them. The variable
    # has to be there before prometheus_client is imported, in this process and in those that it starts.
    with tempfile.TemporaryDirectory(prefix=f"magacin-{name}-metrics-") as folder:
        os.environ["PROMETHEUS_MULTIPROC_DIR"] = folder
        _run(known[name], host, port, workers)


def _settings_of_stack(name: str, option: Path | None, environment: Mapping[str, str]) -> dict[str, str]:
    """Return what the stack would give the service and the environment does not have."""
    if option is None and any(_is_set(key, environment) for key in _COMPLETE):
        return {}  # never half of one system and half of another, unless told so
    from magacin.stack.launch_specs import launch_spec

    mine = stack(option, Progress())
    if option is None and mine.data.identity() is None:
        return {}
    settings = launch_spec(name, mine.site()).environment
    return {key: value for key, value in settings.items() if not _is_set(key, environment)}


def _is_set(variable: str, environment: Mapping[str, str]) -> bool:
    setting = variable.removesuffix("_FILE")
    return bool(environment.get(setting) or environment.get(f"{setting}_FILE"))


def _run(service: str, host: str, port: int, workers: int) -> None:
    # structlog imports rich where it can, 3 MiB of it, for consoles of developers; services write JSON. The
    # sockets' library imports requests, 5 MiB, for clients of a kind that nobody here is.
    for name in ("rich", "requests"):
        sys.modules[name] = None  # type: ignore[assignment]  # an import that fails, as sys.modules has it
    import uvicorn

    from magacin.core.http import SERVER_OPTIONS

    application = f"magacin.{service}.app:create_app"
    options = {"factory": True, "host": host, "port": port, "loop": "uvloop", **SERVER_OPTIONS}
    if workers == 1:
        uvicorn.run(application, **options)
        return
    from magacin.core.logging import configure_logging
    from magacin.core.processes import Processes

    configure_logging(next(part.name for part in PARTS.values() if part.service == service))
    config = uvicorn.Config(application, workers=workers, **options)
    Processes(config, [config.bind_socket()]).run()
