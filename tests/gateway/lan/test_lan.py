"""A gateway with a door for phones, and clients that trust its authority alone."""

from __future__ import annotations

import asyncio
import contextlib
import datetime as dt
import re
import ssl
import subprocess
import sys
from collections.abc import AsyncIterator, Callable
from pathlib import Path
from typing import Any

import aiohttp
import pytest
import segno
import socketio  # type: ignore[import-untyped]  # the library has no types
from aiohttp.abc import AbstractResolver, ResolveResult
from cryptography import x509

from magacin.core.certificates import Authority, fingerprint
from magacin.gateway.app import create_app
from magacin.gateway.settings import GatewaySettings
from tests.conftest import free_port
from tests.gateway.conftest import Gateway, Start, eventually
from tests.support import SocketClient

NAME = "warehouse.lan"
DAY = dt.timedelta(days=1)


def now() -> dt.datetime:
    return dt.datetime.now(dt.UTC)


class Here(AbstractResolver):
    """Finds every name on this machine."""

    async def resolve(self, host: str, port: int = 0, family: Any = 0) -> list[ResolveResult]:
        found = {"hostname": host, "host": "127.0.0.1", "port": port, "family": 2, "proto": 0, "flags": 0}
        return [ResolveResult(**found)]  # type: ignore[typeddict-item]  # of the right types

    async def close(self) -> None:
        """Nothing is open."""


@contextlib.asynccontextmanager
async def phone(authority: Path) -> AsyncIterator[aiohttp.ClientSession]:
    """A client that trusts an authority, and nobody else."""
    trusting = ssl.create_default_context(cafile=str(authority))
    connector = aiohttp.TCPConnector(resolver=Here(), ssl=trusting)
    async with aiohttp.ClientSession(connector=connector) as session:
        yield session


class Options(dict[str, Any]):
    """The settings of a gateway with such a door."""

    def __init__(self, folder: Path, **more: Any) -> None:
        super().__init__(
            lan_name=NAME,
            lan_host="127.0.0.1",
            lan_port=free_port(),
            lan_authority_port=free_port(),
            lan_dir=folder,
        )
        self.update(more)

    @property
    def folder(self) -> Path:
        """Where the authority for the name is."""
        return Path(self["lan_dir"] / NAME)

    @property
    def https(self) -> str:
        return f"https://{NAME}:{self['lan_port']}"

    @property
    def http(self) -> str:
        return f"http://{NAME}:{self['lan_authority_port']}"


@pytest.fixture
def options(tmp_path: Path) -> Options:
    return Options(tmp_path / "lan")


@pytest.fixture
async def served(start: Start, options: Options) -> Gateway:
    return await start(**options)


@pytest.fixture
async def trusting(served: Gateway, options: Options) -> AsyncIterator[aiohttp.ClientSession]:
    async with phone(options.folder / "authority.crt") as session:
        yield session


class TestTheDoor:
    async def test_serves_what_is_for_everybody_as_https(
        self, served: Gateway, options: Options, trusting: aiohttp.ClientSession
    ) -> None:
        async with trusting.get(f"{options.https}/") as answer:
            assert answer.status == 200
            assert "The work of a warehouse" in await answer.text()
        async with trusting.get(f"{options.https}/api/auth/me", headers=served.bearer()) as answer:
            assert (await answer.json())["username"] == "w1"

    async def test_its_requests_are_measured_like_all_others(
        self, served: Gateway, options: Options, trusting: aiohttp.ClientSession
    ) -> None:
        line = 'http_requests_total{endpoint="/api/auth/me",method="GET",status="200"}'
        before = await served.metric(line)
        async with trusting.get(f"{options.https}/api/auth/me", headers=served.bearer()) as answer:
            assert answer.headers["X-Request-ID"]
        assert await served.metric(line) == before + 1

    @pytest.mark.parametrize("path", ["/metrics", "/health"])
    async def test_keeps_to_itself_what_is_for_the_machine(
        self, served: Gateway, options: Options, trusting: aiohttp.ClientSession, path: str
    ) -> None:
        async with trusting.get(options.https + path) as answer:
            assert answer.status == 404
        async with served.session.get(served.url + path) as answer:
            assert answer.status == 200

    async def test_who_comes_in_by_it_is_not_at_the_machine(
        self, options: Options, trusting: aiohttp.ClientSession
    ) -> None:
        """Whatever name somebody asks for: addresses of stores are not for the LAN."""
        async with trusting.get(f"{options.https}/", headers={"Host": "localhost"}) as answer:
            assert 'href="/metrics"' not in await answer.text()

    async def test_failed_logins_count_for_the_address_that_they_come_from(
        self, start: Start, tmp_path: Path
    ) -> None:
        options = Options(tmp_path / "lan", login_failures_per_address=1)
        await start(**options)
        body = {"username": "nobody", "password": "wrong wrong wrong"}
        async with phone(options.folder / "authority.crt") as session:
            for forged, status in (("203.0.113.1", 401), ("203.0.113.2", 429)):
                headers = {"X-Forwarded-For": forged}
                async with session.post(
                    f"{options.https}/api/auth/login", json=body, headers=headers
                ) as answer:
                    assert answer.status == status, "nobody may claim another address"

    @pytest.mark.parametrize("transports", [["websocket"], ["polling"]], ids=["websocket", "polling"])
    async def test_sockets_connect_from_a_page_of_its_own_and_from_no_other(
        self, served: Gateway, options: Options, trusting: aiohttp.ClientSession, transports: list[str]
    ) -> None:
        async def connect(origin: str, **headers: str) -> SocketClient:
            client = SocketClient(http_session=trusting, reconnection=False)
            await client.connect(
                options.https,
                headers={"Origin": origin, **headers},
                auth={"token": served.token()},
                transports=transports,
            )
            return client

        client = await connect(options.https)
        assert client.connected
        # A proxy's word for it is not a client's to give.
        forged = await connect(options.https, **{"X-Forwarded-Proto": "http"})
        for one in (client, forged):
            await one.disconnect()
        with pytest.raises(socketio.exceptions.ConnectionError):
            await connect("https://evil.example")

    async def test_a_client_that_does_not_trust_the_authority_stays_away(
        self, served: Gateway, options: Options, tmp_path: Path
    ) -> None:
        stranger = Authority(tmp_path / "stranger", NAME)
        stranger.ensure(now())
        async with phone(stranger.public) as session:
            with pytest.raises(aiohttp.ClientConnectorCertificateError):
                await session.get(options.https)

    async def test_it_is_closed_with_the_gateway(
        self,
        settings: Callable[..., GatewaySettings],
        gateway_database: object,
        redis: object,
        options: Options,
    ) -> None:
        app = create_app(settings(**options))
        async with app.router.lifespan_context(app):
            _, writer = await asyncio.open_connection("127.0.0.1", options["lan_authority_port"])
            writer.close()
        for port in (options["lan_port"], options["lan_authority_port"]):
            with pytest.raises(ConnectionRefusedError):
                await asyncio.open_connection("127.0.0.1", port)

    def test_without_a_name_no_library_for_certificates_is_loaded(self) -> None:
        program = "import sys, magacin.gateway.app; sys.exit('cryptography.hazmat' in sys.modules)"
        assert subprocess.run([sys.executable, "-c", program], check=False).returncode == 0


