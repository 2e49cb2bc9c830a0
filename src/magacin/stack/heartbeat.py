"""The stack's own heartbeat receiver: its address, and whom it tells."""

from __future__ import annotations

from magacin.core.files import write_private
from magacin.stack import notifications
from magacin.stack.parts import LOOPBACK, PARTS
from magacin.stack.paths import make_private
from magacin.stack.site import Site


def url(site: Site) -> str:
    """Return the address that the Watchdog of this stack is sent to where its own receiver runs."""
    return f"{site.url('heartbeat')}/beat/{site.secrets.value('heartbeat-token')}"


def settings(site: Site) -> dict[str, str]:
    """Return whom the heartbeat receiver tells: as notifications.yml says, past Alertmanager; else the inbox.

    They are files because a person's name may have characters in it that supervisord has no way to write.
    """
    known = notifications.read(site.data.notifications)
    secrets = known.secrets
    if email := known.settings.email:
        told = {
            "SMTP_HOST": email.smarthost,
            "SMTP_USERNAME": email.username,
            "SMTP_PASSWORD": secrets.get(notifications.SMTP_PASSWORD, ""),
            "SMTP_REQUIRE_TLS": str(email.require_tls),
            "EMAIL_FROM": email.sender,
            "EMAIL_TO": email.to,
        }
    else:
        [smtp] = PARTS["inbox"].more_ports
        told = {
            "SMTP_HOST": f"{LOOPBACK}:{smtp + site.offset}",
            "SMTP_USERNAME": "",
            "SMTP_PASSWORD": "",
            "SMTP_REQUIRE_TLS": "False",
            "EMAIL_FROM": "Magacin Track heartbeat <heartbeat@magacin.invalid>",
            "EMAIL_TO": "on-call@magacin.invalid",
        }
    told["SLACK_URL"] = secrets.get(notifications.SLACK_CRITICAL, f"{site.url('inbox')}/slack")
    return {f"HEARTBEAT_{key}": value for key, value in told.items()}


def write(site: Site) -> bool:
    """Write whom the heartbeat receiver tells. Returns whether that is new."""
    folder = site.data.etc / "heartbeat"
    make_private(folder)
    changed = False
    for name, value in settings(site).items():
        file, text = folder / name, f"{value}\n"
        if not file.exists() or file.read_text(encoding="utf-8") != text:
            write_private(file, text)
            changed = True
    return changed
