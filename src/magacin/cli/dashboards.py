"""`magacin dashboards`: check the dashboard files, and write them the way they are kept."""

from __future__ import annotations

import stat
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from magacin.core.files import write_whole
from magacin.stack.errors import StackError

if TYPE_CHECKING:
    from magacin.ops.dashboards.document import Document

app = typer.Typer(
    no_args_is_help=True, help="Check the dashboard files, and write them the way they are kept."
)

FilesArgument = Annotated[
    list[Path] | None,
    typer.Argument(metavar="FILE", help="Dashboards; all in monitoring/grafana/dashboards when left out."),
]


@app.command()
def check(files: FilesArgument = None) -> None:
    """Check dashboards against the rules of grafana/dashboard-linter and our own.

    Exit status 1 when there is something to mend.
    """
    from magacin.ops.dashboards import lint

    documents = _read(files)
    found = [line for document in documents for line in lint.lines(document)]
    for line in found:
        print(line)
    if found:
        raise typer.Exit(1)
    print(f"{_count(documents)} in order.")


@app.command()
def fmt(
    files: FilesArgument = None,
    check_only: Annotated[
        bool, typer.Option("--check", help="Change nothing; exit with 1 if something would.")
    ] = False,
) -> None:
    """Write dashboards the way they are kept.

    Takes what Grafana exports: without the ids, versions and inputs that are of one Grafana, asking the data
    source that the variable names, sorted and indented. Doing it twice changes nothing more.
    """
    from magacin.ops.dashboards.normalise import normalise, render

    # All are read first: with one that is broken, none is changed.
    documents = _read(files)
    wanted = [(d.path, render(normalise(d.content))) for d in documents]
    changed = [(path, text) for path, text in wanted if path.read_text(encoding="utf-8") != text]
    for path, text in changed:
        if not check_only:
            _write(path, text)
        print(f"{path}: {'would be written anew' if check_only else 'written anew'}")
    if changed and check_only:
        raise typer.Exit(1)
    if not changed:
        print(f"{_count(documents)} in order.")


def _read(files: list[Path] | None) -> list[Document]:
    """Return the dashboards; raise StackError that names every file that is none."""
    from magacin.ops.dashboards import document

    found, errors = [], []
    for path in files or document.files():
        try:
            found.append(document.read(_shown(path)))
        except document.DashboardError as error:
            errors.append(str(error))
    if errors:
        what = "this is no dashboard" if len(errors) == 1 else "these are no dashboards"
        raise StackError(f"{what}; nothing was changed.", *errors)
    return found


def _shown(path: Path) -> Path:
    """Return a path as a person in this folder would write it."""
    return path.relative_to(Path.cwd()) if path.is_relative_to(Path.cwd()) else path


def _write(path: Path, text: str) -> None:
    """Write a file whole or not at all, with the rights it had; a link stays a link."""
    try:
        write_whole(path.resolve(), text, stat.S_IMODE(path.stat().st_mode))
    except OSError as error:
        raise StackError(f"cannot write {path} ({error.strerror}).") from error


def _count(documents: list[Document]) -> str:
    return "1 dashboard is" if len(documents) == 1 else f"{len(documents)} dashboards are"