class TestTheAuthoritysPage:
    async def test_says_how_to_trust_it_over_http_and_https(
        self, served: Gateway, options: Options, trusting: aiohttp.ClientSession
    ) -> None:
        authority = x509.load_pem_x509_certificate((options.folder / "authority.crt").read_bytes())
        for address in (f"{options.http}/", f"{options.http}/authority", f"{options.https}/authority"):
            async with trusting.get(address) as answer:
                page = await answer.text()
            assert fingerprint(authority) in page
            assert f'href="{options.https}/"' in page
            assert "Certificate Trust Settings" in page
            assert "Encryption &amp; credentials" in page
            code = segno.make(f"{options.http}/authority", micro=False)
            assert code.svg_data_uri(scale=4, border=4, light="#fff").replace("'", "&#39;") in page

    @pytest.mark.parametrize("scheme", ["http", "https"])
    async def test_gives_the_certificate_as_phones_install_it(
        self, served: Gateway, options: Options, trusting: aiohttp.ClientSession, scheme: str
    ) -> None:
        known = x509.load_pem_x509_certificate((options.folder / "authority.crt").read_bytes())
        for path, load in (
            ("/authority.crt", x509.load_der_x509_certificate),
            ("/authority.pem", x509.load_pem_x509_certificate),
        ):
            async with trusting.get(getattr(options, scheme) + path) as answer:
                assert answer.content_type == "application/x-x509-ca-cert"
                assert load(await answer.read()) == known

    @pytest.mark.parametrize(
        "path",
        ["/api/auth/me", "/api/auth/login", "/metrics", "/health", "/docs", "/socket.io/", "/authority.key"],
    )
    async def test_has_nothing_else(
        self, served: Gateway, options: Options, trusting: aiohttp.ClientSession, path: str
    ) -> None:
        async with trusting.get(options.http + path, headers=served.bearer()) as answer:
            assert answer.status == 404

    async def test_is_not_there_with_a_certificate_that_was_given(
        self, start: Start, options: Options, tmp_path: Path
    ) -> None:
        given = Authority(tmp_path / "given", NAME)
        given.ensure(now())
        served = await start(**(options | {"lan_certificate_file": given.server.certificate}))
        async with phone(given.public) as session:
            async with session.get(f"{options.https}/authority") as answer:
                assert answer.status == 404
            async with session.get(f"{options.https}/") as answer:
                assert answer.headers["Strict-Transport-Security"] == "max-age=2592000"
            with pytest.raises(aiohttp.ClientConnectorError):
                await session.get(f"{options.http}/authority")
        assert not options["lan_dir"].exists()
        assert await served.metric("gateway_certificate_expiry_timestamp_seconds") > now().timestamp()


