"""The links of alerts: they follow from the rule, and are written into it and into what its tests expect.

Prometheus cannot do it, because the templates of an annotation do not know the name of their alert.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from pathlib import Path

import yaml

Links = Mapping[str, str]
Edit = tuple[int, int, str]

RUNBOOK = "{{ $externalURL }}/user/%s.md"
DASHBOARD = "http://localhost:3000/d/magacin-%s"
# Where an alert leads to by its label `service`, if its rule says nothing else. All others: to that service.
BY_SERVICE = {
    "alertmanager": "monitoring",
    "import-service": "warehouse",
    "node-exporter": "infrastructure",
    "postgres": "infrastructure",
    "prometheus": "monitoring",
    "realtime-worker": "realtime",
    "redis": "infrastructure",
    "task-service": "warehouse",
    "{{ $labels.job }}": "monitoring?var-service={{ $labels.job }}",
}
_LABEL = re.compile(r"\{\{ \$labels\.(\w+) \}\}")


def changed(folder: Path) -> dict[Path, str]:
    """Return the files of rules and rule tests in monitoring/ that lack a link, with what they should be."""
    links: dict[str, Links] = {}
    wanted = {}
    for file in sorted((folder / "rules").glob("*.yml")):
        wanted[file] = _in_rules(file.read_text(encoding="utf-8"), links)
    for file in sorted((folder / "rule_tests").glob("*.yml")):
        wanted[file] = _in_tests(file.read_text(encoding="utf-8"), links)
    return {file: text for file, text in wanted.items() if file.read_text(encoding="utf-8") != text}


def _in_rules(text: str, links: dict[str, Links]) -> str:
    """Return rules with their links, and add those to `links`."""
    edits: set[Edit] = set()
    for rule in (rule for group in _items(yaml.compose(text), "groups") for rule in _items(group, "rules")):
        if name := _text(_value(rule, "alert")):
            annotations = _value(rule, "annotations")
            service = _text(_value(_value(rule, "labels"), "service"))
            default = DASHBOARD % BY_SERVICE.get(service, f"service?var-service={service}")
            links[name] = {
                "runbook_url": RUNBOOK % name,
                "dashboard_url": _text(_value(annotations, "dashboard_url")) or default,
            }
            edits.update(_edits(text, annotations, links[name]))
    return _edited(text, edits)


def _in_tests(text: str, links: Mapping[str, Links]) -> str:
    """Return rule tests that expect the links which the rules have, with the labels that they expect."""
    edits: set[Edit] = set()
    for test in _items(yaml.compose(text), "tests"):
        address = _text(_value(test, "external_url"))
        for case in _items(test, "alert_rule_test"):
            for alert in _items(case, "exp_alerts"):
                labels, annotations = _value(alert, "exp_labels"), _value(alert, "exp_annotations")
                templates = links.get(_text(_value(case, "alertname")), {})
                own = {key: _filled(link, address, labels) for key, link in templates.items()}
                edits.update(_edits(text, annotations, own))
    return _edited(text, edits)


def _filled(link: str, address: str, labels: yaml.Node | None) -> str:
    """Return a link as Prometheus fills it in."""
    link = link.replace("{{ $externalURL }}", address)
    return _LABEL.sub(lambda match: _text(_value(labels, match[1])), link)


def _edits(text: str, mapping: yaml.Node | None, wanted: Links) -> Iterator[Edit]:
    """Yield (start, end, new text) for each key of a mapping in block style that is missing or another."""
    if not isinstance(mapping, yaml.MappingNode) or mapping.flow_style:
        return
    missing = ""
    for key, value in wanted.items():
        node = _value(mapping, key)
        shown = json.dumps(value) if "{{" in value else value
        if node is None:
            missing += f"\n{' ' * mapping.start_mark.column}{key}: {shown}"
        elif _text(node) != value:
            yield node.start_mark.index, node.end_mark.index, shown
    if missing:
        end = len(text[: mapping.value[-1][1].end_mark.index].rstrip())
        yield end, end, missing


def _edited(text: str, edits: set[Edit]) -> str:
    for start, end, new in sorted(edits, reverse=True):
        text = text[:start] + new + text[end:]
    return text


def _value(node: yaml.Node | None, key: str) -> yaml.Node | None:
    pairs = node.value if isinstance(node, yaml.MappingNode) else []
    return next((value for found, value in pairs if found.value == key), None)


def _items(node: yaml.Node | None, key: str) -> list[yaml.Node]:
    value = _value(node, key)
    return list(value.value) if isinstance(value, yaml.SequenceNode) else []


def _text(node: yaml.Node | None) -> str:
    return str(node.value) if isinstance(node, yaml.ScalarNode) else ""
