"""The version stands in one place, and whatever has to repeat it agrees."""

from __future__ import annotations

import re
import shutil
import subprocess
from pathlib import Path

from magacin import __version__

ROOT = Path(__file__).parents[1]
SET_VERSION = "scripts/set-version.sh"
_TAG = re.compile(r'magacin-track(?::|\n +newTag: ")(\d[0-9a-z.]*)')


def repeated(root: Path) -> dict[str, set[str]]:
    """Return the versions of our image that each file names."""
    files = [*root.glob("docker-compose*.yml"), *root.glob("deploy/**/*.yaml"), *root.glob("docs/**/*.md")]
    found = {str(file.relative_to(root)): set(_TAG.findall(file.read_text())) for file in files}
    return {file: versions for file, versions in found.items() if versions}


def test_every_file_that_names_the_image_names_this_version() -> None:
    wrong = {file: versions for file, versions in repeated(ROOT).items() if versions != {__version__}}
    assert not wrong, f"run {SET_VERSION} {__version__}"


def test_the_script_reaches_every_file(tmp_path: Path) -> None:
    files = [SET_VERSION, "src/magacin/__init__.py", *repeated(ROOT)]
    for file in files:
        (tmp_path / file).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(ROOT / file, tmp_path / file)
    subprocess.run([tmp_path / SET_VERSION, "9.8.7rc1"], check=True)
    assert '__version__ = "9.8.7rc1"' in (tmp_path / "src/magacin/__init__.py").read_text()
    assert repeated(tmp_path) == {file: {"9.8.7rc1"} for file in repeated(ROOT)}


def test_the_script_takes_only_a_version(tmp_path: Path) -> None:
    script = tmp_path / SET_VERSION
    script.parent.mkdir()
    shutil.copy(ROOT / SET_VERSION, script)
    refused = subprocess.run([script, "v1 / 2"], capture_output=True, text=True)
    assert refused.returncode == 2
    assert "is no version" in refused.stderr


def test_the_changelog_has_a_section_for_it() -> None:
    assert re.search(rf"^## \[?{re.escape(__version__)}\b", (ROOT / "CHANGELOG.md").read_text(), re.MULTILINE)
