"""The commands that messages, pages and documents tell people to type are there, with their options."""

from __future__ import annotations

import functools
import importlib
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from typer.main import get_command

from magacin.cli import main
from magacin.stack.paths import ROOT

PLACES = (
    "src/magacin",
    "web/apps",
    "web/kit",
    "docs",
    "monitoring",
    "deploy",
    "scripts",
    "benchmarks",
    "README.md",
)
KINDS = {".py", ".md", ".ts", ".tsx", ".yml", ".yaml", ".json", ".sh", ".html", ".toml"}
# Up to where a sentence, a string or a comment goes on about something else.
NAMED = re.compile(r"\./magacin ([a-z]+)((?:(?!\./magacin)[^`\"'(){}#,;|\n]|\|(?=\w))*)")
OPTION = re.compile(r"(?<![\w-])--[a-z][a-z-]*")
# These hand what they do not know to another program.
PASSES_ON = {"test", "bench"}


def files() -> Iterator[Path]:
    for place in PLACES:
        path = ROOT / place
        yield from (file for file in path.rglob("*") if file.suffix in KINDS) if path.is_dir() else [path]
    yield from (file for file in ROOT.iterdir() if file.suffix in KINDS)


def named() -> list[tuple[str, str, str]]:
    found = set()
    for file in files():
        for match in NAMED.finditer(file.read_text(encoding="utf-8")):
            found.add((str(file.relative_to(ROOT)), match[1], match[2].strip()))
    return sorted(found)


@functools.cache
def options(name: str) -> frozenset[str]:
    """Return the options of a command and of its subcommands."""
    module = importlib.import_module(f"magacin.cli.{main.COMMANDS[name].module}")
    return frozenset(_options(get_command(module.app))) | {"--help"}


def _options(command: Any) -> Iterator[str]:
    for parameter in command.params:
        yield from (*parameter.opts, *parameter.secondary_opts)
    for sub in getattr(command, "commands", {}).values():
        yield from _options(sub)


def is_there(name: str, rest: str) -> bool:
    return name in main.COMMANDS and (name in PASSES_ON or set(OPTION.findall(rest)) <= options(name))


def test_all_that_are_named_are_there() -> None:
    found = named()
    assert len(found) > 100
    assert not [(file, name, rest) for file, name, rest in found if not is_there(name, rest)]
