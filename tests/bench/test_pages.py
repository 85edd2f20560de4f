"""bench.pages runs from end to end; what it measures is for people to judge, on a machine that they know."""

import re
import subprocess
import sys

import pytest


@pytest.mark.slow
def test_every_page_and_list_is_asked_for_and_weighed() -> None:
    asked = ("--users", "500", "--times", "1", "--streams", "3", "--seconds", "1")
    done = subprocess.run((sys.executable, "-m", "bench.pages", *asked), capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert len(re.findall(r" ms +[0-9.]+ ms +[0-9.]+ ms +[0-9]+ KiB", done.stdout)) > 45
    assert not re.search(r" [345][0-9][0-9] [<{]", done.stdout), "an answer that is none"
    assert "3 open pages, a run in progress" in done.stdout
