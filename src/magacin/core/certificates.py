"""Certificates of TLS for one name: checked where they are given, else made by a small authority of our own.

The authority can vouch for that name alone (name constraints). A device that trusts it does not trust a false
bank by it, even where its key is stolen.
"""

from __future__ import annotations

import datetime as dt
import fcntl
import ipaddress
import os
import re
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Self

from cryptography import x509
from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.types import CertificateIssuerPrivateKeyTypes
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from magacin.core.files import write_private

AUTHORITY_DAYS = 3652
# Not the 398 days that phones accept: what happens four times a year is known to work.
DAYS = 90
RENEWED_DAYS_BEFORE = 30
# A device whose clock is behind must not find a certificate that is not valid yet.
_BEFORE = dt.timedelta(days=1)
_LABEL = re.compile(r"(?!-)[a-z0-9-]{1,63}(?<!-)")
_WHOLE_INTERNET = ("0.0.0.0/0", "::/0")


class CertificateError(Exception):
    """A name or a certificate that cannot be used: what is wrong, and what to do about it."""

    def __init__(self, what: str, advice: str) -> None:
        super().__init__(what)
        self.what = what
        self.advice = advice


def normal_name(name: str) -> str:
    """Return a host name or IP address as certificates have it; raise CertificateError for what is none."""
    if (address := _address(name)) is not None:
        if address.is_loopback or address.is_unspecified or address.is_multicast or "%" in name:
            raise CertificateError(
                f"{name} is no address by which another device reaches this machine.",
                "Give the one that this machine has in the network: ip -brief address",
            )
        return str(address)
    lower = name.lower()
    labels = lower.removesuffix(".").split(".")
    # A last label of digits would be read as an address by browsers.
    if len(lower) > 253 or not all(_LABEL.fullmatch(label) for label in labels) or labels[-1].isdigit():
        raise CertificateError(
            f"{name!r} is neither a host name nor an IP address.",
            "Give the bare name by which phones reach this machine, such as warehouse.lan or 192.168.1.20: "
            "letters, digits, hyphens and dots, without https://, without a port.",
        )
    if lower == "localhost" or lower.endswith(".localhost"):
        raise CertificateError(
            f"{name} is this machine alone, for every device another.",
            "Give the name or address that this machine has in the network.",
        )
    return ".".join(labels)


def _address(name: str) -> ipaddress.IPv4Address | ipaddress.IPv6Address | None:
    try:
        return ipaddress.ip_address(name)
    except ValueError:
        return None


def fingerprint(certificate: x509.Certificate) -> str:
    """Return the SHA-256 of a certificate, as phones show it: `AB:CD:…`."""
    return certificate.fingerprint(hashes.SHA256()).hex(":").upper()


def fingerprint_of(path: Path) -> str:
    """Do so for a file; raise CertificateError for one that holds none."""
    return fingerprint(_read_certificate(path))


@dataclass(frozen=True)
class Files:
    """Where a server finds its certificate, with those of intermediate authorities, and the key. PEM."""

    certificate: Path
    key: Path

    def paths(self) -> tuple[Path, ...]:
        """Return each file once."""
        return tuple(dict.fromkeys((self.certificate, self.key)))


def matching(files: Files, name: str) -> x509.Certificate:
    """Return a server's certificate; raise CertificateError unless it is for `name` and has its key."""
    certificate = _read_certificate(files.certificate)
    key = _read_key(files.key)
    if _public(certificate) != _public(key):
        raise CertificateError(
            f"the key in {files.key} is not that of the certificate in {files.certificate}.",
            "Give the two that were made together; in a chain, the server's own certificate comes first.",
        )
    if not names(certificate, name):
        raise CertificateError(
            f"the certificate in {files.certificate} is not for {name}.",
            f"It is for: {', '.join(_all_names(certificate)) or 'no name at all'}.",
        )
    return certificate