class TestInsistingOnHttps:
    async def test_not_where_the_authoritys_page_is_plain_http(
        self, served: Gateway, options: Options, trusting: aiohttp.ClientSession
    ) -> None:
        async with trusting.get(f"{options.https}/") as answer:
            assert "Strict-Transport-Security" not in answer.headers
        async with served.session.get(f"{served.url}/") as answer:
            assert "Strict-Transport-Security" not in answer.headers


async def _shown(options: Options) -> x509.Certificate:
    """Return the certificate that the next phone is shown."""
    context = ssl.create_default_context(cafile=str(options.folder / "authority.crt"))
    _, writer = await asyncio.open_connection(
        "127.0.0.1", options["lan_port"], ssl=context, server_hostname=NAME
    )
    der = writer.get_extra_info("ssl_object").getpeercert(binary_form=True)
    writer.close()
    return x509.load_der_x509_certificate(der)


class TestRenewing:
    async def test_one_that_ends_soon_is_replaced_and_nobody_is_dropped(
        self, start: Start, options: Options, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr("magacin.gateway.lan.lan.Lan.LOOKED_AT_SECONDS", 0.05)
        served = await start(**options)
        before = await _shown(options)
        async with phone(options.folder / "authority.crt") as session:
            socket = await session.ws_connect(f"{options.https}/socket.io/?EIO=4&transport=websocket")
            assert (await socket.receive_str()).startswith("0{")
            # As if it had been made two months ago.
            Authority(options.folder, NAME).issue(now() - 61 * DAY)
            soon = x509.load_pem_x509_certificate((options.folder / "server.pem").read_bytes())
            old = {before.serial_number, soon.serial_number}

            async def is_new() -> bool:
                return (await _shown(options)).serial_number not in old

            await eventually(is_new)
            after = await _shown(options)
            assert after.not_valid_after_utc > soon.not_valid_after_utc + 60 * DAY
            expiry = await served.metric("gateway_certificate_expiry_timestamp_seconds")
            assert expiry == after.not_valid_after_utc.timestamp()
            await socket.send_str(f'40{{"token":"{served.token()}"}}')
            assert (await socket.receive_str()).startswith("40{")

    async def test_what_replaces_a_given_one_is_shown_by_itself(
        self, start: Start, options: Options, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr("magacin.gateway.lan.lan.Lan.LOOKED_AT_SECONDS", 0.05)
        authority = Authority(options.folder, NAME)
        authority.ensure(now())
        served = await start(**(options | {"lan_certificate_file": authority.server.certificate}))
        before = await _shown(options)
        authority.issue(now(), days=200)

        async def is_new() -> bool:
            return (await _shown(options)).serial_number != before.serial_number

        await eventually(is_new)
        expiry = await served.metric("gateway_certificate_expiry_timestamp_seconds")
        assert abs(expiry - (now() + 200 * DAY).timestamp()) < 60

    async def test_one_that_does_not_fit_is_not_shown_and_health_says_so(
        self, start: Start, options: Options, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr("magacin.gateway.lan.lan.Lan.LOOKED_AT_SECONDS", 0.05)
        authority = Authority(options.folder, NAME)
        authority.ensure(now())
        served = await start(**(options | {"lan_certificate_file": authority.server.certificate}))
        before = await _shown(options)
        Authority(options.folder, "other.lan").issue(now())

        async def is_told() -> bool:
            _, report = await served.health.report()
            return "is not for warehouse.lan" in str(report["checks"]["lan_certificate"].get("reason"))

        await eventually(is_told)
        status, report = await served.health.report()
        assert (status, report["status"]) == (200, "degraded"), report
        assert await _shown(options) == before

    async def test_one_that_has_ended_does_not_keep_the_gateway_from_starting(
        self, start: Start, options: Options
    ) -> None:
        authority = Authority(options.folder, NAME)
        authority.ensure(now())
        authority.issue(now() - 3 * DAY, days=2)
        served = await start(**(options | {"lan_certificate_file": authority.server.certificate}))
        assert await served.metric("gateway_certificate_expiry_timestamp_seconds") < now().timestamp()


class TestWrongSettings:
    @pytest.mark.parametrize(
        ("changes", "said"),
        [
            ({"lan_dir": None}, "MAGACIN_LAN_DIR"),
            ({"lan_certificate_file": Path("/nowhere/a.pem")}, "cannot read /nowhere/a.pem"),
            ({"lan_dir": Path("/proc/nowhere")}, "cannot write to /proc/nowhere"),
        ],
    )
    def test_end_the_process_with_a_sentence(
        self, settings: Callable[..., GatewaySettings], options: Options, changes: dict[str, Any], said: str
    ) -> None:
        with pytest.raises(SystemExit, match=re.escape(said)):
            create_app(settings(**(options | changes)))

    def test_a_name_that_is_none(self, settings: Callable[..., GatewaySettings]) -> None:
        with pytest.raises(ValueError, match="neither a host name nor an IP address"):
            settings(lan_name="https://warehouse.lan")

    def test_what_compose_leaves_empty_is_not_set(self, settings: Callable[..., GatewaySettings]) -> None:
        empty = settings(lan_name="", lan_certificate_file="", lan_key_file="")
        assert (empty.lan_name, empty.lan_certificate_file, empty.lan_key_file) == (None, None, None)
