from __future__ import annotations

import os
import re
import stat
import threading
from dataclasses import replace
from pathlib import Path

import pytest

from magacin.imports.spool import Spool
from magacin.stack import paths
from magacin.stack.errors import StackError
from magacin.stack.paths import DataDir


def mode(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


@pytest.fixture
def data(tmp_path: Path) -> DataDir:
    return DataDir(tmp_path / "data")


class TestCreate:
    def test_folders_are_private(self, data: DataDir) -> None:
        data.create()
        for folder in (
            data.secrets,
            data.etc,
            data.run,
            data.logs,
            data.redis,
            data.prometheus,
            data.imports,
        ):
            assert mode(folder) == 0o700, folder

    @pytest.mark.parametrize("name", ["", "incoming"])
    def test_a_folder_of_imports_that_is_there_keeps_its_mode(self, data: DataDir, name: str) -> None:
        folder = data.imports / name
        folder.mkdir(parents=True)
        folder.chmod(0o2770)
        data.create()
        Spool(data.imports).create()
        assert mode(folder) == 0o2770

    @pytest.mark.skipif(os.geteuid() != 0, reason="only root gives files away")
    def test_and_its_owner(self, data: DataDir) -> None:
        data.imports.mkdir(parents=True)
        os.chown(data.imports, 12_345, 12_345)
        data.create()
        assert data.imports.stat().st_uid == 12_345

    def test_it_may_be_a_link_to_a_share(self, data: DataDir, tmp_path: Path) -> None:
        (tmp_path / "share").mkdir(mode=0o755)
        data.path.mkdir()
        data.imports.symlink_to(tmp_path / "share")
        data.create()
        Spool(data.imports).create()
        assert (tmp_path / "share" / "incoming").is_dir()

    @pytest.mark.parametrize("name", ["", "incoming"])
    def test_one_that_cannot_be_written_to_is_named(
        self, data: DataDir, name: str, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        folder = data.imports / name
        folder.mkdir(parents=True)
        monkeypatch.setattr(os, "access", lambda path, _: path != folder)
        with pytest.raises(StackError, match=f"may not write to {re.escape(str(folder))},"):
            data.create()

    def test_others_may_pass_through_but_not_look(self, data: DataDir) -> None:
        data.create()
        assert mode(data.path) == 0o711

    def test_a_folder_that_cannot_be_made_is_a_clear_error(self, tmp_path: Path) -> None:
        (tmp_path / "file").touch()
        with pytest.raises(StackError, match="cannot write to the data directory"):
            DataDir(tmp_path / "file" / "data").create()

    @pytest.mark.parametrize("name", ["file", "file/data", "file/more/data", "x" * 300])
    def test_what_cannot_be_a_folder_is_a_clear_error(self, tmp_path: Path, name: str) -> None:
        (tmp_path / "file").touch()
        with pytest.raises(StackError, match="cannot be a data directory"):
            DataDir(tmp_path / name).check_folder()

    def test_a_folder_that_is_there_or_not_yet_is_fine(self, tmp_path: Path) -> None:
        DataDir(tmp_path).check_folder()
        DataDir(tmp_path / "new" / "data").check_folder()

    @pytest.mark.parametrize("name", ["a%b", "a;b", 'a"b', "a\nb", "a'b", "a\\b", "a #b"])
    def test_a_path_that_configuration_files_cannot_express_is_refused(self, name: str) -> None:
        with pytest.raises(StackError, match="must not contain"):
            DataDir(Path("/tmp") / name).check_path()

    def test_so_is_a_checkout_there(self, data: DataDir, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(paths, "ROOT", Path("/srv/our #1 warehouse"))
        with pytest.raises(StackError, match="checkout must not contain ' #'"):
            data.check_path()

    def test_a_number_sign_behind_no_blank_is_fine(self) -> None:
        DataDir(Path("/tmp/hall#2/#data")).check_path()

    def test_spaces_and_letters_of_any_language_are_fine(self) -> None:
        DataDir(Path("/tmp/magacin š/данные")).check_path()


class TestIdentity:
    def test_looking_creates_nothing(self, data: DataDir) -> None:
        assert data.identity() is None
        assert data.resolve_offset(5) == 5
        assert data.resolve_offset(None) == 0
        assert not data.path.exists()

    def test_the_offset_is_remembered(self, data: DataDir) -> None:
        data.create()
        first = data.remember(300)
        assert data.remember(0) == first
        assert data.resolve_offset(None) == 300
        assert data.resolve_offset(300) == 300

    def test_is_production_until_it_is_said_that_it_is_not(self, data: DataDir) -> None:
        data.create()
        assert data.remember(7).production
        data.not_production()
        assert data.identity() == replace(data.remember(7), production=False)

    def test_what_is_not_there_stays_not_there(self, data: DataDir) -> None:
        data.not_production()
        assert data.identity() is None

    def test_another_offset_is_refused_with_the_reason(self, data: DataDir) -> None:
        data.create()
        data.remember(300)
        with pytest.raises(StackError, match="has port offset 300, not 0"):
            data.resolve_offset(0)

    @pytest.mark.parametrize("content", ["", "{}", "[]", '{"id": "x", "port_offset": "many"}'])
    def test_a_damaged_file_is_named(self, data: DataDir, content: str) -> None:
        data.create()
        data.identity_file.write_text(content)
        with pytest.raises(StackError, match=r"stack\.json is damaged"):
            data.identity()


class TestSocket:
    def test_lies_in_the_data_directory_when_it_fits(self) -> None:
        assert DataDir(Path("/srv/magacin")).socket() == Path("/srv/magacin/run/supervisor.sock")

    def test_moves_to_a_short_private_folder_when_it_does_not(self) -> None:
        long = DataDir(Path("/srv") / ("x" * 100))
        assert len(os.fsencode(long.socket())) < 60
        assert long.socket().parent.name == f"magacin-{os.geteuid()}"
        assert long.socket() != DataDir(Path("/srv") / ("y" * 100)).socket()

    def test_bytes_are_what_counts(self) -> None:
        # 40 letters, 80 bytes.
        assert "supervisor.sock" not in str(DataDir(Path("/srv") / ("ш" * 40)).socket())


def test_the_second_to_lock_waits_and_is_told(data: DataDir) -> None:
    data.create()
    order: list[str] = []
    waiting = threading.Event()

    def second() -> None:
        with data.lock(waiting.set):
            order.append("second")

    with data.lock(lambda: order.append("never")):
        thread = threading.Thread(target=second)
        thread.start()
        assert waiting.wait(60)
        order.append("first")
    thread.join(60)
    assert order == ["first", "second"]