def checked(files: Files, name: str, now: dt.datetime) -> x509.Certificate:
    """Do so, and raise CertificateError where the certificate is not valid now."""
    certificate = matching(files, name)
    if now >= certificate.not_valid_after_utc:
        raise CertificateError(
            f"the certificate in {files.certificate} ended on {certificate.not_valid_after_utc:%Y-%m-%d}.",
            "Have it renewed, or leave it out: then one is made here.",
        )
    if now < certificate.not_valid_before_utc:
        raise CertificateError(
            f"the certificate in {files.certificate} is valid only from "
            f"{certificate.not_valid_before_utc:%Y-%m-%d %H:%M} UTC on.",
            "See whether this machine's clock is right (date), or give the certificate of now.",
        )
    return certificate


def names(certificate: x509.Certificate, name: str) -> bool:
    """Tell whether a certificate is for this name; `*` stands for one label at the left."""
    _, dot, parent = name.partition(".")
    wanted = {name} if _address(name) or not dot else {name, f"*.{parent}"}
    return bool(wanted & set(_all_names(certificate)))


def _all_names(certificate: x509.Certificate) -> Sequence[str]:
    try:
        san = certificate.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    except x509.ExtensionNotFound:
        return []
    found = [name.lower() for name in san.get_values_for_type(x509.DNSName)]
    return found + [str(address) for address in san.get_values_for_type(x509.IPAddress)]


