"""How a phone is told to trust the authority of our own: a page, and the certificate to install."""

from __future__ import annotations

import segno
from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import HTMLResponse, Response
from starlette.routing import Route

from magacin.core.certificates import fingerprint
from magacin.gateway.front.pages import page

PAGE, DER, PEM = "/authority", "/authority.crt", "/authority.pem"
PATHS = frozenset({PAGE, DER, PEM})

# Android and iOS offer to install what comes as that, in either form.
_CERTIFICATE = "application/x-x509-ca-cert"


def authority_pages(name: str, port: int, plain: int | None, authority: x509.Certificate) -> Starlette:
    """Return the application that a phone meets before it trusts us: it has nothing else, and no secret.

    `port` is that with TLS, `plain` the one without, where there is one.
    """
    host = f"[{name}]" if ":" in name else name
    here = f"https://{host}:{port}{PAGE}" if plain is None else f"http://{host}:{plain}{PAGE}"
    code = segno.make(here, micro=False).svg_data_uri(scale=4, border=4, light="#fff", omitsize=False)

    async def show(_: Request) -> HTMLResponse:
        return page(
            "authority.html.j2",
            name=name,
            app=f"https://{host}:{port}/",
            here=here,
            code=code,
            fingerprint=fingerprint(authority),
            subject=authority.subject.rfc4514_string().removeprefix("CN="),
            ends=authority.not_valid_after_utc,
        )

    async def der(_: Request) -> Response:
        return _file(authority.public_bytes(Encoding.DER), "magacin-track.crt")

    async def pem(_: Request) -> Response:
        return _file(authority.public_bytes(Encoding.PEM), "magacin-track.pem")

    return Starlette(
        routes=[Route("/", show), Route(PAGE, show), Route(DER, der), Route(PEM, pem)],
    )


def _file(content: bytes, name: str) -> Response:
    headers = {"Content-Disposition": f'attachment; filename="{name}"', "Cache-Control": "no-store"}
    return Response(content, media_type=_CERTIFICATE, headers=headers)
