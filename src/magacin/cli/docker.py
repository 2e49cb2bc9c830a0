"""`magacin docker`: what Compose needs from outside, which is secrets and somebody who waits."""

from __future__ import annotations

from typing import Annotated

import typer

from magacin.cli._common import Progress
from magacin.stack.paths import ROOT

app = typer.Typer(no_args_is_help=True, help="Start the monitoring in Docker; make the secrets for Compose.")


@app.callback()
def _group() -> None:
    """Start the monitoring in Docker; make the secrets for Compose."""


@app.command()
def monitoring(
    secrets_only: Annotated[
        bool, typer.Option("--secrets-only", help="Make the secrets and .env, and start nothing.")
    ] = False,
    wait_seconds: Annotated[
        float,
        typer.Option(
            envvar="MAGACIN_WAIT_SECONDS", metavar="N", min=0, help="How long it may take to become healthy."
        ),
    ] = 180,
) -> None:
    """Start docker-compose.monitoring.yml, and wait until each container is healthy.

    Secrets that are missing are made first. The application comes afterwards: docker compose up -d
    """
    from magacin.stack.docker import DockerMonitoring, ensure_secrets

    folder = ensure_secrets(ROOT).relative_to(ROOT)
    if secrets_only:
        print(f"Secrets are in {folder}. Next: docker compose up -d")
        return
    with Progress() as progress:
        compose = DockerMonitoring(ROOT, progress).start(wait_seconds)
    print(
        f"""Monitoring is ready.
  Prometheus    http://localhost:9090
  Grafana       http://localhost:3000   user admin, password in
                {folder}/grafana_admin_password
  Alertmanager  http://localhost:9093   as for Prometheus: user operator, password in
                {folder}/operator_password
  Inbox         http://localhost:8025   what alerts send until
                docs/notifications.md is followed
Next: {" ".join(compose)} up -d"""
    )
