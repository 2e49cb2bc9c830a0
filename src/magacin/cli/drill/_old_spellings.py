"""`drill ALERT …`, `drill --live` and `drill --list`: older than the sub-commands, and still understood."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import islice
from typing import Any

from typer.core import TyperGroup

_FLAGS = ("--list", "--live")


class WithOldSpellings(TyperGroup):
    """A group of commands of which `run` need not be named."""

    def parse_args(self, ctx: Any, args: list[str]) -> list[str]:
        """Put the sub-command first, where none is."""
        if not args or args[0] not in (*self.commands, "--help"):
            args = spelt_anew(args, {name: options_of(command) for name, command in self.commands.items()})
        return super().parse_args(ctx, args)


def options_of(command: Any) -> dict[str, bool]:
    """Return the options of a command, each with whether it takes a value."""
    options = (param for param in command.params if param.param_type_name == "option")
    return {name: not option.is_flag for option in options for name in option.opts}


def spelt_anew(args: Sequence[str], options: Mapping[str, Mapping[str, bool]]) -> list[str]:
    """Return an old command line as a new one; `options` are those of each sub-command.

    There was one command for all: options that only another sub-command has now counted for nothing.
    """
    every = {name: takes_value for known in options.values() for name, takes_value in known.items()}
    names, given, rest = [], [], iter(args)
    for word in rest:
        if word.startswith("-"):
            given.append([word, *islice(rest, int(every.get(word, False)))])
        else:
            names.append(word)
    command = _meant(names, {words[0] for words in given})
    foreign = {*every, *_FLAGS} - set(options[command])
    kept = [word for words in given if words[0].partition("=")[0] not in foreign for word in words]
    return [command, *(names if command in ("run", "live") else ()), *kept]


def _meant(names: list[str], flags: set[str]) -> str:
    if "--list" in flags:
        return "list"
    if names == ["history"]:
        return "history"
    return "live" if "--live" in flags else "run"
