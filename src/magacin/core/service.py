"""The frame of a service. What a service is about comes as routers, and as what it opens when it starts."""

from __future__ import annotations

import functools
import gc
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from contextlib import AbstractAsyncContextManager, AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from typing import Annotated, Any, Generic, TypeVar

from fastapi import APIRouter, Depends, FastAPI, Request
from fastapi.routing import APIRoute
from pydantic import SecretStr
from starlette.middleware import Middleware
from starlette.responses import JSONResponse, Response
from starlette.routing import BaseRoute
from starlette.types import ASGIApp, Scope

from magacin import __version__
from magacin.core.aside import Aside
from magacin.core.background import BackgroundLoop
from magacin.core.error_answers import error_response, install_error_handlers
from magacin.core.health import Check, Health
from magacin.core.logging import configure_logging
from magacin.core.metrics import BUILD_INFO, MetricsPage, Refresher, initialise_http_metrics
from magacin.core.middleware import UNCOUNTED, BodyLimitMiddleware, ObservabilityMiddleware
from magacin.core.security import ServiceTokenMiddleware, may_scrape
from magacin.core.settings import ServerSettings, ServiceSettings

Settings = TypeVar("Settings", bound=ServerSettings)
State = TypeVar("State")

# An order line is 100 bytes; a request of a megabyte is a mistake or an attack.
MAX_BODY_BYTES = 1_000_000

MEASURED = Middleware(ObservabilityMiddleware)
"""The layer that measures, logs and names a request: what stands before it in the list is not measured."""


def trusted(settings: ServiceSettings) -> Middleware:
    """Return the layer that refuses callers without the service token."""
    return Middleware(ServiceTokenMiddleware, token=settings.service_token)


def limited(most_bytes: int = MAX_BODY_BYTES, by_path: Mapping[str, int] | None = None) -> Middleware:
    """Return the layer that refuses larger bodies. `by_path` has other limits for single paths."""
    return Middleware(BodyLimitMiddleware, limit=most_bytes, by_path=by_path or {})


