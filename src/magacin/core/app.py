"""The frame of a service: errors, metrics, health, logs. What it is about comes as routers."""

from __future__ import annotations

import gc
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from contextlib import AbstractAsyncContextManager, asynccontextmanager

from fastapi import APIRouter, FastAPI
from fastapi.routing import APIRoute
from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from magacin import __version__
from magacin.core.error_answers import install_error_handlers
from magacin.core.health import Health
from magacin.core.logging import configure_logging
from magacin.core.metrics import BUILD_INFO, MetricsPage, initialise_http_metrics
from magacin.core.middleware import UNCOUNTED, BodyLimitMiddleware, ObservabilityMiddleware
from magacin.core.security import ServiceTokenMiddleware
from magacin.core.settings import ServerSettings, ServiceSettings

Lifespan = Callable[[FastAPI], AbstractAsyncContextManager[None]]

# An order line is 100 bytes; a request of a megabyte is a mistake or an attack.
MAX_BODY_BYTES = 1_000_000


def build_app(
    name: str,
    settings: ServerSettings,
    *,
    title: str,
    routers: Sequence[APIRouter],
    lifespan: Lifespan,
    internal: bool = True,
    max_body_bytes: int = MAX_BODY_BYTES,
    body_limits: Mapping[str, int] | None = None,
    error_statuses: Sequence[int] = (500, 503),
) -> FastAPI:
    """Return a service that is measured, logged and probed.

    `lifespan` opens the service's resources on `app.state` and registers its checks on
    `app.state.health` and its refreshed gauges on `app.state.metrics`. An `internal` service refuses
    callers without the service token. `body_limits` are other limits for single paths.
    `error_statuses` are the 5xx it can answer: they exist at zero.
    """
    configure_logging(name, settings.log_level)
    # FastAPI's own documentation pages load their scripts from a public CDN.
    app = FastAPI(
        title=title, version=__version__, lifespan=_with_frame(lifespan), docs_url=None, redoc_url=None
    )
    app.state.settings = settings
    app.state.health = Health(name, __version__)
    app.state.metrics = MetricsPage()
    install_error_handlers(app)
    app.include_router(_operations())
    for router in routers:
        app.include_router(router)
    app.add_middleware(BodyLimitMiddleware, limit=max_body_bytes, by_path=body_limits or {})
    if internal:
        if not isinstance(settings, ServiceSettings):
            raise TypeError(f"{name} is internal, so its settings must have the service token")
        app.add_middleware(ServiceTokenMiddleware, token=settings.service_token)
    app.add_middleware(ObservabilityMiddleware)  # added last, so it is outermost and sees every answer
    BUILD_INFO.labels(__version__).set(1)
    initialise_http_metrics(_routes(routers), error_statuses)
    return app


def _with_frame(lifespan: Lifespan) -> Lifespan:
    @asynccontextmanager
    async def framed(app: FastAPI) -> AsyncIterator[None]:
        async with lifespan(app):
            # After the service's own refreshers would be too late: a dependency that is down
            # has to show in the same scrape.
            app.state.metrics.before_scrape(app.state.health.report)
            # What is there now stays until the end; walking through it again and again is a pause of tens
            # of milliseconds in the middle of somebody's scan.
            if not gc.get_freeze_count():  # once a process: frozen is also what a test's last app left
                gc.collect()
                gc.freeze()
            yield

    return framed


def _operations() -> APIRouter:
    router = APIRouter(tags=["operations"])

    @router.get("/health", summary="Can the service do its job?")
    async def health(request: Request) -> JSONResponse:
        status, report = await request.app.state.health.report()
        return JSONResponse(report, status)

    @router.get("/health/live", summary="Does the process run?")
    async def live() -> dict[str, str]:
        return {"status": "alive"}

    @router.get("/metrics", summary="Metrics for Prometheus", response_class=Response)
    async def metrics(request: Request) -> Response:
        body, content_type = await request.app.state.metrics.render()
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
