"""The bill of materials of a release (SBOM), in CycloneDX's JSON: from the requirement file, with its hashes.

    python -m tests.supply.bill FILE.json

The same requirement file gives the same bytes. The licenses are those of licenses.py.
"""

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

from tests.supply.licenses import REQUIREMENTS, ROOT, brought, license_of

SPECIFICATION = "1.6"


def bill() -> dict[str, Any]:
    """The document. Raises CalledProcessError if the requirement file cannot be read."""
    command = [sys.executable, "-W", "ignore", "-m", "cyclonedx_py", "requirements", str(REQUIREMENTS)]
    options = [
        "--pyproject",
        "pyproject.toml",
        "--sv",
        SPECIFICATION,
        "--output-reproducible",
        "--no-validate",
        "--of",
        "JSON",
    ]
    made = subprocess.run([*command, *options], cwd=ROOT, check=True, stdout=subprocess.PIPE)
    document: dict[str, Any] = json.loads(made.stdout)
    licenses = {name: license_of(name, about) for name, about in brought()}
    for component in document["components"]:
        # Where the index is that a package came from differs from place to place; its hashes do not.
        for reference in component.get("externalReferences", ()):
            reference["url"] = f"pkg:pypi/{component['name']}"
        if component["name"] in licenses:
            component["licenses"] = [{"expression": licenses[component["name"]]}]
    return document


def main() -> None:
    """Write it."""
    Path(sys.argv[1]).write_text(json.dumps(bill(), indent=1, sort_keys=True) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
