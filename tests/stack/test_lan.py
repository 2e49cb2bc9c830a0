from __future__ import annotations

import datetime as dt
import socket
import stat
from collections.abc import Iterator
from pathlib import Path

import pytest
from cryptography import x509

from magacin.core.certificates import Authority, checked, fingerprint
from magacin.stack import lan, ports, secrets
from magacin.stack.errors import StackError
from magacin.stack.launch_specs import launch_spec
from magacin.stack.lifecycle import Stack
from magacin.stack.paths import DataDir
from magacin.stack.render import supervisord_conf
from magacin.stack.site import Site
from magacin.stack.starting import Wish
from tests.conftest import free_port
from tests.stack.test_lifecycle import Recorder

NOW = dt.datetime.now(dt.UTC)
DAY = dt.timedelta(days=1)


@pytest.fixture
def data(tmp_path: Path) -> DataDir:
    data = DataDir(tmp_path / "data")
    data.create()
    return data


@pytest.fixture
def site(data: DataDir) -> Site:
    return Site(data, secrets.ensure(data, 100), 100)


@pytest.fixture
def given(tmp_path: Path) -> Authority:
    """An authority of somebody else's, with a certificate for warehouse.lan."""
    authority = Authority(tmp_path / "theirs", "warehouse.lan")
    authority.ensure(NOW)
    return authority


def settings(site: Site) -> dict[str, str]:
    environment = launch_spec("api-gateway", site).environment
    return {key: value for key, value in environment.items() if key.startswith("MAGACIN_LAN_")}


