from __future__ import annotations

import datetime as dt
import shutil
import socket
import ssl
import stat
import subprocess
import threading
from collections.abc import Callable
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec

from magacin.core import certificates
from magacin.core.certificates import Authority, CertificateError, Files, checked, normal_name

NOW = dt.datetime.now(dt.UTC).replace(microsecond=0)
DAY = dt.timedelta(days=1)
NAMES = ("warehouse.lan", "magacin", "192.168.1.20", "fd00::20")


@pytest.fixture
def authority(tmp_path: Path) -> Authority:
    made = Authority(tmp_path / "warehouse.lan", "warehouse.lan")
    made.ensure(NOW)
    return made


class TestNames:
    @pytest.mark.parametrize(
        ("given", "name"),
        [
            ("Warehouse.LAN", "warehouse.lan"),
            ("magacin.local.", "magacin.local"),
            ("magacin", "magacin"),
            ("xn--skladite-5ib.example", "xn--skladite-5ib.example"),
            ("192.168.1.20", "192.168.1.20"),
            ("FD00:0::20", "fd00::20"),
        ],
    )
    def test_taken(self, given: str, name: str) -> None:
        assert normal_name(given) == name

    @pytest.mark.parametrize(
        "given",
        [
            "https://warehouse.lan",
            "warehouse.lan:8443",
            "warehouse.lan/app",
            "ware house",
            "ware_house.lan",
            "-a.lan",
            "a..lan",
            "складиште.срб",
            "",
            "192.168.1",
            "192.168.1.300",
            "a" * 64,
            ".".join(["a" * 60] * 5),
        ],
    )
    def test_no_names(self, given: str) -> None:
        with pytest.raises(CertificateError, match="neither a host name nor an IP address"):
            normal_name(given)

    @pytest.mark.parametrize("given", ["127.0.0.1", "::1", "0.0.0.0", "224.0.0.1", "fe80::1%eth0"])
    def test_addresses_that_no_phone_reaches(self, given: str) -> None:
        with pytest.raises(CertificateError, match="no address by which another device"):
            normal_name(given)

    @pytest.mark.parametrize("given", ["localhost", "LOCALHOST", "magacin.localhost"])
    def test_this_machine_alone(self, given: str) -> None:
        with pytest.raises(CertificateError, match="this machine alone"):
            normal_name(given)


