"""The table of what is forwarded: which path to which service, and who may ask.

The path is the same at the client, here and at the service. What a role may do to a single object (a task
that is not theirs) is the service's to decide.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal

from pydantic import BaseModel

from magacin.contracts import imports, tasks
from magacin.contracts.identity import Role
from magacin.gateway.metrics import Upstream

Method = Literal["GET", "POST", "PUT", "DELETE"]


@dataclass(frozen=True, slots=True)
class Query:
    """A query parameter, as documentation: the service reads and checks it."""

    name: str
    type: Any
    description: str


class Upload(BaseModel):
    """Stands for a multipart body in the table."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Forwarded:
    """One row of the table.

    `repeatable` requests may be sent a second time when the connection was lost, because the service
    recognises them by their `operation_id`; the HTTP client does that of itself with all but POST.
    `bulk` requests stream both ways, and may take long.
    """

    method: Method
    path: str
    to: Upstream
    role: Role
    summary: str
    answer: Any
    body: type[BaseModel] | None = None
    status: int = 200
    query: tuple[Query, ...] = ()
    repeatable: bool = False
    bulk: bool = False
    media_type: str = "application/json"
    checks_workers: bool = False


_W, _S = Role.WORKER, Role.SUPERVISOR
_PAGE = (
    Query("limit", int, "How many at most."),
    Query("after", int, "Those after this id: `next_after` of the page before."),
)
_STATUS = Query("status", tasks.TaskStatus, "Only tasks in this state.")
_MINE = Query("mine", bool, "Only tasks that are assigned to me.")
_LIMIT = Query("limit", int, "How many at most.")


def _task(method: Method, path: str, role: Role, summary: str, answer: Any, **more: Any) -> Forwarded:
    return Forwarded(
        method=method, path=path, to=Upstream.TASKS, role=role, summary=summary, answer=answer, **more
    )


def _import(method: Method, path: str, summary: str, answer: Any, **more: Any) -> Forwarded:
    return Forwarded(
        method=method, path=path, to=Upstream.IMPORTS, role=_S, summary=summary, answer=answer, **more
    )


# The most frequent first: they are tried in this order.
ROUTES: tuple[Forwarded, ...] = (
    _task("POST", "/api/scan", _W, "Record a scan", tasks.ScanResult, body=tasks.ScanIn, repeatable=True),
    _task(
        "GET", "/api/tasks", _W, "Pick tasks", tasks.Page[tasks.TaskSummary], query=(_STATUS, _MINE, *_PAGE)
    ),
    _task(
        "POST",
        "/api/tasks",
        _S,
        "Make pick tasks of requisitions",
        list[tasks.TaskSummary],
        body=tasks.TasksIn,
        status=201,
    ),
    _task("GET", "/api/tasks/{task_id}", _W, "One pick task with its lines", tasks.Task),
    _task(
        "POST",
        "/api/tasks/{task_id}/assign",
        _S,
        "Say who works on a task",
        tasks.Task,
        body=tasks.AssignIn,
        checks_workers=True,
    ),
    _task("POST", "/api/tasks/{task_id}/claim", _W, "Take an open task", tasks.Task),
    _task("POST", "/api/tasks/{task_id}/start", _W, "Start picking", tasks.Task),
    _task("POST", "/api/tasks/{task_id}/complete", _W, "Finish a task", tasks.Task),
    _task("POST", "/api/tasks/{task_id}/cancel", _S, "Cancel a task", tasks.Task),
    _task(
        "POST",
        "/api/tasks/{task_id}/shortages",
        _W,
        "Report a shortage on a line",
        tasks.Task,
        body=tasks.ShortageIn,
        status=201,
        repeatable=True,
    ),
    _task(
        "GET",
        "/api/tasks/{task_id}/scans",
        _W,
        "The scans of a task",
        tasks.Page[tasks.ScanRecord],
        query=(_LIMIT,),
    ),
    _task("GET", "/api/board", _W, "The totals on the wall", tasks.Board),
    _task(
        "GET",
        "/api/articles",
        _W,
        "Articles",
        tasks.Page[tasks.Article],
        query=(Query("query", str, "Part of the SKU or the description."), *_PAGE),
    ),
    _task("GET", "/api/articles/{sku}", _W, "One article with its barcodes", tasks.Article),
    _task(
        "PUT", "/api/articles/{sku}", _S, "Create or describe an article", tasks.Article, body=tasks.ArticleIn
    ),
    _task(
        "POST",
        "/api/articles/{sku}/barcodes",
        _S,
        "Add a barcode to an article",
        tasks.Article,
        body=tasks.BarcodeIn,
        status=201,
    ),
    _task("DELETE", "/api/articles/{sku}/barcodes/{code}", _S, "Remove a barcode", None, status=204),
    _task(
        "GET",
        "/api/requisitions",
        _S,
        "Requisitions",
        tasks.Page[tasks.RequisitionSummary],
        query=(Query("released", bool, "Only those with, or without, a pick task."), *_PAGE),
    ),
    _task(
        "POST",
        "/api/requisitions",
        _S,
        "Create a requisition",
        tasks.Requisition,
        body=tasks.RequisitionIn,
        status=201,
    ),
    _task(
        "GET", "/api/requisitions/{requisition_id}", _S, "One requisition with its lines", tasks.Requisition
    ),
    _import(
        "POST",
        "/api/imports",
        "Upload a file of orders",
        imports.ImportJob,
        body=Upload,
        status=202,
        bulk=True,
    ),
    _import(
        "GET", "/api/imports", "Import jobs, the newest first", tasks.Page[imports.ImportJob], query=_PAGE
    ),
    _import("GET", "/api/imports/{job_id}", "One import job and how far it is", imports.ImportJob),
    _import(
        "GET",
        "/api/imports/{job_id}/rejects",
        "The rows that were refused",
        tasks.Page[imports.Reject],
        query=_PAGE,
    ),
    _import(
        "GET",
        "/api/imports/{job_id}/rejects.csv",
        "The same as a file",
        None,
        bulk=True,
        media_type="text/csv",
    ),
)
