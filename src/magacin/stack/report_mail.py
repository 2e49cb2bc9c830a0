"""Reports by mail, as a native stack's Task Service is told: through the mail server of the alerts."""

from __future__ import annotations

from magacin.core.files import write_private
from magacin.stack import notifications
from magacin.stack.notifications import EmailTarget, Notifications, ReportsTarget
from magacin.stack.parts import LOOPBACK, PARTS
from magacin.stack.paths import make_private
from magacin.stack.site import Site


def settings(site: Site) -> dict[str, str]:
    """Return who gets reports, and how: as notifications.yml says, else, where mail ends in the inbox, all.

    They are files because a person's name may have characters in it that supervisord has no way to write, and
    because the service reads them anew: to change them it need not be started again.
    """
    known = notifications.read(site.data.notifications)
    wanted = known.settings.reports or ReportsTarget()
    told = {
        "REPORT_MAIL_TO": _recipients(known.settings),
        "REPORT_MAIL": ",".join(wanted.each),
        "REPORT_MAIL_BY": wanted.by,
        "REPORT_MAIL_HOUR": str(wanted.hour),
        "REPORT_MAIL_LANGUAGE": wanted.language,
        "REPORT_MAIL_LINK": _gateway(site, known.settings),
    }
    password = known.secrets.get(notifications.SMTP_PASSWORD, "")
    return told | _server(site, known.settings.email, password)


def write(site: Site) -> None:
    """Write it to where the Task Service reads it."""
    folder = site.data.etc / "report-mail"
    make_private(folder)
    for name, value in settings(site).items():
        file, text = folder / name, f"{value}\n"
        if not file.exists() or file.read_text(encoding="utf-8") != text:
            write_private(file, text)


def environment(site: Site) -> dict[str, object]:
    """Return the variables that name these files."""
    names = settings(site)
    return {f"{name}_FILE": site.data.etc / "report-mail" / name for name in names}


def _recipients(known: Notifications) -> str:
    if known.reports is not None and known.reports.to:
        return known.reports.to
    # Who is told of alerts did not ask for reports; in the inbox they disturb nobody.
    return "" if known.email else "managers@magacin.invalid"


def _gateway(site: Site, known: Notifications) -> str:
    return known.drill.base_url if known.drill else f"http://localhost:{site.port('api-gateway')}"


def _server(site: Site, email: EmailTarget | None, password: str) -> dict[str, str]:
    if email:
        return {
            "SMTP_HOST": email.smarthost,
            "SMTP_FROM": email.sender,
            "SMTP_USERNAME": email.username,
            "SMTP_PASSWORD": password,
            "SMTP_REQUIRE_TLS": str(email.require_tls),
        }
    [smtp] = PARTS["inbox"].more_ports
    return {
        "SMTP_HOST": f"{LOOPBACK}:{smtp + site.offset}",
        "SMTP_FROM": "Magacin Track <reports@magacin.invalid>",
        "SMTP_USERNAME": "",
        "SMTP_PASSWORD": "",
        "SMTP_REQUIRE_TLS": "False",
    }