Door = Callable[[ASGIApp, Mapping[str, object]], AbstractAsyncContextManager[None]]
"""Serves the application in one more place; the mapping is what the state of its requests begins with."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Running(Generic[State]):
    """What a service consists of while it runs.

    `state` is what requests are handed (`state_of`, `provided`). `loops` are started in their order once
    everything is open, stopped in reverse before anything is closed, and watched by `/health`, as
    `dependencies` are. `gauges` are awaited before each scrape; those of a store come from `from_store`.
    `aside` is where requests are handled that have much to do. `door` opens last and closes first.
    """

    state: State
    loops: Sequence[BackgroundLoop] = ()
    dependencies: Sequence[Check] = ()
    gauges: Sequence[Refresher] = ()
    aside: Aside | None = None
    door: Door | None = None


Open = Callable[[Settings, AsyncExitStack], Awaitable[Running[State]]]
"""Opens the resources of a service on a stack, which closes them in reverse, and says what they make up."""


def build_app(
    name: str,
    settings: Settings,
    open_: Open[Settings, State],
    *,
    title: str,
    middleware: Sequence[Middleware],
    routers: Sequence[APIRouter] = (),
    fast_routes: Sequence[BaseRoute] = (),
    redirect_slashes: bool = True,
    error_statuses: Sequence[int] = (500, 503),
) -> FastAPI:
    """Return a service that is measured, logged and probed; `open_` runs when it starts.

    `middleware` is all of it, the outermost first. `fast_routes` are matched before the routers' own.
    `error_statuses` are the 5xx it can answer: they exist at zero.
    """
    configure_logging(name, settings.log_level)

    @asynccontextmanager
    async def lifespan(app: FastAPI) -> AsyncIterator[Mapping[str, object]]:
        async with AsyncExitStack() as resources:
            running = await open_(settings, resources)
            for loop in running.loops:
                loop.start()
                resources.push_async_callback(loop.stop)
            health = Health(
                name, __version__, [*running.dependencies, *(Check.of(loop) for loop in running.loops)]
            )
            # A dependency that is down has to show in the same scrape as the gauges that are read from it.
            metrics = MetricsPage([*running.gauges, health.report])
            _freeze()
            state = {
                "service": running.state,
                "health": health,
                "metrics": metrics,
                "aside": running.aside,
            }
            if running.door is not None:
                await resources.enter_async_context(running.door(app, state))
            yield state

    app = FastAPI(
        title=title,
        version=__version__,
        lifespan=lifespan,
        middleware=middleware,
        routes=[*fast_routes],
        redirect_slashes=redirect_slashes,
        # FastAPI's own documentation pages load their scripts from a public CDN.
        docs_url=None,
        redoc_url=None,
        # Nothing is set up that its traces and metrics could go to; whether there is, it would ask each time.
        telemetry={"tracing": False, "metrics": False, "logs": False},
    )
    install_error_handlers(app)
    for router in (_operations(settings.metrics_token), *routers):
        app.include_router(router)
    BUILD_INFO.labels(__version__).set(1)
    initialise_http_metrics(_routes(routers), error_statuses)
    return app


def state_of(scope: Scope, kind: type[State], key: str = "service") -> State:
    """Return what a service opened when it started; it is of the type that its `open_` says.

    Starlette's `Request[…]` would say so by itself, but FastAPI takes such a parameter for a body.
    """
    state = scope["state"][key]
    assert isinstance(state, kind)  # noqa: S101  a service asks for its own; narrows the type
    return state


def provided(kind: type[Any], key: str = "service") -> Any:
    """Return the FastAPI dependency of the same, for an `Annotated[kind, provided(kind)]`."""

    async def state(request: Request) -> Any:
        return state_of(request.scope, kind, key)

    return Depends(state)


_OBJECTS_BETWEEN_COLLECTIONS = 10_000

ServiceHealth = Annotated[Health, provided(Health, "health")]
_Metrics = Annotated[MetricsPage, provided(MetricsPage, "metrics")]


@functools.cache  # once a process; gc.get_freeze_count() would walk through all that is frozen
def _freeze() -> None:
    # What is there now stays until the end; walking through it again and again is a pause of tens
    # of milliseconds in the middle of somebody's scan.
    gc.collect()
    gc.freeze()
    # Fifty requests under way hold more than the 700 objects after which Python looks for circles by itself;
    # nearly all of what it then looks at is gone a moment later without its help.
    gc.set_threshold(_OBJECTS_BETWEEN_COLLECTIONS)


def _operations(metrics_token: SecretStr | None) -> APIRouter:
    router = APIRouter(tags=["operations"])

    @router.get("/health", summary="Can the service do its job?")
    async def health(health: ServiceHealth) -> JSONResponse:
        status, report = await health.report()
        return JSONResponse(report, status)

    @router.get("/health/ready", summary="Do the parts of the process itself get on?")
    async def ready(health: ServiceHealth) -> JSONResponse:
        status, report = await health.ready()
        return JSONResponse(report, status)

    @router.get("/health/live", summary="Does the process run?")
    async def live() -> dict[str, str]:
        return {"status": "alive"}

    @router.get("/metrics", summary="Metrics for Prometheus", response_class=Response)
    async def metrics(request: Request, page: _Metrics) -> Response:
        if not may_scrape(request.headers.get("authorization", ""), metrics_token):
            return error_response(
                401,
                "scrape_token_required",
                "The metrics are for Prometheus, which shows its token (Authorization: Bearer).",
                headers={"WWW-Authenticate": "Bearer"},
            )
        body, content_type = await page.render()
        return Response(body, media_type=content_type)

    return router


def _routes(routers: Sequence[APIRouter]) -> list[tuple[str, str, int]]:
    # What no route matched is one more endpoint, and the only one of a service without an API.
    return [
        ("GET", "unmatched", 404),
        *(
            (method, route.path_format, route.status_code or 200)
            for router in routers
            for route in router.routes
            if isinstance(route, APIRoute) and route.path not in UNCOUNTED
            for method in sorted(route.methods or ())
        ),
    ]
