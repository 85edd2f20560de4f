"""The container image, built and run without a daemon (make test-image): its size, its user, its health, its end.

Where no registry of images is reached, the base is a Debian with its own Python (deploy/image.sh).
"""

import json
import os
import re
import subprocess
import tarfile
from collections.abc import Iterator
from pathlib import Path
from time import monotonic

import httpx
import pytest

from scim_bridge.sandbox.server import Sandbox
from tests.deploy.boxed import USER, boxed, stop
from tests.e2e.world import World, organization
from tests.waiting import PATIENCE, until

pytestmark = pytest.mark.image
ROOT = Path(__file__).parents[2]
STORE = os.environ.get("IMAGE_STORE", "/var/tmp/scim-bridge-images")
BUILDAH = ("buildah", "--storage-driver", "overlay", "--root", f"{STORE}/root", "--runroot", f"{STORE}/run")
MOST_ABOVE_BASE = 250 * 1000 * 1000
PROGRAM = ("/usr/bin/env", "-i", "PATH=/app/.venv/bin:/usr/local/bin:/usr/bin:/bin", "PYTHONUNBUFFERED=1")


def _buildah(*arguments: str) -> str:
    return subprocess.run([*BUILDAH, *arguments], check=True, capture_output=True, text=True).stdout.strip()


@pytest.fixture(scope="module")
def image() -> str:
    """The name of the image, built now; what has not changed comes from the store."""
    built = subprocess.run([ROOT / "deploy" / "image.sh"], check=True, stdout=subprocess.PIPE, text=True, cwd=ROOT)
    return built.stdout.strip()


@pytest.fixture(scope="module")
def root(image: str) -> Iterator[Path]:
    """Its files."""
    container = _buildah("from", "--pull-never", image)
    try:
        yield Path(_buildah("mount", container))
    finally:
        _buildah("rm", container)


def test_it_adds_little_to_its_base(image: str) -> None:
    base = re.findall(r"^FROM (\S+)", (ROOT / "Dockerfile").read_text(encoding="utf-8"), re.MULTILINE)[-1]
    sizes = {row["names"][0]: row["size"] for row in json.loads(_buildah("images", "--json")) if row.get("names")}
    above = _bytes(sizes[image]) - _bytes(sizes[base])
    assert above < MOST_ABOVE_BASE, f"{above / 1e6:.0f} MB"


def _bytes(size: str) -> float:
    number, unit = size.split()
    return float(number) * {"MB": 1e6, "GB": 1e9}[unit]


def test_it_says_how_it_is_run(image: str) -> None:
    config = json.loads(_buildah("inspect", "--type", "image", image))["Docker"]["config"]
    assert config["User"] == f"{USER}:{USER}"
    assert "/healthz" in " ".join(config["Healthcheck"]["Test"])
    assert config["Entrypoint"] == ["scim-bridge", "--config", "/data/bridge.yaml"]
    assert list(config["Volumes"]) == ["/data"]


def test_nothing_in_it_is_writable_but_its_data_and_everything_is_compiled(root: Path) -> None:
    owned = [path for path in root.rglob("*") if path.lstat().st_uid == USER and not path.is_relative_to(root / "proc")]
    assert owned == [root / "data"]
    (code,) = (root / "app" / ".venv" / "lib").glob("python3*/site-packages/scim_bridge")
    sources = list(code.rglob("*.py"))
    assert all(list((path.parent / "__pycache__").glob(f"{path.stem}.*.pyc")) for path in sources)
    assert not list(root.glob("uv/*"))  # what builds it is not in it


def test_the_demo_runs_in_it(root: Path, folder: Path) -> None:
    with boxed(root, folder, [*PROGRAM, "scim-bridge", "demo", "--once"]) as process:
        out, err = process.communicate(timeout=PATIENCE)
    assert process.returncode == 0, err
    assert "59 write requests (at least 59 are needed)" in out
    assert "監査権限セット" in out  # read over the AWS APIs, whose descriptions the image still has


def test_ldap_is_inside(root: Path, folder: Path) -> None:
    program = "import ldap, ldap.sasl, os; print(os.getuid(), ldap.__version__)"
    with boxed(root, folder, [*PROGRAM, "python3", "-c", program]) as process:
        out, err = process.communicate(timeout=PATIENCE)
    assert out.split()[0] == str(USER), err


def test_it_is_healthy_and_ends_when_it_is_stopped(root: Path, folder: Path) -> None:
    """`run` as process 1 with the health check of the image, and SIGTERM as `docker stop` sends it."""
    people = organization(12, 2)
    check = re.search(r'CMD \["python3", "-c", "(.*)"\]', (ROOT / "Dockerfile").read_text(encoding="utf-8"))
    assert check is not None
    with Sandbox() as sandbox:
        world = World(folder, sandbox)
        world.configure()
        world.write(people)
        with boxed(root, folder, [*PROGRAM, "scim-bridge", "--config", "/data/bridge.yaml", "run"]) as process:
            assert process.stderr is not None
            url = process.stderr.readline().removeprefix("pages: ").strip()
            until(lambda: httpx.get(f"{url}/healthz").status_code == 200)
            subprocess.run(["python3", "-c", check[1].replace("http://127.0.0.1:8080", url)], check=True)
            until(lambda: sandbox.counts.writes >= 14)
            begun = monotonic()
            code, said = stop(process, PATIENCE)
            assert (code, said.splitlines()[-1]) == (0, "stopped")
            assert monotonic() - begun < 10
        assert sorted(path.name for path in folder.glob("*.db")) == ["scim-bridge.db"]


def test_a_release_is_complete_and_checked(image: str, tmp_path: Path) -> None:
    """The same as `make release`, into another folder: the image is saved with a name that Docker takes."""
    release = tmp_path / "dist"
    subprocess.run(["make", "release", f"RELEASE={release}"], cwd=ROOT, check=True, capture_output=True)
    version = image.rpartition(":")[2]
    assert sorted(path.name for path in release.iterdir()) == [
        "SHA256SUMS",
        "licenses.md",
        f"scim-bridge-{version}-image.tar",
        f"scim-bridge-{version}.cdx.json",
        f"scim_bridge-{version}-py3-none-any.whl",
    ]
    subprocess.run(["sha256sum", "--check", "--strict", "SHA256SUMS"], cwd=release, check=True, capture_output=True)
    with tarfile.open(release / f"scim-bridge-{version}-image.tar") as saved:
        manifest = saved.extractfile("manifest.json")
        assert manifest is not None
        assert f"scim-bridge:{version}" in json.load(manifest)[0]["RepoTags"][0]
