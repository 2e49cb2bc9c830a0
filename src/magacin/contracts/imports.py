"""The Import Service's payloads and endpoints: jobs, their progress and their rejects."""

from __future__ import annotations

import codecs
from datetime import datetime
from enum import StrEnum
from typing import Annotated, Literal, Self

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, StringConstraints, model_validator

from magacin.contracts.actions import Action
from magacin.contracts.endpoint import Endpoint
from magacin.contracts.erasures import Renamed, RenamingIn
from magacin.contracts.identity import Role, Scope
from magacin.contracts.order_files import COLUMNS, Column, RejectReason, Subject
from magacin.contracts.payloads import Limit, Page, Paging
from magacin.contracts.tasks.requisitions import ComparedRequisition
from magacin.core.endpoint import UPLOAD

HeaderName = Annotated[
    str, StringConstraints(pattern=r"^[^\x00-\x1f\x7f]*[^\s\x00-\x1f\x7f][^\x00-\x1f\x7f]*$", max_length=200)
]
HeaderNames = HeaderName | Annotated[tuple[HeaderName, ...], Field(min_length=1, max_length=20)]
"""The name of a column; or several, of which a file has the one or the other."""


# Python counts these among encodings of texts; no program writes a file in them.
_NO_ENCODINGS = frozenset({"idna", "punycode", "unicode-escape", "raw-unicode-escape", "undefined"})


def _known_encoding(name: str) -> str:
    try:
        "".encode(name)
        known = codecs.lookup(name).name
    except (LookupError, UnicodeError, ValueError):
        known = "undefined"
    if known in _NO_ENCODINGS:
        raise ValueError("is no encoding that is known; cp1250 and utf-8 are, for example")
    return known


class JobStatus(StrEnum):
    """Where an import job stands."""

    QUEUED = "queued"
    READING = "reading"  # the file is read, checked and staged
    SENDING = "sending"  # whole requisitions go to the Task Service
    SUCCEEDED = "succeeded"
    FAILED = "failed"  # the file as a whole was refused; `error` says why, `counts` what went before

    @property
    def finished(self) -> bool:
        """Tell whether the job will not change any more."""
        return self in (JobStatus.SUCCEEDED, JobStatus.FAILED)


