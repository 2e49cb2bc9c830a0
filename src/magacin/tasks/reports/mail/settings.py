"""What the site says of reports by mail."""

from __future__ import annotations

from enum import StrEnum
from typing import Annotated

from pydantic import AfterValidator, Field, SecretStr, field_validator, model_validator

from magacin.contracts.tasks.reports import MailEach
from magacin.core.languages import LanguageTag
from magacin.core.mail import MailServer, addresses, host_and_port
from magacin.core.settings import EnvironmentSettings


class MailBy(StrEnum):
    """What a row of a mailed report is of: of `ReportBy` what has few rows."""

    TEAM = "team"
    SHIFT = "shift"
    WORKER = "worker"
    DAY = "day"


class ReportMailSettings(EnvironmentSettings):
    """To whom reports are sent, and how. Read anew before each mail: what is set by files may change."""

    report_mail_to: Annotated[str, AfterValidator(addresses)] = Field(
        default="", description="Who gets reports by mail, separated by commas; nobody when unset."
    )
    report_mail: str = Field(
        default="daily",
        description="Which: daily, of the day before; weekly, on Mondays, of the week before; or both, with "
        "a comma between.",
    )
    report_mail_by: MailBy = Field(
        default=MailBy.TEAM, description="What its rows are of: team, shift, worker or day."
    )
    report_mail_hour: int = Field(
        default=6, ge=0, le=23, description="From which hour on they are sent, in the site's time zone."
    )
    report_mail_language: LanguageTag = Field(
        default=LanguageTag.ENGLISH, description="en, sr-Latn or sr-Cyrl."
    )
    report_mail_link: Annotated[str, Field(pattern=r"^(https?://[!-~]+)?$", max_length=500)] = Field(
        default="", description="Where recipients reach the gateway: mails link to the desk there."
    )
    smtp_host: Annotated[str, AfterValidator(host_and_port)] = Field(
        default="", description="Mail server as HOST:PORT."
    )
    smtp_from: Annotated[str, AfterValidator(addresses)] = Field(
        default="", description="Sender of the mails."
    )
    smtp_username: str = Field(default="", description="Empty to log in nowhere.")
    smtp_password: SecretStr = Field(default=SecretStr(""), description="Better given as a file.")
    smtp_require_tls: bool = Field(default=True, description="Refuse to send without STARTTLS.")

    @field_validator("report_mail")
    @classmethod
    def _are_known(cls, written: str) -> str:
        for one in _parts(written):
            if one not in list(MailEach):
                raise ValueError("must be daily or weekly, or both with a comma between")
        return written

    @model_validator(mode="after")
    def _can_be_sent(self) -> ReportMailSettings:
        if self.report_mail_to and not (self.smtp_host and self.smtp_from):
            raise ValueError("report_mail_to wants smtp_host and smtp_from")
        return self

    def each(self) -> list[MailEach]:
        """Return which reports are sent; none where nobody gets any."""
        wanted = set(_parts(self.report_mail)) if self.report_mail_to else set()
        return [one for one in MailEach if one in wanted]

    def server(self) -> MailServer:
        """Return where mails are handed in."""
        return MailServer(self.smtp_host, self.smtp_username, self.smtp_password, self.smtp_require_tls)


def _parts(written: str) -> list[str]:
    return [one.strip() for one in written.split(",") if one.strip()]
