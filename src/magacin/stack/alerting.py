"""Checks Alertmanager's configuration further than amtool does: secret files, templates, what they render.

amtool accepts a file that names a template which nobody defines, or a secret that nobody wrote; Alertmanager
finds out when it has an alert to send.
"""

from __future__ import annotations

import json
import re
import subprocess
from collections.abc import Iterator
from pathlib import Path
from tempfile import TemporaryDirectory

import yaml

from magacin.stack import install

_REFERENCE = re.compile(r"\{\{-?\s*template\s+\"([^\"]+)\"")
_DEFINITION = re.compile(r"\{\{-?\s*define\s+\"([^\"]+)\"")
# Those that come with Alertmanager.
_BUILT_IN = re.compile(r"^(__\w+|\w+\.default\.\w+(\.\w+)*)$")
# What is rendered on trial: one alert that fires and one that is over.
_SAMPLE_LABELS = {"alertname": "Sample", "service": "sample", "severity": "critical", "instance": "a:1"}
_SAMPLE_ANNOTATIONS = {
    "summary": "A summary.",
    "description": "A description.",
    "value": "1",
    "runbook_url": "http://localhost/runbook",
    "dashboard_url": "http://localhost/dashboard",
}
_SAMPLE = {
    "receiver": "critical",
    "status": "firing",
    "alerts": [
        {
            "status": status,
            "labels": _SAMPLE_LABELS,
            "annotations": _SAMPLE_ANNOTATIONS,
            "startsAt": "2026-01-01T00:00:00Z",
            "endsAt": "2026-01-01T00:10:00Z",
            "generatorURL": "http://localhost/graph",
            "fingerprint": "0",
        }
        for status in ("firing", "resolved")
    ],
    "groupLabels": {"alertname": "Sample", "service": "sample"},
    "commonLabels": _SAMPLE_LABELS,
    "commonAnnotations": _SAMPLE_ANNOTATIONS,
    "externalURL": "http://localhost",
}


def problems(config: Path, shown: Path, written: frozenset[str]) -> list[str]:
    """Return what is wrong with a configuration that amtool accepts, each as `file:line: what`.

    `shown` is the folder to call the files by: they were rendered from there, line by line. `written` are
    paths of secrets that need not be there yet.
    """
    root = yaml.compose(config.read_text(encoding="utf-8"), Loader=yaml.SafeLoader)
    values = list(_values(root)) if root is not None else []
    name = shown / config.name
    missing = [
        f"{name}:{node.start_mark.line + 1}: {key} names {node.value}, which {reason}"
        for key, node in values
        if key.endswith("_file") and node.value not in written and (reason := _unreadable(Path(node.value)))
    ]
    texts = [(node, node.start_mark.line + 1) for _, node in values if "{{" in node.value]
    undefined = _undefined(config.parent, shown, [(name, line, node.value) for node, line in texts])
    # What is not defined cannot be rendered either, and is better said once.
    return missing + (undefined or _not_rendered(config.parent, shown, name, values))


def _values(node: yaml.Node, key: str = "") -> Iterator[tuple[str, yaml.ScalarNode]]:
    """Yield every scalar with the key that it stands under."""
    if isinstance(node, yaml.MappingNode):
        for name, value in node.value:
            yield from _values(value, name.value)
    elif isinstance(node, yaml.SequenceNode):
        for item in node.value:
            yield from _values(item, key)
    elif isinstance(node, yaml.ScalarNode):
        yield key, node


def _unreadable(path: Path) -> str | None:
    try:
        return None if path.read_text(encoding="utf-8").strip() else "is empty"
    except FileNotFoundError:
        return "does not exist"
    except (OSError, UnicodeDecodeError) as error:
        return f"cannot be read ({getattr(error, 'strerror', None) or 'it is not text'})"


def _undefined(folder: Path, shown: Path, texts: list[tuple[Path, int, str]]) -> list[str]:
    files = sorted((folder / "templates").glob("*.tmpl"))
    lines = [
        (shown / file.relative_to(folder), number, line)
        for file in files
        for number, line in enumerate(file.read_text(encoding="utf-8").splitlines(), 1)
    ]
    defined = {name for _, _, line in lines for name in _DEFINITION.findall(line)}
    found = [
        f"{file}:{number}: there is no template {name!r}"
        for file, number, text in [*texts, *lines]
        for name in _REFERENCE.findall(text)
        if name not in defined and not _BUILT_IN.match(name)
    ]
    return list(dict.fromkeys(found))


def _not_rendered(
    folder: Path, shown: Path, name: Path, values: list[tuple[str, yaml.ScalarNode]]
) -> list[str]:
    """Return what the templates say when they are rendered on trial."""
    found = []
    with TemporaryDirectory(prefix="magacin-") as temporary:
        data = Path(temporary) / "data.json"
        data.write_text(json.dumps(_SAMPLE), encoding="utf-8")
        for kind in ("html", "text"):
            nodes = [n for key, n in values if (key == "html") == (kind == "html") and _is_ours(n.value)]
            # One program start for all; only when that fails is each asked.
            if nodes and _render(folder, data, kind, "\n".join(node.value for node in nodes)):
                found += [
                    _placed(said, shown, f"{name}:{node.start_mark.line + 1}")
                    for node in nodes
                    if (said := _render(folder, data, kind, node.value))
                ]
    return list(dict.fromkeys(found))


def _is_ours(text: str) -> bool:
    """Say whether there is something to render, and amtool can: it lacks what comes with Alertmanager."""
    return "{{" in text and not any(_BUILT_IN.match(name) for name in _REFERENCE.findall(text))


def _placed(said: str, shown: Path, otherwise: str) -> str:
    """Return what amtool said with the place it is about: in a template's file, or where it was used."""
    if match := re.match(r"template: ([\w.-]+\.tmpl:\d+):.*?: (executing .*)", said):
        return f"{shown / 'templates'}/{match[1]}: {match[2]}"
    return f"{otherwise}: {said}"


def _render(folder: Path, data: Path, kind: str, text: str) -> str | None:
    """Return what amtool has against a text, or None."""
    done = subprocess.run(
        [
            str(install.locate("amtool")),
            "template",
            "render",
            f"--template.glob={folder / 'templates' / '*.tmpl'}",
            f"--template.type={kind}",
            f"--template.data={data}",
            f"--template.text={text}",
        ],
        capture_output=True,
        text=True,
        check=False,
    )
    return done.stderr.strip().removeprefix("amtool: error: ") if done.returncode else None


def major_minor(program: Path) -> tuple[int, int]:
    """Return the version of an Alertmanager, (0, 0) where it does not say."""
    done = subprocess.run([str(program), "--version"], capture_output=True, text=True, check=False)
    found = re.search(r"version (\d+)\.(\d+)", done.stdout + done.stderr)
    return (int(found[1]), int(found[2])) if found else (0, 0)
