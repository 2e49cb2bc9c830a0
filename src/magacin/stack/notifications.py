"""Where notifications really go: what notifications.yml says, put into Alertmanager's configuration.

monitoring/alertmanager.yml belongs to the repository and sends everything to the inbox. What is different
at one place (a mail server, a webhook, who is on call) is in a file of that place, and only single values
are replaced by it: every line keeps its number, so that messages about it fit both files.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any, Literal
from urllib.parse import urlsplit

import yaml
from pydantic import AfterValidator, BaseModel, ConfigDict, Field, ValidationError

from magacin.core.files import write_private
from magacin.core.languages import LanguageTag
from magacin.core.mail import addresses
from magacin.stack import parts
from magacin.stack.errors import StackError

# Where alertmanager.yml expects secrets. Native stacks have them in their data directory instead.
MOUNTED = "/run/secrets/"
SMTP_PASSWORD, SLACK_CRITICAL, SLACK_WARNING, HEARTBEAT = (
    "smtp_password",
    "slack_webhook_critical",
    "slack_webhook_warning",
    "heartbeat_url",
)
# Those that are always there, if only for the inbox.
WRITTEN = (SMTP_PASSWORD, SLACK_CRITICAL, SLACK_WARNING)


def _smarthost(value: str) -> str:
    host, _, port = value.rpartition(":")
    if not host or not port.isdigit() or not 0 < int(port) < 65536:
        raise ValueError("must be HOST:PORT, such as smtp.example.org:587")
    return value


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class EmailTarget(_Strict):
    """A mail server, and who gets mail. Passwords are in files, relative to notifications.yml."""

    smarthost: Annotated[str, AfterValidator(_smarthost)]
    sender: str = Field(alias="from")
    to: str
    to_warning: str | None = None
    username: str = ""
    password_file: Path | None = None
    require_tls: bool = True


class SlackTarget(_Strict):
    """Incoming webhooks of Slack. One of today's Slack posts to one channel only, hence two of them."""

    critical_webhook_file: Path
    warning_webhook_file: Path


class HeartbeatTarget(_Strict):
    """The service outside that notices when the watchdog's heartbeat stops."""

    url_file: Path


def _web_address(value: str) -> str:
    parts = urlsplit(value)
    if parts.scheme not in ("http", "https") or not parts.hostname or parts.query or parts.fragment:
        raise ValueError("must be an address such as https://magacin.example.org")
    return value.rstrip("/")


class DrillTarget(_Strict):
    """Where whoever gets a live drill's message reaches the gateway, to say so."""

    base_url: Annotated[str, AfterValidator(_web_address)]


def _origin(value: str) -> str:
    """Return the address of a host. What else an address may have, rules and templates could not hold."""
    if not re.fullmatch(r"https?://([a-zA-Z0-9.-]+|\[[0-9a-fA-F:]+\])(:[0-9]{1,5})?/?", value):
        raise ValueError("must be an address without a path, such as https://console.example.org")
    return value.rstrip("/")


class ReportsTarget(_Strict):
    """Who gets reports by mail, which, and from which hour of the site on. docs/reports.md"""

    to: Annotated[str, AfterValidator(addresses)] | None = None
    each: tuple[Literal["daily", "weekly"], ...] = ("daily", "weekly")
    by: Literal["team", "shift", "worker", "day"] = "team"
    hour: Annotated[int, Field(ge=0, le=23)] = 6
    language: LanguageTag = LanguageTag.ENGLISH


class LinksTarget(_Strict):
    """Where whoever gets a message reaches the console, which all its links lead to then."""

    console: Annotated[str, AfterValidator(_origin)]


class Notifications(_Strict):
    """The content of notifications.yml. What is left out goes to the inbox."""

    email: EmailTarget | None = None
    slack: SlackTarget | None = None
    heartbeat: HeartbeatTarget | None = None
    drill: DrillTarget | None = None
    links: LinksTarget | None = None
    reports: ReportsTarget | None = None

    @property
    def needs_inbox(self) -> bool:
        """Whether anything still goes to the inbox."""
        return None in (self.email, self.slack, self.heartbeat)


