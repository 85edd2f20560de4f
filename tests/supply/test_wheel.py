"""The wheel is reproducible: the same sources give the same bytes, whenever, wherever and by whomever it is built."""

import os
import shutil
import subprocess
import sys
import zipfile
from pathlib import Path

ROOT = Path(__file__).parents[2]
SOURCES = ("scim_bridge", "mappings", "pyproject.toml", "README.md")


def _built(folder: Path, umask: int, age: int) -> Path:
    """A wheel of a copy of the sources, whose files are so old and have other modes."""
    for name in SOURCES:
        source = ROOT / name
        if source.is_dir():
            shutil.copytree(source, folder / name, ignore=shutil.ignore_patterns("__pycache__"))
        else:
            shutil.copy(source, folder / name)
    for path in folder.rglob("*"):
        path.chmod(0o777 & ~umask if path.is_dir() else 0o666 & ~umask)
        os.utime(path, (age, age))
    command = [sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", "out"]
    subprocess.run(command, cwd=folder, check=True, capture_output=True, umask=umask)
    (wheel,) = (folder / "out").glob("*.whl")
    return wheel


def test_the_wheel_is_the_same_twice(tmp_path: Path) -> None:
    folders = tmp_path / "one", tmp_path / "another one"
    for folder in folders:
        folder.mkdir()
    wheel, other = _built(folders[0], 0o022, 1_000_000_000), _built(folders[1], 0o027, 1_700_000_000)
    assert wheel.name == other.name
    assert wheel.read_bytes() == other.read_bytes()
    names = zipfile.ZipFile(wheel).namelist()
    assert "scim_bridge/mappings/csv.yaml" in names
    assert "scim_bridge/service/locale/ja/LC_MESSAGES/scim_bridge.po" in names
    assert not [name for name in names if "tests" in name or "__pycache__" in name]