def handshake(authority: Path, server: Files, name: str) -> None:
    """Have a client that trusts an authority connect to a server by a name."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(server.certificate, server.key)
    client = ssl.create_default_context(cafile=str(authority))
    near, far = socket.socketpair()
    with near, far:
        serving = threading.Thread(target=_serve, args=(context, far))
        serving.start()
        try:
            client.wrap_socket(near, server_hostname=name).close()
        finally:
            near.close()
            serving.join()


def _serve(context: ssl.SSLContext, connection: socket.socket) -> None:
    try:
        context.wrap_socket(connection, server_side=True).close()
    except OSError:
        connection.close()  # the client refused


class TestAuthority:
    @pytest.mark.parametrize("name", NAMES)
    def test_a_client_that_trusts_it_connects_by_that_name_and_no_other(
        self, tmp_path: Path, name: str
    ) -> None:
        made = Authority(tmp_path / "a", name)
        made.ensure(NOW)
        handshake(made.public, made.server, name)
        with pytest.raises(ssl.SSLCertVerificationError, match="mismatch"):
            handshake(made.public, made.server, "bank.example")

    @pytest.mark.parametrize("name", NAMES)
    @pytest.mark.parametrize("other", ["bank.example", "8.8.8.8", "2001:db8::1"])
    def test_what_it_might_sign_for_another_name_is_refused(
        self, tmp_path: Path, name: str, other: str
    ) -> None:
        """As somebody would who has stolen its key."""
        made = Authority(tmp_path / "a", name)
        made.ensure(NOW)
        thief = Authority(made.folder, other)
        thief.issue(NOW)
        with pytest.raises(ssl.SSLCertVerificationError, match=r"(permitted|excluded) subtree violation"):
            handshake(made.public, made.server, other)

    @pytest.mark.parametrize("name", NAMES)
    def test_openssl_agrees(self, tmp_path: Path, name: str) -> None:
        openssl = shutil.which("openssl")
        if openssl is None:
            pytest.skip("there is no openssl command here")
        made = Authority(tmp_path / "a", name)
        made.ensure(NOW)
        option = "-verify_ip" if certificates._address(name) else "-verify_hostname"
        purpose = ("-x509_strict", "-purpose", "sslserver", option, name)
        done = subprocess.run(
            [openssl, "verify", *purpose, "-CAfile", made.public, made.server.certificate],
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.returncode == 0, done.stdout + done.stderr

    def test_how_long_they_live(self, authority: Authority) -> None:
        ours = x509.load_pem_x509_certificate(authority.public.read_bytes())
        assert ours.not_valid_after_utc - NOW == 3652 * DAY
        known = checked(authority.server, "warehouse.lan", NOW)
        assert known.not_valid_after_utc - known.not_valid_before_utc < 398 * DAY

    def test_only_the_owner_reads_the_keys(self, authority: Authority) -> None:
        assert stat.S_IMODE(authority.folder.stat().st_mode) == 0o700
        for name in ("authority.pem", "server.pem"):
            assert stat.S_IMODE((authority.folder / name).stat().st_mode) == 0o600
        assert "PRIVATE" not in authority.public.read_text()

    def test_the_certificate_is_renewed_thirty_days_before_its_end_and_the_authority_stays(
        self, tmp_path: Path
    ) -> None:
        authority = Authority(tmp_path / "a", "warehouse.lan")
        authority.ensure(NOW - 60 * DAY)
        public, server = authority.public.read_bytes(), authority.server.certificate.read_bytes()
        authority.ensure(NOW - DAY)
        assert authority.server.certificate.read_bytes() == server
        authority.ensure(NOW)
        assert authority.server.certificate.read_bytes() != server
        assert checked(authority.server, "warehouse.lan", NOW + 89 * DAY)
        assert authority.public.read_bytes() == public
        handshake(authority.public, authority.server, "warehouse.lan")

    def test_at_its_own_end_it_renews_nothing_any_more_and_then_begins_anew(
        self, authority: Authority
    ) -> None:
        public = authority.public.read_bytes()
        last = NOW + 3651 * DAY
        authority.ensure(last)
        ends = checked(authority.server, "warehouse.lan", last).not_valid_after_utc
        assert ends == NOW + 3652 * DAY
        server = authority.server.certificate.read_bytes()
        authority.ensure(last + dt.timedelta(minutes=1))
        assert authority.server.certificate.read_bytes() == server
        authority.ensure(NOW + 3652 * DAY)
        assert authority.public.read_bytes() != public
        assert checked(authority.server, "warehouse.lan", NOW + 3700 * DAY)

    def test_a_certificate_that_is_gone_or_of_another_authority_is_made_again(
        self, authority: Authority, tmp_path: Path
    ) -> None:
        other = Authority(tmp_path / "other", "warehouse.lan")
        other.ensure(NOW)
        shutil.copy(other.server.certificate, authority.server.certificate)
        authority.ensure(NOW)
        handshake(authority.public, authority.server, "warehouse.lan")
        authority.server.certificate.unlink()
        authority.ensure(NOW)
        handshake(authority.public, authority.server, "warehouse.lan")

    def test_a_damaged_authority_is_not_replaced_in_silence(self, authority: Authority) -> None:
        (authority.folder / "authority.pem").write_text("torn")
        with pytest.raises(CertificateError, match="holds no certificate"):
            authority.ensure(NOW)


def _without_key(files: Files) -> None:
    files.key.unlink()


def _of_another(files: Files) -> None:
    key = ec.generate_private_key(ec.SECP256R1())
    files.key.write_bytes(_pem(key, serialization.NoEncryption()))


def _encrypted(files: Files) -> None:
    key = serialization.load_pem_private_key(files.key.read_bytes(), None)
    files.key.write_bytes(_pem(key, serialization.BestAvailableEncryption(b"word")))


def _pem(key: object, encryption: serialization.KeySerializationEncryption) -> bytes:
    assert isinstance(key, ec.EllipticCurvePrivateKey)
    return key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, encryption)


def _no_pem(files: Files) -> None:
    certificate = x509.load_pem_x509_certificate(files.certificate.read_bytes())
    files.certificate.write_bytes(certificate.public_bytes(serialization.Encoding.DER))


def _no_key_in_it(files: Files) -> None:
    files.key.write_text("-----BEGIN PRIVATE KEY-----\nZm9v\n-----END PRIVATE KEY-----\n")


class TestGiven:
    @pytest.fixture
    def files(self, authority: Authority, tmp_path: Path) -> Files:
        """As they come from elsewhere: two files."""
        given = Files(tmp_path / "given.crt", tmp_path / "given.key")
        both = authority.server.certificate.read_bytes()
        begin = both.index(b"-----BEGIN CERTIFICATE")
        given.key.write_bytes(both[:begin])
        given.certificate.write_bytes(both[begin:])
        return given

    def test_what_is_right(self, files: Files) -> None:
        assert checked(files, "warehouse.lan", NOW)

    def test_a_wildcard_is_for_one_label(self, authority: Authority) -> None:
        wild = Authority(authority.folder, "*.lan")
        wild.issue(NOW)
        assert checked(wild.server, "warehouse.lan", NOW)
        for other in ("a.warehouse.lan", "lan", "192.168.1.20"):
            with pytest.raises(CertificateError, match=f"is not for {other}") as caught:
                checked(wild.server, other, NOW)
            assert caught.value.advice == "It is for: *.lan."

    @pytest.mark.parametrize(
        ("spoil", "said"),
        [
            (_without_key, "cannot read"),
            (_of_another, "is not that of the certificate"),
            (_encrypted, "is encrypted"),
            (_no_pem, "holds no certificate in PEM"),
            (_no_key_in_it, "holds no private key in PEM"),
        ],
    )
    def test_what_is_wrong(self, files: Files, spoil: Callable[[Files], None], said: str) -> None:
        spoil(files)
        with pytest.raises(CertificateError, match=said):
            checked(files, "warehouse.lan", NOW)

    def test_at_the_wrong_time(self, files: Files) -> None:
        with pytest.raises(CertificateError, match="ended on"):
            checked(files, "warehouse.lan", NOW + 90 * DAY)
        with pytest.raises(CertificateError, match="valid only from"):
            checked(files, "warehouse.lan", NOW - 2 * DAY)
