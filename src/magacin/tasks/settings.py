"""Settings of the Task Service."""

from __future__ import annotations

from pydantic import Field, field_validator

from magacin.contracts.tasks.picking import PickingSettings
from magacin.contracts.tasks.reports import ReportsForWorkers
from magacin.core.settings import DatabaseSettings, RedisSettings, ServiceSettings
from magacin.tasks.codes import CodeRules, MeasureRule
from magacin.tasks.codes.controls import SEPARATORS


class TaskSettings(DatabaseSettings, RedisSettings, ServiceSettings):
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
        )
