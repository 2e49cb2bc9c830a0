"""Settings of the Task Service."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path
from typing import Annotated

from pydantic import BeforeValidator, Field, IPvAnyNetwork, field_validator

from magacin.contracts.tasks.picking import PickingSettings
from magacin.contracts.tasks.reports import ReportsForWorkers
from magacin.contracts.tasks.wall import WallNames
from magacin.core.settings import DatabaseSettings, RedisSettings, ServiceSettings, StrongSecret
from magacin.tasks.codes import CodeRules, MeasureRule
from magacin.tasks.codes.controls import SEPARATORS
from magacin.tasks.reports.mail.settings import ReportMailSettings
from magacin.tasks.results.filing import ResultsFormat
from magacin.tasks.rules.assigning import AssignSettings
from magacin.tasks.rules.choosing import AssignBy
from magacin.tasks.rules.replanning import ReplanShortages
from magacin.tasks.scans.retention import LEAST_MONTHS
from magacin.tasks.scans.state import Confirming
from magacin.tasks.webhooks.addresses import Addresses
from magacin.tasks.webhooks.sender import SenderSettings
from magacin.tasks.webhooks.service import WebhookSettings
from magacin.tasks.webhooks.signing import Signatures


def _unset(value: object) -> object:
    return value or None  # Compose hands over empty what is not set


class TaskSettings(ReportMailSettings, DatabaseSettings, RedisSettings, ServiceSettings):
    """All of it may be set as `MAGACIN_NAME` or `MAGACIN_NAME_FILE`."""

    port: int = Field(default=8001, ge=0, le=65535, description="TCP port to listen on.")
    scan_batch_size: int = Field(default=200, ge=1, le=1000, description="Scans committed together, at most.")
    scan_queue_size: int = Field(
        default=5000, ge=1, description="Scans that may wait; more are refused with 503 rather than delayed."
    )
    scan_separators: str = Field(
        default=" ".join(SEPARATORS),
        description="How scanners that are keyboards write the group separator of GS1, with blanks between. "
        "A code that is an article's as it stands stays that.",
    )
    variable_measure_eans: str = Field(
        default="",
        description="Masks of EANs that begin with 02 or 20 to 29 and have a weight, price or number of "
        "pieces in them, with blanks between: 21IIIIIWW.WWWC has five digits of the article number and "
        "kilograms with three decimals. See docs/scanning.md.",
    )
    undo_seconds: int = Field(
        default=900,
        ge=0,
        description="How long after a task was closed scans and shortages of it can be taken back.",
    )
    confirm_totes: bool = Field(
        default=True,
        description="Whether a scan for a line that goes into a tote has to say which tote was scanned.",
    )
    confirm_locations: bool = Field(
        default=False,
        description="Whether a scan has to say which location was scanned, where its line has one.",
    )

    assign_by: AssignBy = Field(
        default=AssignBy.NOBODY,
        description="By what tasks that nobody has are given to people without a supervisor: load, zone, or "
        "nobody.",
    )
    assign_among: str = Field(
        default="",
        description="Who may be given tasks so, as names with blanks between. Where nobody is named it is "
        "whoever scanned lately.",
    )
    assign_within_minutes: int = Field(
        default=30, ge=1, le=1440, description="Who scanned within that time is taken to be in."
    )
    assign_most: int = Field(
        default=1, ge=1, le=100, description="Who has so many unfinished tasks is given no more so."
    )
    replan_shortages: ReplanShortages = Field(
        default=ReplanShortages.NEVER,
        description="What becomes of what was short, without a supervisor: never, or elsewhere, where a new "
        "task picks it at the next location of its article.",
    )
    replan_after_seconds: int = Field(
        default=120,
        ge=0,
        le=86_400,
        description="How long a shortage can be taken back before that.",
    )

    time_zone: str = Field(
        default="Europe/Belgrade",
        pattern=r"^(UTC|[A-Z][A-Za-z]+(/[A-Za-z0-9_+-]+){1,2})$",
        description="The time zone of the site, by its name in the IANA database: in it the days of reports "
        "begin. After a change all reports are made anew.",
    )
    reports_for_workers: ReportsForWorkers = Field(
        default=ReportsForWorkers.OWN,
        description="Whose figures reports show to workers: own, none, or all. Supervisors see all.",
    )

    scan_retention_months: Annotated[int | None, BeforeValidator(_unset)] = Field(
        default=None,
        ge=LEAST_MONTHS,
        le=1_200,
        description="For how many whole months scans of closed tasks are kept; for ever when unset. What was "
        "removed is gone. See docs/operations.md.",
    )

    wall_names: WallNames = Field(
        default=WallNames.INITIALS,
        description="How screens on walls call the people whose pace they show: initials, names, or none, "
        "where they show nobody's.",
    )

    webhook_key: Annotated[StrongSecret | None, BeforeValidator(_unset)] = Field(
        default=None,
        description="What secrets of webhooks are made with; without it there are no webhooks. With another "
        "one each receiver needs a new secret.",
    )
    webhook_allowed_networks: tuple[IPvAnyNetwork, ...] = Field(
        default=(),
        description='Private networks that webhooks may go to, such as that of an ERP: ["10.1.0.0/16"].',
    )
    webhook_timeout_seconds: float = Field(
        default=10, gt=0, le=60, description="How long a receiver of a webhook may take to answer."
    )
    webhook_retry_seconds: float = Field(
        default=5,
        gt=0,
        le=60,
        description="How long after the first attempt that failed a webhook is tried again. The waits after "
        "that grow with it; with 5 it is given up after about a day.",
    )
    webhook_log_days: int = Field(
        default=30, ge=1, description="How long what was delivered to a webhook, or given up, is kept."
    )

    results_folder: Annotated[Path | None, BeforeValidator(_unset)] = Field(
        default=None,
        description="A folder that is there, into which a file is put for each requisition that is closed; "
        "no files when unset.",
    )
    results_format: ResultsFormat = Field(
        default=ResultsFormat.CSV, description="What kind of files these are: csv or xlsx."
    )

    @field_validator("variable_measure_eans")
    @classmethod
    def _are_masks(cls, written: str) -> str:
        for mask in written.split():
            MeasureRule.parse(mask)
        return written

    def code_rules(self) -> CodeRules:
        """Return how codes are to be read here."""
        masks = map(MeasureRule.parse, self.variable_measure_eans.split())
        return CodeRules(tuple(self.scan_separators.split()), tuple(masks))

    def picking(self) -> PickingSettings:
        """Return what devices have to know of it."""
        return PickingSettings(
            separators=self.scan_separators.split(),
            variable_measure_eans=self.variable_measure_eans.split(),
            undo_seconds=self.undo_seconds,
            confirm_totes=self.confirm_totes,
            confirm_locations=self.confirm_locations,
        )

    def confirming(self) -> Confirming:
        """Return what is to be scanned besides an article."""
        return Confirming(self.confirm_totes, self.confirm_locations)

    def assigning(self) -> AssignSettings:
        """Return how tasks are given out."""
        return AssignSettings(
            by=self.assign_by,
            among=frozenset(self.assign_among.split()),
            within=timedelta(minutes=self.assign_within_minutes),
            most=self.assign_most,
        )

    def webhooks(self) -> WebhookSettings:
        """Return what the site says of webhooks."""
        signatures = Signatures(self.webhook_key) if self.webhook_key else None
        return WebhookSettings(signatures, Addresses(self.webhook_allowed_networks))

    def sending(self) -> SenderSettings:
        """Return how webhooks are sent."""
        return SenderSettings(
            seconds=self.webhook_timeout_seconds,
            first_retry_seconds=self.webhook_retry_seconds,
            log_days=self.webhook_log_days,
        )