@dataclass(frozen=True)
class Targets:
    """notifications.yml, read and checked, with the secrets that it names."""

    settings: Notifications
    secrets: Mapping[str, str]


def read(path: Path) -> Targets:
    """Read notifications.yml, which need not exist. Raises StackError with file and line."""
    if not path.exists():
        return Targets(Notifications(), {})
    try:
        text = path.read_text(encoding="utf-8")
        node = yaml.compose(text, Loader=yaml.SafeLoader)
        content = yaml.safe_load(text)
    except (OSError, UnicodeDecodeError) as error:
        raise StackError(f"cannot read {path} ({error}).") from error
    except yaml.YAMLError as error:
        mark = getattr(error, "problem_mark", None)
        line = f":{mark.line + 1}" if mark else ""
        raise StackError(f"{path}{line}: {getattr(error, 'problem', None) or error}.") from error
    try:
        settings = Notifications.model_validate(content or {})
    except ValidationError as error:
        problems = [f"{path}:{line_of(node, p['loc'])}: {_said(p)}" for p in error.errors()]
        raise StackError(f"{path.name} is not right, so nothing was changed.", *problems) from error
    return Targets(settings, dict(_secrets(settings, path, node)))


def with_heartbeat(targets: Targets, url: str) -> Targets:
    """Return the same with another address for the watchdog's heartbeat."""
    settings = targets.settings.model_copy(update={"heartbeat": HeartbeatTarget(url_file=Path(HEARTBEAT))})
    return Targets(settings, {**targets.secrets, HEARTBEAT: url})


def _said(problem: Any) -> str:
    where = ".".join(str(part) for part in problem["loc"])
    return f"{where}: {problem['msg'].removeprefix('Value error, ')}"


def _secrets(settings: Notifications, path: Path, node: yaml.Node | None) -> Iterator[tuple[str, str]]:
    def secret(file: Path, *keys: str, url: bool) -> str:
        return _read_secret(path.parent / file, f"{path}:{line_of(node, keys)}: {'.'.join(keys)}", url=url)

    if settings.email and settings.email.password_file:
        yield SMTP_PASSWORD, secret(settings.email.password_file, "email", "password_file", url=False)
    if settings.slack:
        critical, warning = settings.slack.critical_webhook_file, settings.slack.warning_webhook_file
        yield SLACK_CRITICAL, secret(critical, "slack", "critical_webhook_file", url=True)
        yield SLACK_WARNING, secret(warning, "slack", "warning_webhook_file", url=True)
    if settings.heartbeat:
        yield HEARTBEAT, secret(settings.heartbeat.url_file, "heartbeat", "url_file", url=True)


def _read_secret(file: Path, who: str, *, url: bool) -> str:
    try:
        value = file.read_text(encoding="utf-8").strip()
    except (OSError, UnicodeDecodeError) as error:
        reason = getattr(error, "strerror", None) or "it is not text"
        raise StackError(
            f"{who} names {file}, which cannot be read: {reason}.",
            "Put the secret there, and nothing else, readable by you only (chmod 600); or name another file.",
        ) from error
    if not value or len(value.splitlines()) > 1:
        raise StackError(f"{who} names {file}, which holds {'more than one line' if value else 'nothing'}.")
    if url and not value.startswith(("https://", "http://")):
        raise StackError(f"{who} names {file}, which does not hold an address (https://…).")
    return value


def line_of(node: yaml.Node | None, keys: Sequence[object]) -> int:
    """Return the line (from 1) of what `keys` lead to, or of the last of them that is there."""
    line = 1
    for key in keys:
        pairs = node.value if isinstance(node, yaml.MappingNode) else []
        found = next(((k, v) for k, v in pairs if k.value == key), None)
        if found is None:
            break
        line, node = found[0].start_mark.line + 1, found[1]
    return line