class TestAsked:
    def test_a_name_is_listened_for_on_all_addresses(self) -> None:
        assert lan.asked("Warehouse.lan") == lan.Lan("warehouse.lan", "0.0.0.0")
        assert lan.asked("192.168.1.20", "127.0.0.1") == lan.Lan("192.168.1.20", "127.0.0.1")

    @pytest.mark.parametrize("name", ["https://warehouse.lan", "warehouse.lan:8443", "a b", "a_b.lan"])
    def test_what_is_no_name(self, name: str) -> None:
        with pytest.raises(StackError, match="neither a host name nor an IP address") as caught:
            lan.asked(name)
        assert "without https://, without a port" in caught.value.details[0]

    @pytest.mark.parametrize("address", ["192.0.2.1", "warehouse.lan", "127.0.0.1:8443"])
    def test_an_address_that_this_machine_does_not_have(self, address: str) -> None:
        with pytest.raises(StackError, match="is no address of this machine"):
            lan.asked("warehouse.lan", address)

    def test_a_certificate_with_its_key(self, given: Authority, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.chdir(given.folder)
        both = lan.asked("warehouse.lan", certificate=Path("server.pem"))
        file = str(given.server.certificate)
        assert (both.certificate, both.key) == (file, file)

    def test_a_certificate_that_has_ended(self, given: Authority) -> None:
        given.issue(NOW - 3 * DAY, days=2)
        with pytest.raises(StackError, match="ended on"):
            lan.asked("warehouse.lan", certificate=given.server.certificate)

    def test_a_certificate_for_another_name(self, given: Authority) -> None:
        with pytest.raises(StackError, match=r"is not for shop\.lan") as caught:
            lan.asked("shop.lan", certificate=given.server.certificate)
        assert caught.value.details == ("It is for: warehouse.lan.",)

    def test_a_key_that_is_another_certificates(self, given: Authority, tmp_path: Path) -> None:
        other = Authority(tmp_path / "other", "warehouse.lan")
        other.ensure(NOW)
        with pytest.raises(StackError, match="is not that of the certificate"):
            lan.asked("warehouse.lan", None, given.server.certificate, other.server.key)

    def test_files_that_are_not_there(self, tmp_path: Path) -> None:
        with pytest.raises(StackError, match="cannot read"):
            lan.asked("warehouse.lan", certificate=tmp_path / "none.pem")
        with pytest.raises(StackError, match="the key of a certificate"):
            lan.asked("warehouse.lan", key=tmp_path / "none.pem")

    def test_a_path_that_supervisord_cannot_be_told(self, given: Authority, tmp_path: Path) -> None:
        odd = tmp_path / "it's.pem"
        odd.write_bytes(given.server.certificate.read_bytes())
        with pytest.raises(StackError, match="must not contain"):
            lan.asked("warehouse.lan", certificate=odd)


class TestPrepared:
    def test_an_authority_is_made_and_stays(self, site: Site) -> None:
        door = lan.asked("warehouse.lan", "127.0.0.1")
        lan.prepare(site.data, door)
        assert lan.read(site.data) == door
        ours = lan.authority(site.data, door)
        assert checked(ours.server, "warehouse.lan", NOW)
        public = ours.public.read_bytes()
        assert lan.fingerprint(site.data, door) == fingerprint(x509.load_pem_x509_certificate(public))
        lan.prepare(site.data, lan.asked("192.168.1.20", "127.0.0.1"))
        lan.prepare(site.data, door)
        assert ours.public.read_bytes() == public
        for path in site.data.lan.rglob("*"):
            assert stat.S_IMODE(path.stat().st_mode) == (0o700 if path.is_dir() else 0o600), path

    def test_the_gateway_is_told_where_it_is_and_nothing_secret(self, site: Site) -> None:
        door = lan.asked("fd00::20", "127.0.0.1")
        lan.prepare(site.data, door)
        assert settings(site) == {
            "MAGACIN_LAN_NAME": "fd00::20",
            "MAGACIN_LAN_HOST": "127.0.0.1",
            "MAGACIN_LAN_PORT": "8543",
            "MAGACIN_LAN_AUTHORITY_PORT": "8542",
            "MAGACIN_LAN_DIR": str(site.data.lan),
        }
        assert "PRIVATE KEY" not in supervisord_conf(site)
        assert door.url(100) == "https://[fd00::20]:8543/"
        assert door.page(100) == "http://[fd00::20]:8542/authority"

    def test_a_certificate_that_was_given_is_named_and_no_page_is_opened(
        self, site: Site, given: Authority
    ) -> None:
        file = given.server.certificate
        door = lan.asked("warehouse.lan", "127.0.0.1", file)
        lan.prepare(site.data, door)
        assert settings(site)["MAGACIN_LAN_CERTIFICATE_FILE"] == str(file)
        assert settings(site)["MAGACIN_LAN_KEY_FILE"] == str(file)
        assert "MAGACIN_LAN_DIR" not in settings(site)
        assert not site.data.lan.exists()
        assert (door.page(100), list(door.ports(100))) == (None, [8543])
        assert lan.fingerprint(site.data, door) is None

    def test_without_it_nothing_is_opened(self, site: Site) -> None:
        lan.prepare(site.data, lan.asked("warehouse.lan", "127.0.0.1"))
        lan.forget(site.data)
        lan.forget(site.data)
        assert lan.read(site.data) is None
        assert settings(site) == {}

    def test_a_damaged_authority_is_not_replaced_in_silence(self, data: DataDir) -> None:
        door = lan.asked("warehouse.lan", "127.0.0.1")
        lan.prepare(data, door)
        (data.lan / "warehouse.lan" / "authority.pem").write_text("torn")
        with pytest.raises(StackError, match="holds no certificate") as caught:
            lan.prepare(data, door)
        assert "every phone has to be told" in caught.value.details[0]

    def test_the_options_that_ask_for_it_again(self, given: Authority) -> None:
        file = str(given.server.certificate)
        door = lan.asked("warehouse.lan", "127.0.0.1", Path(file))
        assert door.options() == [
            *("--lan", "warehouse.lan", "--lan-bind", "127.0.0.1"),
            *("--certificate", file, "--key", file),
        ]


class TestBeforeAnythingStarts:
    @pytest.fixture
    def taken(self, monkeypatch: pytest.MonkeyPatch) -> Iterator[int]:
        port = free_port()
        monkeypatch.setattr(lan, "LAN_PORT", port)
        with socket.create_server(("127.0.0.1", port)):
            yield port

    def test_a_port_that_is_taken_is_named(self, taken: int) -> None:
        for bind in ("127.0.0.1", "0.0.0.0"):
            with pytest.raises(StackError, match="a port is taken") as caught:
                ports.require_free([], 0, lan.Lan("warehouse.lan", bind))
            assert caught.value.details[0].startswith(f"port {taken}, wanted by --lan, is held by")

    def test_the_folder_is_not_even_made(self, taken: int, tmp_path: Path) -> None:
        stack = Stack(DataDir(tmp_path / "data"), Recorder())
        with pytest.raises(StackError, match="taken, so nothing was started"):
            stack.up(Wish(only="app", lan=lan.Lan("warehouse.lan", "127.0.0.1")))
        assert not stack.data.path.exists()

    def test_it_is_about_the_gateway(self, tmp_path: Path) -> None:
        stack = Stack(DataDir(tmp_path / "data"), Recorder())
        with pytest.raises(StackError, match="about the API Gateway"):
            stack.up(Wish(only="monitoring", port_offset=20_000, lan=lan.Lan("warehouse.lan", "127.0.0.1")))
        assert stack.status() == []
