"""`magacin rules`: write what follows from an alert's rule."""

from __future__ import annotations

from typing import Annotated

import typer

from magacin.stack.paths import ROOT

app = typer.Typer(no_args_is_help=True, help="Write what follows from an alert's rule.")


@app.callback()
def _group() -> None:
    """Write what follows from an alert's rule."""


@app.command()
def fmt() -> None:
    """Write the links of each alert into its rule and into what its rule tests expect.

    The runbook follows from the alert's name. The dashboard follows from the label `service`, unless the rule
    has a dashboard_url already. Doing it twice changes nothing more.
    """
    from magacin.ops import rule_links

    changed = rule_links.changed(ROOT / "monitoring")
    for file, text in changed.items():
        file.write_text(text, encoding="utf-8")
        print(f"{file.relative_to(ROOT)}: written anew")
    if not changed:
        print("All alerts have their links.")


@app.command()
def operator(
    check: Annotated[
        bool, typer.Option("--check", help="Change nothing; exit with 1 if something would.")
    ] = False,
) -> None:
    """Write the rules and the targets as the Prometheus Operator takes them: deploy/kubernetes/operator.

    Doing it twice changes nothing more.
    """
    from magacin.ops import operator_files

    stale = {
        file: text
        for file, text in operator_files.files(ROOT).items()
        if not file.exists() or file.read_text(encoding="utf-8") != text
    }
    for file, text in stale.items():
        if not check:
            file.parent.mkdir(exist_ok=True)
            file.write_text(text, encoding="utf-8")
        print(f"{file.relative_to(ROOT)}: {'would be written anew' if check else 'written anew'}")
    if stale and check:
        raise typer.Exit(1)
    if not stale:
        print("The operator's files say what Prometheus' own do.")
