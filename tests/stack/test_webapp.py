"""Building the console's pages: once for each state of the sources, with whatever Node.js there is."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest

from magacin.stack import webapp
from magacin.stack.errors import StackError
from tests.stack.test_lifecycle import Recorder

# Stands for npm and for Vite: says what it was called with, and makes what they would.
NPM = """#!/bin/sh
echo "$@" >> "$PWD/.calls"
mkdir -p node_modules/vite/bin
echo 'npm http fetch GET 200 https://registry/one/-/one-1.0.0.tgz 10ms'
"""
NODE = """#!/bin/sh
[ "$1" = --version ] && { echo VERSION; exit; }
echo build >> "$PWD/.calls"
mkdir -p dist.new && echo page > dist.new/index.html
"""


@pytest.fixture
def web(tmp_path: Path) -> Path:
    web = tmp_path / "web"
    (web / "src").mkdir(parents=True)
    (web / "package.json").write_text(json.dumps({"engines": {"node": ">=20.19.0"}}))
    (web / "package-lock.json").write_text(json.dumps({"packages": {"": {}, "node_modules/one": {}}}))
    (web / "src" / "main.ts").write_text("one")
    return web


@pytest.fixture
def path(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder that is all there is to find Node.js in; PyPI has brought none."""
    folder = tmp_path / "bin"
    folder.mkdir()

    def which(name: str, path: str) -> str | None:
        return str(folder / name) if (folder / name).exists() else None

    monkeypatch.setattr(shutil, "which", which)
    monkeypatch.setattr(webapp, "_from_pypi", lambda: None)
    return folder


def put(path: Path, *, npm: str = NPM, version: str = "v22.1.0", node: str = NODE) -> None:
    for name, text in (("npm", npm), ("node", node.replace("VERSION", version))):
        if text:
            (path / name).write_text(text)
            (path / name).chmod(0o755)


def calls(web: Path) -> list[str]:
    file = web / ".calls"
    return [line.split()[0] for line in file.read_text().splitlines()] if file.exists() else []


class TestEnsure:
    def test_builds_once(self, web: Path, path: Path) -> None:
        put(path)
        report = Recorder()
        webapp.ensure(report, web)
        webapp.ensure(report, web)
        assert calls(web) == ["ci", "build"]
        assert (web / "dist" / "index.html").read_text() == "page\n"
        assert any("(1/1)" in line for line in report.said)

    def test_again_when_a_source_has_changed_without_fetching_again(self, web: Path, path: Path) -> None:
        put(path)
        webapp.ensure(Recorder(), web)
        (web / ".calls").unlink()
        (web / "src" / "main.ts").write_text("two")
        webapp.ensure(Recorder(), web)
        assert calls(web) == ["build"]

    def test_fetches_again_when_the_lock_file_has_changed(self, web: Path, path: Path) -> None:
        put(path)
        webapp.ensure(Recorder(), web)
        (web / ".calls").unlink()
        (web / "package-lock.json").write_text(json.dumps({"packages": {"": {}}}))
        webapp.ensure(Recorder(), web)
        assert calls(web) == ["ci", "build"]

    def test_a_new_file_and_a_file_that_is_gone_are_changes(self, web: Path) -> None:
        first = webapp.digest(web)
        (web / "src" / "more.ts").write_text("")
        second = webapp.digest(web)
        (web / "src" / "main.ts").unlink()
        assert len({first, second, webapp.digest(web)}) == 3

    def test_what_is_made_is_no_source(self, web: Path) -> None:
        before = webapp.digest(web)
        for folder in ("node_modules", "dist", "dist.new", ".vite"):
            (web / folder).mkdir()
            (web / folder / "file").write_text("x")
        assert webapp.digest(web) == before

    def test_one_that_fails_is_told_and_the_old_one_stays(self, web: Path, path: Path) -> None:
        put(path)
        webapp.ensure(Recorder(), web)
        (web / "src" / "main.ts").write_text("two")
        put(
            path,
            node='#!/bin/sh\n[ "$1" = --version ] && { echo v22.0.0; exit; }\necho no such colour; exit 1\n',
        )
        with pytest.raises(StackError, match="could not be built") as caught:
            webapp.ensure(Recorder(), web)
        assert "no such colour" in caught.value.details
        assert (web / "dist" / "index.html").exists()
        with pytest.raises(StackError):
            webapp.ensure(Recorder(), web)

    def test_npm_that_fails_is_told_without_its_fetches(self, web: Path, path: Path) -> None:
        put(path, npm="#!/bin/sh\necho npm http fetch GET 200 x; echo npm error offline; exit 1\n")
        with pytest.raises(StackError) as caught:
            webapp.ensure(Recorder(), web)
        assert caught.value.details[1:] == ("npm error offline",)


class TestNode:
    @pytest.fixture(autouse=True)
    def _no_index(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setenv("PIP_NO_INDEX", "1")
        monkeypatch.setenv("PIP_FIND_LINKS", "")

    def test_none_is_an_error_with_the_version(self, web: Path, path: Path) -> None:
        with pytest.raises(StackError, match=r"Node\.js 20\.19\.0 or newer"):
            webapp.ensure(Recorder(), web)

    @pytest.mark.parametrize("version", ["v18.20.4", "v20.18.9", "nonsense"])
    def test_an_older_one_does_not_do(self, web: Path, path: Path, version: str) -> None:
        put(path, version=version)
        with pytest.raises(StackError, match=r"Node\.js 20\.19\.0 or newer"):
            webapp.ensure(Recorder(), web)

    @pytest.mark.parametrize("version", ["v20.19.0", "v24.0.1"])
    def test_this_one_does(self, web: Path, path: Path, version: str) -> None:
        put(path, version=version)
        webapp.ensure(Recorder(), web)

    def test_one_without_npm_as_debian_has_it_does_not_do(self, web: Path, path: Path) -> None:
        put(path, npm="")
        with pytest.raises(StackError, match="there is none"):
            webapp.ensure(Recorder(), web)

    def test_that_of_pypi_is_called_without_path(
        self, web: Path, path: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        put(path)
        elsewhere = Path(shutil.copytree(path, tmp_path / "wheel"))
        node = webapp.Node(elsewhere / "node", (str(elsewhere / "npm"),))
        monkeypatch.setattr(webapp, "_from_pypi", lambda: node)
        monkeypatch.setattr(webapp, "_on_path", lambda _: None)
        webapp.ensure(Recorder(), web)
        assert calls(web) == ["ci", "build"]
