"""The gateway's door for phones, as `up --lan` asks for it: checked first, and known while the stack runs."""

from __future__ import annotations

import dataclasses
import datetime as dt
import json
import socket
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from ipaddress import IPv6Address, ip_address
from pathlib import Path
from typing import TYPE_CHECKING

from magacin.core.files import write_private
from magacin.stack.errors import StackError
from magacin.stack.parts import AUTHORITY_PORT, LAN_PORT
from magacin.stack.paths import DataDir, make_private, require_expressible
from magacin.stack.site import Site

if TYPE_CHECKING:
    from magacin.core.certificates import Authority, Files

# What makes certificates is loaded where it is needed: no other command is to wait for it.


@dataclass(frozen=True)
class Lan:
    """The name by which phones reach this machine, the address to listen on, perhaps a certificate.

    `key` may be the same file. Without them the data directory has an authority for the name. `plain` is
    whether the page that has phones trust it is served without TLS as well, which production does not do.
    """

    name: str
    bind: str
    certificate: str | None = None
    key: str | None = None
    plain: bool = True

    @property
    def host(self) -> str:
        """The name as addresses of pages have it."""
        return f"[{self.name}]" if ":" in self.name else self.name

    def url(self, offset: int) -> str:
        """Return what phones open."""
        return f"https://{self.host}:{LAN_PORT + offset}/"

    def page(self, offset: int) -> str | None:
        """Return where a phone learns to trust the authority; None where the certificate was given."""
        if self.certificate:
            return None
        plain = f"http://{self.host}:{AUTHORITY_PORT + offset}/"
        return f"{plain if self.plain else self.url(offset)}authority"

    def ports(self, offset: int) -> Sequence[int]:
        """Return the ports that it listens on."""
        has_plain = self.plain and not self.certificate
        return [port + offset for port in ((LAN_PORT, AUTHORITY_PORT) if has_plain else (LAN_PORT,))]

    def options(self) -> list[str]:
        """Return the options of `up` that ask for this."""
        given = [("--certificate", self.certificate), ("--key", self.key)]
        files = [item for option, value in given if value for item in (option, value)]
        return ["--lan", self.name, "--lan-bind", self.bind, *files]


def asked(
    name: str, bind: str | None = None, certificate: Path | None = None, key: Path | None = None
) -> Lan:
    """Return what these options ask for; raise StackError for what cannot be had, before anything is done."""
    from magacin.core.certificates import CertificateError, checked, normal_name

    if key is not None and certificate is None:
        raise StackError("--key is the key of a certificate.", "Give that too: --certificate FILE")
    try:
        name = normal_name(name)
        lan = Lan(
            name,
            _bindable(bind or ("::" if ":" in name else "0.0.0.0")),  # noqa: S104  phones are to reach it
            str(certificate.absolute()) if certificate else None,
            str((key or certificate).absolute()) if key or certificate else None,  # type: ignore[union-attr]  # one of both
        )
        if (files := _given(lan)) is not None:
            for path in files.paths():
                require_expressible(path, "the certificate's path")
            checked(files, name, _now())
    except CertificateError as error:
        raise StackError(error.what, error.advice) from error
    return lan


def _bindable(address: str) -> str:
    try:
        family = socket.AF_INET6 if isinstance(ip_address(address), IPv6Address) else socket.AF_INET
        with socket.socket(family) as probe:
            probe.bind((address, 0))
    except (ValueError, OSError) as error:
        raise StackError(
            f"--lan-bind {address} is no address of this machine.",
            "List them: ip -brief address. Or leave the option out, to listen on all of them.",
        ) from error
    return address


def _given(lan: Lan) -> Files | None:
    from magacin.core.certificates import Files

    return Files(Path(lan.certificate), Path(lan.key or lan.certificate)) if lan.certificate else None


def authority(data: DataDir, lan: Lan) -> Authority:
    """Return the authority for its name; that of another name stays for when that is wanted again."""
    from magacin.core.certificates import Authority

    return Authority.kept_in(data.lan, lan.name)


def prepare(data: DataDir, lan: Lan | None) -> None:
    """Note how the gateway is to be started, with its certificate made where none was given."""
    if lan is None:
        _file(data).unlink(missing_ok=True)
        return
    if lan.certificate is None:
        from magacin.core.certificates import CertificateError

        make_private(data.lan)
        ours = authority(data, lan)
        try:
            ours.ensure(_now())
        except CertificateError as error:
            raise StackError(
                error.what,
                f"Without {ours.folder} a new authority is made, which every phone has to be told to trust.",
            ) from error
    write_private(_file(data), json.dumps(dataclasses.asdict(lan)) + "\n")


def forget(data: DataDir) -> None:
    """Have the next start know nothing of it."""
    prepare(data, None)


def read(data: DataDir) -> Lan | None:
    """Return how the gateway is started now; None where nobody asked for phones."""
    try:
        return Lan(**json.loads(_file(data).read_text(encoding="utf-8")))
    except FileNotFoundError:
        return None


def settings(site: Site) -> Mapping[str, object]:
    """Return the settings of the gateway for it."""
    lan = read(site.data)
    if lan is None:
        return {}
    own: dict[str, object] = {"LAN_NAME": lan.name, "LAN_HOST": lan.bind, "LAN_PORT": LAN_PORT + site.offset}
    if lan.certificate is None:
        own |= {"LAN_AUTHORITY_PORT": AUTHORITY_PORT + site.offset, "LAN_DIR": site.data.lan}
        return own if lan.plain else own | {"LAN_PLAIN": "false"}
    return own | {"LAN_CERTIFICATE_FILE": lan.certificate, "LAN_KEY_FILE": lan.key or lan.certificate}


def fingerprint(data: DataDir, lan: Lan) -> str | None:
    """Return that of the authority, as phones show it; None where the certificate was given."""
    if lan.certificate is not None:
        return None
    from magacin.core.certificates import fingerprint_of

    return fingerprint_of(authority(data, lan).public)


def _file(data: DataDir) -> Path:
    return data.etc / "lan.json"


def _now() -> dt.datetime:
    return dt.datetime.now(dt.UTC)
