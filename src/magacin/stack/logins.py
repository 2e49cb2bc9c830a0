"""Who may ask Prometheus, Alertmanager and the exporters, and how: the one place that knows their logins.

They look at who asks by a file of exporter-toolkit's (`--web.config.file`), which they read again at each
request: a change is in force at once. It has hashes of passwords; the passwords are in files of their own.
"""

from __future__ import annotations

import base64
import re
from collections.abc import Mapping
from functools import partial
from pathlib import Path

import yaml

from magacin.core.files import write_private
from magacin.stack.parts import PARTS, Login
from magacin.stack.paths import ROOT, DataDir
from magacin.stack.site import Site

# Who there is, and which secret is theirs. A person may ask all of them.
OPERATOR, MONITORING, SCRAPER = "operator", "magacin", "prometheus"
SECRET_OF = {
    OPERATOR: "operator-password",
    # The console, the doctor, the drills, and Prometheus towards Alertmanager and itself.
    MONITORING: "monitoring-password",
    # What Prometheus shows to everything that does no more than to be measured.
    SCRAPER: "scrape-token",
}
USERS: Mapping[Login, tuple[str, ...]] = {"server": (OPERATOR, MONITORING), "exporter": (OPERATOR, SCRAPER)}
_OURS: Mapping[Login, str] = {"server": MONITORING, "exporter": SCRAPER}

# The same for containers.
_CLIENT = ROOT / "monitoring" / "compose" / "client.yml"

# The least there is. A hash is to be slow where passwords can be guessed; these are 256 random bits. The
# server would pay for a slow one: for every wrong password in full, and one at a time.
BCRYPT_ROUNDS = 4
# What a browser may not do with their pages: show them inside of another, or guess what they are.
_HEADERS = {"X-Frame-Options": "deny", "X-Content-Type-Options": "nosniff"}
_HASH = re.compile(r"^ +(\w+): (\$2b\$\d\d\$[./A-Za-z0-9]{53})$", re.MULTILINE)


def file(data: DataDir, kind: Login) -> Path:
    """Return the file by which the programs of a kind look at who asks."""
    return data.etc / f"web-{kind}.yml"


def write(site: Site, *, demo: bool) -> None:
    """Write the files of all kinds, and those by which people log in. In a demo nobody is asked."""
    passwords = {name: site.secrets.value(name) for name in SECRET_OF.values()}
    for name, text in for_curl(passwords).items():
        write_private(site.data.secrets / name, text)
    write_private(client_file(site.data), to_native(_CLIENT.read_text(encoding="utf-8"), site.data))
    if demo:
        passwords = {}
    for kind in USERS:
        target = file(site.data, kind)
        known = target.read_text(encoding="utf-8") if target.exists() else ""
        text = web_config(kind, passwords, known)
        if text != known:
            write_private(target, text)


def client_file(data: DataDir) -> Path:
    """Return the file by which amtool and promtool log in (`--http.config.file`): it names a password's."""
    return data.etc / "client.yml"


def for_curl(passwords: Mapping[str, str]) -> dict[str, str]:
    """Return what curl reads (`--config`): as the operator, or for the metrics of a service of ours.

    So no password is in a command line, where every user of the machine could read it.
    """
    return {
        "curl": f'user = "{OPERATOR}:{passwords[SECRET_OF[OPERATOR]]}"\n',
        "curl-metrics": f'header = "Authorization: Bearer {passwords[SECRET_OF[SCRAPER]]}"\n',
    }


def web_config(kind: Login, passwords: Mapping[str, str], known: str = "") -> str:
    """Return the content of the file of a kind. `passwords` are by the name of their secret; none: all may.

    A hash has a random salt. One in the content that was `known` which still is its password's stays, so that
    the content changes with the passwords alone.
    """
    old = dict(_HASH.findall(known))
    users = {
        user: bcrypt_hash(passwords[SECRET_OF[user]], old.get(user)) for user in USERS[kind] if passwords
    }
    content = {"basic_auth_users": users, "http_server_config": {"headers": _HEADERS}}
    return yaml.safe_dump(content, sort_keys=False, width=200)


def bcrypt_hash(password: str, known: str | None) -> str:
    """Return a hash of a password as exporter-toolkit wants it: `known` where that is one of it."""
    # Loaded by who makes one: no other command is to wait for it.
    import bcrypt

    if known is not None and bcrypt.checkpw(password.encode(), known.encode()):
        return known
    return bcrypt.hashpw(password.encode(), bcrypt.gensalt(BCRYPT_ROUNDS)).decode()


def headers(site: Site, name: str, path: str = "/") -> Mapping[str, str]:
    """Return the headers by which a part of this stack knows us; none where it asks for nothing."""
    part = PARTS[name]
    try:
        if part.login is not None:
            user = _OURS[part.login]
            return {"Authorization": basic(user, site.secrets.value(SECRET_OF[user]))}
        if part.service is not None and path.partition("?")[0] == part.metrics:
            return {"Authorization": f"Bearer {site.secrets.value(SECRET_OF[SCRAPER])}"}
    except FileNotFoundError:
        # A stack that an older version has started asks for none.
        pass
    return {}


def basic(user: str, password: str) -> str:
    """Return what HTTP's basic authentication sends."""
    return f"Basic {base64.b64encode(f'{user}:{password}'.encode()).decode()}"


def to_native(text: str, data: DataDir) -> str:
    """Replace the mounted files of passwords that a configuration names by those of a native stack."""
    return _MOUNTED.sub(partial(_own, data), text)


# The same secrets have a `_` where ours have a `-`.
_MOUNTED = re.compile(r"/run/secrets/(monitoring_password|scrape_token)\b")


def _own(data: DataDir, match: re.Match[str]) -> str:
    return str(data.secrets / match[1].replace("_", "-"))
