"""A program as a container runs it: process 1 of its own processes, user 10001, a root that cannot be written.

That is what `docker run --read-only` makes, without Docker: by namespaces of the kernel, as root.
"""

import os
import shutil
import signal
import subprocess
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import pytest

USER = 10001


def _may_make_a_box() -> bool:
    """Whether this machine lets us: root on Linux, and not in a container that may mount nothing."""
    if os.geteuid() != 0 or not sys.platform.startswith("linux") or not shutil.which("unshare"):
        return False
    trial = ["unshare", "--mount", "--pid", "--fork", "sh", "-c", "mount --make-rprivate / && mount -t tmpfs x /mnt"]
    return subprocess.run(trial, capture_output=True).returncode == 0


needs_root = pytest.mark.skipif(not _may_make_a_box(), reason="makes namespaces, which needs root on Linux")
_INSIDE = """
set -e
mount --make-rprivate /
root=$1 data=$2
shift 2
mount --bind "$root" "$root"
if [ "$root" = / ]; then
    mount --bind "$data" "$data"
    mount -t tmpfs -o mode=1777 tmpfs /tmp
    mount -t proc proc /proc
else
    mount -t tmpfs -o mode=1777 tmpfs "$root/tmp"
    mount -t proc proc "$root/proc"
    mount --rbind /dev "$root/dev"
    mount --bind "$data" "$root/data"
fi
mount -o remount,ro,bind "$root"
exec "$@"
"""


@contextmanager
def boxed(root: Path, data: Path, command: Sequence[str]) -> Iterator["subprocess.Popen[str]"]:
    """Process 1 in its own mounts and processes.

    root: of an image, or of this machine. data: the one folder that it can write to, /data in an image.
    """
    for path in (data, *data.rglob("*")):
        os.chown(path, USER, USER)
    inside = ["chroot", f"--userspec={USER}:{USER}", str(root), *command]
    outer = ["unshare", "--mount", "--pid", "--fork", "--kill-child", "sh", "-c", _INSIDE, "sh", str(root), str(data)]
    process = subprocess.Popen([*outer, *inside], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    try:
        yield process
    finally:
        process.kill()  # unshare takes process 1 with it, and process 1 all others
        process.communicate()


def first_of(process: "subprocess.Popen[str]") -> int:
    """The process that is number 1 inside."""
    children = Path(f"/proc/{process.pid}/task/{process.pid}/children").read_text(encoding="ascii").split()
    return int(children[0])


def stop(process: "subprocess.Popen[str]", seconds: float) -> tuple[int, str]:
    """SIGTERM to process 1, as `docker stop` sends it. Gives its exit code and what it said on stderr."""
    os.kill(first_of(process), signal.SIGTERM)
    _, said = process.communicate(timeout=seconds)
    return process.returncode, said
