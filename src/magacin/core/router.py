"""Routes made from declarations, and the check that a handler does what its endpoint declares."""

from __future__ import annotations

import hashlib
import inspect
from collections.abc import Callable, Iterable, Iterator
from typing import Annotated, Any, Generic, Self, TypeVar, get_args, get_origin

from fastapi import APIRouter
from fastapi.dependencies.models import Dependant
from fastapi.routing import APIRoute
from pydantic import BaseModel
from starlette.requests import Request
from starlette.responses import Response

from magacin.core.aside import AsideRoute
from magacin.core.endpoint import JSON, UPLOAD, Endpoint
from magacin.core.openapi import errors

Handler = TypeVar("Handler", bound=Callable[..., Any])
Model = TypeVar("Model", bound=BaseModel)


class Disagreement(TypeError):
    """A handler does something else than its endpoint declares: whoever reads the declaration is misled."""


class Json(Response, Generic[Model]):
    """An answer that its handler made; FastAPI would validate it once more, and that costs time."""

    media_type = JSON

    def __init__(self, content: Model) -> None:
        super().__init__(content.model_dump_json())

    @classmethod
    def tagged(cls, content: Model, request: Request, *, besides: str | None = None) -> Self:
        """Return an answer with an ETag: 304 and nothing else where the client has what it says.

        `besides` is the field that says when it was asked for, and differs each time.
        """
        told = content.model_dump_json(exclude={besides} if besides else None).encode()
        headers = {"ETag": f'"{hashlib.sha256(told).hexdigest()[:32]}"', "Cache-Control": "no-cache"}
        answer = cls.__new__(cls)
        # A proxy that compresses makes a weak one of it.
        if request.headers.get("if-none-match", "").removeprefix("W/") == headers["ETag"]:
            Response.__init__(answer, status_code=304, headers=headers)
            return answer
        if besides is None:
            Response.__init__(answer, told, headers=headers)
            return answer
        asked = content.model_dump_json(include={besides}).encode()
        Response.__init__(answer, asked[:-1] + b"," + told[1:], headers=headers)
        return answer


class Router(APIRouter):
    """A router that takes a handler for each endpoint it has.

    `aside` is for endpoints that take or answer as much as an order may have: see `core.aside`. `route` is
    what is made of them where that does more.
    """

    def __init__(self, *, aside: bool = False, route: type[APIRoute] | None = None) -> None:
        super().__init__()
        self._route: type[APIRoute] = route or (AsideRoute if aside else APIRoute)

    def handles(self, endpoint: Endpoint) -> Callable[[Handler], Handler]:
        """Make a handler answer an endpoint; raise `Disagreement` unless it does what the endpoint says."""

        def attach(handler: Handler) -> Handler:
            route = self._route(endpoint.path, handler, **self.described(endpoint))
            check(endpoint, route)
            self.routes.append(route)
            return handler

        return attach

    def described(self, endpoint: Endpoint) -> dict[str, Any]:
        """Return what FastAPI is told of an endpoint."""
        return described(endpoint)


def described(endpoint: Endpoint, more_errors: Iterable[int] = ()) -> dict[str, Any]:
    """Return what FastAPI is told of an endpoint, besides its path and who answers it."""
    told: dict[str, Any] = {
        "methods": [endpoint.method],
        "summary": endpoint.summary,
        "tags": [endpoint.group],
        "response_model": endpoint.answer,
        "status_code": endpoint.status,
        "responses": errors({*endpoint.error_statuses, *more_errors}),
        "include_in_schema": endpoint.listed,
    }
    if endpoint.media_type != JSON:
        told["response_class"] = Response
        told["responses"] |= {endpoint.status: {"content": {endpoint.media_type: {}}}}
    if endpoint.trial is not None:
        told["responses"] |= {200: {"model": endpoint.trial, "description": "What would happen."}}
    if endpoint.body is not None and endpoint.takes == UPLOAD:
        content = {UPLOAD: {"schema": endpoint.body.model_json_schema()}}
        told["openapi_extra"] = {"requestBody": {"required": True, "content": content}}
    return told


def check(endpoint: Endpoint, route: APIRoute) -> None:
    """Raise `Disagreement` unless the handler of a route does what an endpoint declares."""
    signature = inspect.signature(route.endpoint, eval_str=True)
    if problems := [*_of_answer(endpoint, signature), *_of_request(endpoint, signature, route.dependant)]:
        handler = f"{route.endpoint.__module__}.{route.endpoint.__qualname__}"
        raise Disagreement(f"{handler} does not do what {endpoint} declares: {'; '.join(problems)}.")


def _of_answer(endpoint: Endpoint, signature: inspect.Signature) -> Iterator[str]:
    answer = signature.return_annotation
    if endpoint.trial is not None:
        answer, trial = get_args(answer) or (answer, None)
        if trial != Json[endpoint.trial]:  # type: ignore[name-defined]  # a value, not a name
            yield f"it answers {_name(trial)} for a trial where {_name(endpoint.trial)} is declared"
    made = get_origin(answer) or answer
    if not (isinstance(made, type) and issubclass(made, Response)):
        if answer != endpoint.answer:
            yield f"it answers {_name(answer)} where {_name(endpoint.answer)} is declared"
        return
    # FastAPI hands on what the handler made, and its status with it.
    if endpoint.status != 200:
        yield f"it makes its response itself, with the status 200 where {endpoint.status} is declared"
    model = get_args(answer)[0] if made is Json else None
    if model != endpoint.answer:
        yield f"it answers {_name(model)} where {_name(endpoint.answer)} is declared"


def _of_request(endpoint: Endpoint, signature: inspect.Signature, taken: Dependant) -> Iterator[str]:
    annotations = {name: parameter.annotation for name, parameter in signature.parameters.items()}
    for name, declared in endpoint.path_types.items():
        if annotations.get(name) != declared:
            yield f"it takes {_name(annotations.get(name))} as {name} where {_name(declared)} is declared"
    yield from _differing("the query", _taken(taken, "query_params"), endpoint.query)
    # An upload is read by its handler, while it comes.
    body = None if endpoint.takes == UPLOAD else endpoint.body
    yield from _differing("the body", _taken(taken, "body_params"), body)


def _differing(where: str, taken: dict[str, Any], declared: type[BaseModel] | None) -> Iterator[str]:
    models = {name: model for name, model in taken.items() if model is not declared}
    for name, model in models.items():
        yield f"it takes {name}, {_name(model)}, from {where}, which declares {_name(declared)}"
    if declared is not None and declared not in taken.values():
        yield f"it does not take {where}, which is declared as {_name(declared)}"


def _taken(dependant: Dependant, place: str) -> dict[str, Any]:
    """Return the name and type of what a handler and its dependencies take from one place of a request."""
    own = {field.name: field.field_info.annotation for field in getattr(dependant, place)}
    return own | {k: v for inner in dependant.dependencies for k, v in _taken(inner, place).items()}


def _name(annotation: Any) -> str:
    if get_origin(annotation) is Annotated:
        annotation = get_args(annotation)[0]
    if annotation is None or annotation is type(None):
        return "nothing"
    return annotation.__name__ if isinstance(annotation, type) else str(annotation)