def apply(text: str, targets: Targets, *, url_file: bool) -> str:
    """Return alertmanager.yml with the values of notifications.yml in place of its own.

    With `url_file` the heartbeat's address stays in its file. Alertmanager before 0.26 cannot read it from
    one, so for that version the address itself is written; the result is a private file either way.
    """
    changes = list(_changes(targets, url_file=url_file))
    if not changes:
        return text
    root = yaml.compose(text, Loader=yaml.SafeLoader)
    edits: list[tuple[int, int, str]] = []
    for where, key, name, value in changes:
        mapping = _find(root, where)
        pair = next(((k, v) for k, v in mapping if k.value == key), None)
        if pair is None:
            raise StackError(
                f"monitoring/alertmanager.yml has no {key} in {'.'.join(where)} any more to be changed.",
                "Put the line back, or set all of it there and remove notifications.yml.",
            )
        start, end = pair[0].start_mark.index, pair[1].end_mark.index
        edits.append((start, end, f"{name}: {value}"))
    for start, end, new in sorted(edits, reverse=True):
        text = text[:start] + new + text[end:]
    return text


def _changes(targets: Targets, *, url_file: bool) -> Iterator[tuple[tuple[str, ...], str, str, str]]:
    """Yield (where, key, the key's new name, the value as YAML)."""
    if email := targets.settings.email:
        for key, value in (
            ("smtp_smarthost", email.smarthost),
            ("smtp_from", email.sender),
            ("smtp_auth_username", email.username),
            ("smtp_require_tls", email.require_tls),
        ):
            yield ("global",), key, key, json.dumps(value)
        yield ("critical", "email_configs"), "to", "to", json.dumps(email.to)
        yield ("warning", "email_configs"), "to", "to", json.dumps(email.to_warning or email.to)
    if targets.settings.heartbeat:
        where = ("heartbeat", "webhook_configs")
        if url_file:
            yield where, "url", "url_file", json.dumps(MOUNTED + HEARTBEAT)
        else:
            yield where, "url", "url", json.dumps(targets.secrets[HEARTBEAT])


def _find(root: yaml.Node | None, where: Sequence[str]) -> list[tuple[yaml.Node, yaml.Node]]:
    """Return the pairs of a mapping: of a top-level key, or of the first item of a receiver's list."""
    top = _pairs(root)
    if len(where) == 1:
        return _pairs(_value(top, where[0]))
    receivers = _value(top, "receivers")
    for receiver in receivers.value if isinstance(receivers, yaml.SequenceNode) else []:
        pairs = _pairs(receiver)
        name = _value(pairs, "name")
        if name is not None and name.value == where[0]:
            configs = _value(pairs, where[1])
            return (
                _pairs(configs.value[0]) if isinstance(configs, yaml.SequenceNode) and configs.value else []
            )
    return []


def _pairs(node: yaml.Node | None) -> list[tuple[yaml.Node, yaml.Node]]:
    return list(node.value) if isinstance(node, yaml.MappingNode) else []


def _value(pairs: list[tuple[yaml.Node, yaml.Node]], key: str) -> yaml.Node | None:
    return next((value for found, value in pairs if found.value == key), None)


def write_secrets(folder: Path, targets: Targets, offset: int) -> None:
    """Write the files that Alertmanager reads its secrets from.

    They are copies without the line end that an editor leaves: Alertmanager 0.25 would send it along. What
    notifications.yml doesn't name leads to the inbox.
    """
    slack = f"http://{parts.address('inbox', offset)}/slack"
    # The inbox asks for no password, but the file must be there.
    wanted = {SLACK_CRITICAL: slack, SLACK_WARNING: slack, SMTP_PASSWORD: "none-needed", **targets.secrets}
    for name, value in wanted.items():
        file = folder / name
        if not file.exists() or file.read_text(encoding="utf-8") != value:
            write_private(file, value)