class ReadingOptions(BaseModel):
    """How a file is to be read; what is left out is recognised.

    `mapping` says which of its columns has which meaning. A column that is named alone has to be there; of
    several names the first that is there counts, and where none is, the column is recognised.
    `header_row` counts from 1 as a spreadsheet does. `unit` is the unit of measure that quantities are to be
    in: lines whose own unit is another are refused.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    subject: Subject = Field(default=Subject.ORDERS, description="What the file is about.")
    mapping: dict[Column, HeaderNames] = {}
    encoding: Annotated[str, AfterValidator(_known_encoding)] | None = None
    delimiter: Annotated[str, StringConstraints(pattern=r"^[^\x00-\x08\x0a-\x1f\x7f\"A-Za-z0-9]$")] | None = (
        None
    )
    decimal: Literal[",", "."] | None = None
    header_row: Annotated[int, Field(ge=1, le=1_048_576)] | None = None
    sheet: Annotated[str, StringConstraints(min_length=1, max_length=200)] | None = None
    unit: Annotated[str, StringConstraints(pattern=r"^\s*[^\W_][^\x00-\x1f\x7f]{0,39}$")] | None = None

    @model_validator(mode="after")
    def _is_of_the_subject(self) -> Self:
        if wrong := [column.value for column in self.mapping if column not in COLUMNS[self.subject]]:
            known = ", ".join(column.value for column in COLUMNS[self.subject])
            raise ValueError(f"a file of {self.subject.value} has no {wrong[0]}; it has: {known}")
        return self


RECOGNISED = ReadingOptions()
"""Everything of the file is recognised."""


class ImportCounts(BaseModel):
    """What became of rows and requisitions so far.

    Of a job that succeeded:
    `rows_read = rows_accepted + rows_duplicate + rows_rejected + rows_held_back`, and
    `requisitions_total = requisitions_created + requisitions_replaced + requisitions_duplicate`.
    """

    rows_read: int = Field(default=0, description="Rows that are not blank, without the header.")
    rows_accepted: int = Field(
        default=0, description="Rows that were imported: those of requisitions created and replaced."
    )
    rows_duplicate: int = Field(default=0, description="Rows of requisitions that were imported before.")
    rows_rejected: int = Field(default=0, description="Rows that something is wrong with.")
    rows_held_back: int = Field(default=0, description="Good rows of requisitions that have a rejected one.")
    rows_merged: int = Field(default=0, description="Of the rows sent: added to an earlier row of their SKU.")
    requisitions_total: int = Field(default=0, description="Requisitions to be sent; known once all is read.")
    requisitions_created: int = 0
    requisitions_replaced: int = Field(
        default=0, description="Imported before, and given this content, by choice or to complete them."
    )
    requisitions_duplicate: int = Field(
        default=0, description="Imported before, by another job; not changed."
    )
    requisitions_differing: int = Field(
        default=0, description="Of the duplicates: this file has another content for them; see the notes."
    )
    requisitions_held_back: int = Field(default=0, description="Requisitions of which nothing was imported.")


class ImportJob(BaseModel):
    """An import job. Timestamps are UTC."""

    job_id: int
    filename: str
    subject: Subject = Field(default=Subject.ORDERS, description="What the file is about.")
    format: str = Field(description="What kind of file it is, such as `csv`.")
    status: JobStatus
    source: str = Field(description="`upload`, `folder` or `cli`.")
    submitted_by: str
    partial: bool
    release: bool
    replace: bool
    profile: str | None = Field(default=None, description="The profile that the file was read by.")
    counts: ImportCounts
    notes: list[str] = Field(default_factory=list, description="What was recognised and what was merged.")
    error: str | None = Field(default=None, description="Why the file as a whole failed.")
    waiting_for: str | None = Field(
        default=None, description="The dependency that does not answer; the job goes on when it does."
    )
    held_waiting: int = Field(
        default=0, description="Orders of it that wait for somebody to release or discard them."
    )
    created_at: datetime
    started_at: datetime | None
    finished_at: datetime | None


class Reject(BaseModel):
    """A row that was refused, with what a person needs to mend it."""

    file: str
    row: int = Field(description="As a spreadsheet counts: the header is row 1.")
    column: str
    reason: RejectReason
    message: str
    value: str
    requisition: str = Field(description="The requisition that it is of; or the article, or the location.")


# Of rows, rejects and requisitions each.
MOST_PREVIEWED = 50


class PreviewRow(BaseModel):
    """A row that would become a line, or a part of one."""

    row: int
    requisition: str
    sku: str
    quantity: int
    barcode: str | None
    description: str
    destination: str


class PreviewRecord(BaseModel):
    """A row of a file of articles or locations, with what it says of each meaning."""

    row: int
    cells: dict[Column, str]


class Duplicate(ComparedRequisition):
    """A requisition that is there already. `message` says how it differs, and what would become of it."""

    message: str


class Preview(BaseModel):
    """What an import would come to. Its lists are the beginnings of what there is; `counts` count all of it.

    A file that would fail as a whole has an `error`, and what could be told of it until then.
    """

    format: str | None
    encoding: str | None = Field(description="That of a text, under a name that `encoding` takes.")
    profile: str | None
    error: str | None = None
    counts: ImportCounts
    columns: list[str] = Field(default=[], description="The names of its columns, as `mapping` takes them.")
    meanings: dict[Column, str] = Field(default={}, description="Which of them has which meaning.")
    notes: list[str] = Field(default=[], description="What was recognised and why, and what was merged.")
    rows: list[PreviewRow] = []
    records: list[PreviewRecord] = Field(default=[], description="The same of articles and locations.")
    rejects: list[Reject] = []
    held_back: list[str] = Field(default=[], description="Requisitions of which nothing would be imported.")
    duplicates: list[Duplicate] | None = Field(
        default=None,
        description="Requisitions that are there already, those first that differ; none while the service "
        "does not answer that knows them.",
    )


class ImportMode(BaseModel):
    """Whether to import."""

    preview: bool = Field(default=False, description="Say what would happen, and change nothing.")


class RecordsForm(BaseModel):
    """The form of an upload of articles or locations."""

    file: bytes = Field(description="The file.")
    mapping: str = Field(
        default="{}",
        description="JSON: which column has which meaning, for names that are not recognised, such as "
        '{"sku": "Teil"}.',
    )
    encoding: str | None = Field(default=None, description="The file's encoding, such as `cp1250`.")
    delimiter: str | None = Field(default=None, description="The sign that separates its columns.")
    decimal: Literal[",", "."] | None = Field(
        default=None, description="What stands before decimals: with a comma `1.000` is a thousand."
    )
    header_row: int | None = Field(default=None, description="The row that names the columns, from 1.")
    sheet: str | None = Field(default=None, description="The sheet of a workbook.")
    profile: str | None = Field(
        default=None, description="The profile to read it by; what else is given goes before what it says."
    )


class ImportForm(BaseModel):
    """The form of an upload."""

    file: bytes = Field(description="A file of orders.")
    partial: bool = Field(
        default=False, description="Import the good rows of a requisition of which another is bad."
    )
    release: bool = Field(default=False, description="Make a pick task of each requisition at once.")
    replace: bool = Field(
        default=False,
        description="Give requisitions that were imported before the content of this file, where nobody has "
        "picked of them.",
    )
    mapping: str = Field(
        default="{}",
        description="JSON: which column has which meaning, for names that are not recognised, such as "
        '{"requisition": "Belegnr", "sku": "Teil"}.',
    )
    encoding: str | None = Field(default=None, description="The file's encoding, such as `cp1250`.")
    delimiter: str | None = Field(default=None, description="The sign that separates its columns.")
    decimal: Literal[",", "."] | None = Field(
        default=None, description="What stands before decimals: with a comma `1.000` is a thousand."
    )
    header_row: int | None = Field(default=None, description="The row that names the columns, from 1.")
    sheet: str | None = Field(default=None, description="The sheet of a workbook.")
    unit: str | None = Field(
        default=None, description="The unit of measure that lines are to be in; others are refused."
    )
    profile: str | None = Field(
        default=None, description="The profile to read it by; what else is given goes before what it says."
    )


class ImportQuery(Paging):
    """Which import jobs to list."""

    limit: Limit = 50


CREATE_IMPORT = Endpoint(
    "POST",
    "/api/imports",
    "Upload a file of orders",
    role=Role.SUPERVISOR,
    scope=Scope.IMPORTS_WRITE,
    audited=(Action.IMPORT_STARTED,),
    takes=UPLOAD,
    query=ImportMode,
    body=ImportForm,
    answer=ImportJob,
    trial=Preview,
    status=202,
    errors=(409, 415),
    bulk=True,
)
CREATE_ARTICLES_IMPORT = Endpoint(
    "POST",
    "/api/imports/articles",
    "Upload a file of articles with their barcodes and packs",
    role=Role.SUPERVISOR,
    scope=Scope.ARTICLES_WRITE,
    audited=(Action.IMPORT_STARTED,),
    takes=UPLOAD,
    query=ImportMode,
    body=RecordsForm,
    answer=ImportJob,
    trial=Preview,
    status=202,
    errors=(409, 415),
    bulk=True,
)
CREATE_LOCATIONS_IMPORT = Endpoint(
    "POST",
    "/api/imports/locations",
    "Upload a file of locations",
    role=Role.SUPERVISOR,
    audited=(Action.IMPORT_STARTED,),
    takes=UPLOAD,
    query=ImportMode,
    body=RecordsForm,
    answer=ImportJob,
    trial=Preview,
    status=202,
    errors=(409, 415),
    bulk=True,
)
CREATE_IMPORT_OF = {
    Subject.ORDERS: CREATE_IMPORT,
    Subject.ARTICLES: CREATE_ARTICLES_IMPORT,
    Subject.LOCATIONS: CREATE_LOCATIONS_IMPORT,
}
"""Where a file is uploaded, by what it is about."""
LIST_IMPORTS = Endpoint(
    "GET",
    "/api/imports",
    "Import jobs, the newest first",
    role=Role.SUPERVISOR,
    scope=Scope.IMPORTS_READ,
    query=ImportQuery,
    answer=Page[ImportJob],
)
GET_IMPORT = Endpoint(
    "GET",
    "/api/imports/{job_id}",
    "One import job and how far it is",
    role=Role.SUPERVISOR,
    scope=Scope.IMPORTS_READ,
    answer=ImportJob,
)
LIST_REJECTS = Endpoint(
    "GET",
    "/api/imports/{job_id}/rejects",
    "The rows that were refused",
    role=Role.SUPERVISOR,
    scope=Scope.IMPORTS_READ,
    query=Paging,
    answer=Page[Reject],
)
DOWNLOAD_REJECTS = Endpoint(
    "GET",
    "/api/imports/{job_id}/rejects.csv",
    "The same as a file",
    role=Role.SUPERVISOR,
    scope=Scope.IMPORTS_READ,
    media_type="text/csv",
    bulk=True,
)
RENAME_IN_IMPORTS = Endpoint(
    "POST",
    "/internal/rename-person-in-imports",
    "Replace a person's name by a pseudonym, a portion at a time",
    role=None,
    body=RenamingIn,
    answer=Renamed,
    errors=(409,),
)
