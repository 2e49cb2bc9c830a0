"""The doors that phones come in by: TLS on the LAN, and the page that has them trust its certificate."""

from __future__ import annotations

import asyncio
import contextlib
import os
import socket
import ssl
from collections.abc import AsyncIterator, Mapping
from datetime import UTC, datetime
from ipaddress import ip_address
from typing import Self

import structlog
import uvicorn
from cryptography import x509
from starlette.types import ASGIApp

from magacin.core.certificates import Authority, CertificateError, Files, fingerprint, matching
from magacin.core.errors import DependencyUnavailable
from magacin.core.http import SERVER_OPTIONS
from magacin.core.web_app import SecurityHeaders
from magacin.gateway.lan.authority_page import authority_pages
from magacin.gateway.lan.outside import Outside
from magacin.gateway.metrics import CERTIFICATE_EXPIRY
from magacin.gateway.settings import GatewaySettings

log = structlog.get_logger(__name__)


class Lan:
    """What phones are served, on sockets of their own, by the process that serves everybody else.

    The certificate is renewed, or read again where it is given, while connections stay as they are: only the
    next handshake sees the new one.
    """

    LOOKED_AT_SECONDS = 20.0
    """How often the files of the certificate are looked at."""

    def __init__(
        self, settings: GatewaySettings, name: str, files: Files, authority: Authority | None
    ) -> None:
        self._settings = settings
        self.name = name
        self._files = files
        self._authority = authority
        self._trusted = authority.ensure(_now()) if authority else None
        self._context = _context()
        self._seen: list[tuple[int, int]] = []
        self._read()
        self._servers: dict[_Server, asyncio.Task[None]] = {}

    @classmethod
    def of(cls, settings: GatewaySettings, name: str) -> Self:
        """Return what the settings ask for; end the process where their certificate cannot be used."""
        authority = None
        if settings.lan_certificate_file is not None:
            files = Files(
                settings.lan_certificate_file, settings.lan_key_file or settings.lan_certificate_file
            )
        elif settings.lan_dir is not None:
            authority = Authority.kept_in(settings.lan_dir, name)
            files = authority.server
        else:
            raise SystemExit(
                "MAGACIN_LAN_NAME asks for HTTPS. Say with which certificate (MAGACIN_LAN_CERTIFICATE_FILE), "
                "or in which folder an authority for the name is to be kept (MAGACIN_LAN_DIR)."
            )
        try:
            return cls(settings, name, files, authority)
        except CertificateError as error:
            raise SystemExit(f"HTTPS for phones: {error.what} {error.advice}") from error
        except OSError as error:
            raise SystemExit(f"HTTPS for phones: cannot write to {settings.lan_dir} ({error}).") from error

    @contextlib.asynccontextmanager
    async def open(self, app: ASGIApp, state: Mapping[str, object]) -> AsyncIterator[None]:
        """Serve `app` to phones, each request with that state, until it is left."""
        pages = None
        if self._trusted is not None:
            plain = self._settings.lan_authority_port if self._settings.lan_plain else None
            pages = authority_pages(self.name, self._settings.lan_port, plain, self._trusted)
        # With a certificate that everybody trusts, a browser may insist on HTTPS. Not so with our own: the
        # page that has it trusted is plain HTTP under the same name. For addresses browsers do not heed it.
        has_plain = pages is not None and self._settings.lan_plain
        insist = not has_plain and not _is_address(self.name)
        async with contextlib.AsyncExitStack() as doors:
            outside = Outside(app, state, pages, insist_on_https=insist)
            # What the machine's own screens are not told, for a page of somebody else's in the same network.
            protected = SecurityHeaders(outside)
            await doors.enter_async_context(self._door(protected, self._settings.lan_port, self._context))
            if pages is not None and has_plain:
                await doors.enter_async_context(self._door(pages, self._settings.lan_authority_port, None))
            log.info(
                "lan_open", name=self.name, port=self._settings.lan_port, authority=self._authority_shown()
            )
            yield

    def _authority_shown(self) -> str | None:
        return fingerprint(self._trusted) if self._trusted is not None else None

    @contextlib.asynccontextmanager
    async def _door(self, app: ASGIApp, port: int, context: ssl.SSLContext | None) -> AsyncIterator[None]:
        # Each of several worker processes listens; the kernel spreads the connections over them.
        shared = self._settings.workers > 1
        with _listen(str(self._settings.lan_host), port, shared=shared) as listener:
            server = _Server(_config(app, context))
            task = asyncio.create_task(server.serve([listener]), name=f"lan_door_{port}")
            self._servers[server] = task
            try:
                yield
            finally:
                server.should_exit = True
                await task
                del self._servers[server]

    def close(self) -> None:
        """Take no more connections, and end those that are there once they have their answers."""
        for server in self._servers:
            server.should_exit = True

    async def step(self) -> bool:
        """Renew the certificate when it is due, and show one that has changed: a step for a `BackgroundLoop`.

        Raises DependencyUnavailable where the new one cannot be shown; the one before is shown on.
        """
        if any(task.done() for task in self._servers.values()):
            raise RuntimeError("a door for phones has closed by itself")
        try:
            if self._authority is not None:
                self._authority.ensure(_now())
            if self._stamps() != self._seen:
                self._read()
        except (CertificateError, OSError) as error:
            raise DependencyUnavailable(
                "the certificate for phones", reason=f"stays as it was: {error}"
            ) from error
        return False

    def _read(self) -> None:
        stamps = self._stamps()
        # One that has ended is shown all the same: an alert has said so, and at the machine work goes on.
        certificate = matching(self._files, self.name)
        self._context.load_cert_chain(self._files.certificate, self._files.key)
        self._seen = stamps
        CERTIFICATE_EXPIRY.set(certificate.not_valid_after_utc.timestamp())
        log.info("lan_certificate_shown", ends=_shown(certificate), fingerprint=fingerprint(certificate))

    def _stamps(self) -> list[tuple[int, int]]:
        try:
            return [(status.st_mtime_ns, status.st_ino) for status in map(os.stat, self._files.paths())]
        except OSError as error:
            raise CertificateError(
                f"cannot read {error.filename} ({error.strerror}).", "Put the certificate back."
            ) from error


class _Server(uvicorn.Server):
    """uvicorn beside the process's own, which hears the signals."""

    @contextlib.contextmanager
    def capture_signals(self):  # type: ignore[no-untyped-def]  # as the method that it takes the place of
        yield


def _config(app: ASGIApp, context: ssl.SSLContext | None) -> uvicorn.Config:
    return uvicorn.Config(
        app,
        lifespan="off",
        **SERVER_OPTIONS,
        ssl_context_factory=None if context is None else lambda *_: context,
    )


def _context() -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    context.set_alpn_protocols(["http/1.1"])
    return context


def _listen(host: str, port: int, *, shared: bool) -> socket.socket:
    family = socket.AF_INET6 if ip_address(host).version == 6 else socket.AF_INET
    both = host == "::" and socket.has_dualstack_ipv6()
    return socket.create_server(
        (host, port), family=family, backlog=2048, reuse_port=shared, dualstack_ipv6=both
    )


def _is_address(name: str) -> bool:
    try:
        ip_address(name)
    except ValueError:
        return False
    return True


def _shown(certificate: x509.Certificate) -> str:
    return certificate.not_valid_after_utc.strftime("%Y-%m-%d %H:%M UTC")


def _now() -> datetime:
    return datetime.now(UTC)