def _read(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError as error:
        raise CertificateError(
            f"cannot read {path} ({error.strerror}).", "Give a file that this user may read."
        ) from error


def _read_certificate(path: Path) -> x509.Certificate:
    try:
        return x509.load_pem_x509_certificates(_read(path))[0]
    except ValueError as error:
        raise CertificateError(
            f"{path} holds no certificate in PEM.",
            "It begins with -----BEGIN CERTIFICATE-----. From DER: openssl x509 -inform der -in FILE",
        ) from error


def _read_key(path: Path) -> CertificateIssuerPrivateKeyTypes:
    try:
        key = serialization.load_pem_private_key(_read(path), None)
    except TypeError as error:
        raise CertificateError(
            f"the key in {path} is encrypted.",
            "Nobody is there to type its password when the gateway starts: openssl pkey -in FILE -out PLAIN",
        ) from error
    except (ValueError, UnsupportedAlgorithm) as error:
        raise CertificateError(
            f"{path} holds no private key in PEM.", "It begins with -----BEGIN PRIVATE KEY-----."
        ) from error
    return key  # type: ignore[return-value]  # of the kinds that sign; others match no certificate


def _public(owner: x509.Certificate | CertificateIssuerPrivateKeyTypes) -> bytes:
    return owner.public_key().public_bytes(
        serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo
    )


class Authority:
    """An authority for one name, kept in a folder that only its owner may enter.

    `authority.pem` has its key and certificate, `authority.crt` the certificate alone, for devices.
    `server.pem` is what the server shows, with its key: one file, because both are replaced together.
    """

    def __init__(self, folder: Path, name: str) -> None:
        self.folder = folder
        self.name = name
        self.public = folder / "authority.crt"
        self.server = Files(folder / "server.pem", folder / "server.pem")
        self._own = folder / "authority.pem"

    @classmethod
    def kept_in(cls, folder: Path, name: str) -> Self:
        """Return the authority for a name in a folder that may have those of several names."""
        return cls(folder / name.replace(":", "-"), name)

    def ensure(self, now: dt.datetime) -> x509.Certificate:
        """Make what is missing or ends soon, and return the authority's certificate.

        Raises CertificateError for files that are damaged, and OSError.
        """
        self.folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        with self._alone():
            if not self._own.exists() or _read_certificate(self._own).not_valid_after_utc <= now:
                self._make(now)
            authority = _read_certificate(self._own)
            self._publish(authority)
            if self._is_due(authority, now):
                self.issue(now)
        return authority

    @contextmanager
    def _alone(self) -> Iterator[None]:
        # Several processes of one gateway begin at once.
        held = os.open(self.folder / "lock", os.O_WRONLY | os.O_CREAT, 0o600)
        try:
            fcntl.flock(held, fcntl.LOCK_EX)
            yield
        finally:
            os.close(held)

    def _make(self, now: dt.datetime) -> None:
        key = ec.generate_private_key(ec.SECP256R1())
        # Of several stacks each has one, and a phone lists them by this.
        subject = _subject(f"Magacin Track authority for {self.name}"[:64])
        usage = x509.KeyUsage(
            digital_signature=False,
            content_commitment=False,
            key_encipherment=False,
            data_encipherment=False,
            key_agreement=False,
            key_cert_sign=True,
            crl_sign=True,
            encipher_only=False,
            decipher_only=False,
        )
        certificate = (
            _builder(subject, subject, key, now, now + dt.timedelta(days=AUTHORITY_DAYS))
            .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
            .add_extension(usage, critical=True)
            .add_extension(_constraints(self.name), critical=True)
            .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
            .sign(key, hashes.SHA256())
        )
        write_private(self._own, _pem(key) + _pem(certificate))

    def _publish(self, authority: x509.Certificate) -> None:
        text = _pem(authority)
        if not self.public.exists() or self.public.read_text(encoding="utf-8") != text:
            write_private(self.public, text)

    def _is_due(self, authority: x509.Certificate, now: dt.datetime) -> bool:
        try:
            known = checked(self.server, self.name, now)
            known.verify_directly_issued_by(authority)
        except (CertificateError, InvalidSignature, ValueError):
            return True
        renewed = min(now + dt.timedelta(days=DAYS), authority.not_valid_after_utc)
        ends = known.not_valid_after_utc
        # At the authority's own end a new one would end no later.
        return ends - now <= dt.timedelta(days=RENEWED_DAYS_BEFORE) and renewed - ends > dt.timedelta(days=1)

    def issue(self, now: dt.datetime, days: float = DAYS) -> None:
        """Make the server a certificate that ends in `days`."""
        authority, authority_key = _read_certificate(self._own), _read_key(self._own)
        key = ec.generate_private_key(ec.SECP256R1())
        ends = min(now + dt.timedelta(days=days), authority.not_valid_after_utc)
        certificate = (
            # A common name that looked like a host's would be measured by the constraints as well.
            _builder(_subject("Magacin Track gateway"), authority.subject, key, now, ends)
            .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
            .add_extension(x509.SubjectAlternativeName([_general(self.name)]), critical=False)
            .add_extension(x509.ExtendedKeyUsage([ExtendedKeyUsageOID.SERVER_AUTH]), critical=False)
            .add_extension(
                x509.AuthorityKeyIdentifier.from_issuer_public_key(authority_key.public_key()), critical=False
            )
            .sign(authority_key, hashes.SHA256())
        )
        write_private(self.server.certificate, _pem(key) + _pem(certificate))


def _builder(
    subject: x509.Name,
    issuer: x509.Name,
    key: ec.EllipticCurvePrivateKey,
    now: dt.datetime,
    ends: dt.datetime,
) -> x509.CertificateBuilder:
    return (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(issuer)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - _BEFORE)
        .not_valid_after(ends)
    )


def _subject(common_name: str) -> x509.Name:
    return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, common_name)])


def _general(name: str) -> x509.GeneralName:
    address = _address(name)
    return x509.DNSName(name) if address is None else x509.IPAddress(address)


def _constraints(name: str) -> x509.NameConstraints:
    """Return what allows this name and no other: a kind of name that is not spoken of would be free."""
    address = _address(name)
    networks = [x509.IPAddress(ipaddress.ip_network(network)) for network in _WHOLE_INTERNET]
    if address is None:
        return x509.NameConstraints([x509.DNSName(name)], networks)
    others = [network for network in networks if network.value.version != address.version]
    # The empty name stands for all of them.
    return x509.NameConstraints([x509.IPAddress(ipaddress.ip_network(address))], [x509.DNSName(""), *others])


def _pem(owner: x509.Certificate | ec.EllipticCurvePrivateKey) -> str:
    if isinstance(owner, x509.Certificate):
        return owner.public_bytes(serialization.Encoding.PEM).decode()
    return owner.private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.PKCS8,
        serialization.NoEncryption(),
    ).decode()
