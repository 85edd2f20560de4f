"""The licenses of everything that a release brings with it, and whether each permits to pass it on.

    python -m tests.supply.licenses         # writes docs/licenses.md

They are read from what is installed, so `make setup` comes first. What a package says of itself is often not an SPDX
expression (https://spdx.org/licenses/); READ has what its license file says then.
"""

import re
import sys
from collections.abc import Iterator, Mapping
from importlib.metadata import PackageMetadata, PackageNotFoundError, metadata
from pathlib import Path

from license_expression import ExpressionError, LicenseSymbol, get_spdx_licensing
from packaging.requirements import Requirement

ROOT = Path(__file__).parents[2]
REQUIREMENTS = ROOT / "requirements" / "ldap.txt"
LIST = ROOT / "docs" / "licenses.md"
ALLOWED = frozenset({
    "0BSD", "Apache-2.0", "BSD-2-Clause", "BSD-3-Clause", "CNRI-Python", "ISC", "LGPL-3.0-only",
    "LicenseRef-python-ldap", "MIT", "MIT-0", "MPL-2.0", "PSF-2.0",
})  # fmt: skip
"""None of them asks for more than that its text and its notices go with an unchanged package. LGPL: psycopg is a
package of its own, which anyone can replace."""
SAID: Mapping[str, str] = {
    "Apache 2.0": "Apache-2.0",
    "Apache License 2.0": "Apache-2.0",
    "Apache Software License": "Apache-2.0",
    "ISC License (ISCL)": "ISC",
    "ISC License": "ISC",
    "MIT License": "MIT",
    "Mozilla Public License 2.0 (MPL 2.0)": "MPL-2.0",
    "Python Software Foundation License": "PSF-2.0",
}
"""What people write → SPDX, where it can mean one license only."""
READ: Mapping[str, str] = {
    "itsdangerous": "BSD-3-Clause",
    "jinja2": "BSD-3-Clause",
    "pyasn1-modules": "BSD-2-Clause",
    "python-dateutil": "Apache-2.0 AND BSD-3-Clause",
    "python-ldap": "MIT AND LicenseRef-python-ldap",
}
"""By name: what its license file says. LicenseRef-python-ldap: "Python-style", use for any purpose without warranty."""
_SPDX = get_spdx_licensing()


def brought() -> Iterator[tuple[str, PackageMetadata]]:
    """Each package that a release brings to Linux, by the name that the requirement file has. All are installed."""
    for line in REQUIREMENTS.read_text(encoding="utf-8").splitlines():
        if not re.match(r"\w", line):
            continue
        requirement = Requirement(line.rstrip("\\ "))
        if requirement.marker is None or requirement.marker.evaluate({"sys_platform": "linux"}):
            yield requirement.name, metadata(requirement.name)


def license_of(name: str, about: PackageMetadata) -> str:
    """An SPDX expression, "" if what the package says is not clear."""
    said = [_one(about, "License-Expression"), READ.get(name, ""), *_in_words(about)]
    return next((found for found in (SAID.get(text, text) for text in said) if found and _is_spdx(found)), "")


def _in_words(about: PackageMetadata) -> list[str]:
    classified = [each.rpartition(" :: ")[2] for each in about.get_all("Classifier", ()) if each.startswith("License")]
    return [_one(about, "License"), *(classified if len(classified) == 1 else ())]


def _one(about: PackageMetadata, field: str) -> str:
    return next(iter(about.get_all(field, ())), "")


def _is_spdx(text: str) -> bool:
    try:
        return not {key for key in _SPDX.license_keys(text) if not _is_known(key)}
    except ExpressionError:
        return False


def _is_known(key: str) -> bool:
    return key.startswith("LicenseRef-") or key in _SPDX.known_symbols


def is_allowed(expression: str) -> bool:
    """Whether one of the ways that it offers has nothing but ALLOWED."""
    return bool(expression) and _permits(_SPDX.parse(expression))


def _permits(part: object) -> bool:
    if isinstance(part, LicenseSymbol):
        return part.key in ALLOWED
    parts = [_permits(each) for each in getattr(part, "args", ())]
    return any(parts) if isinstance(part, _SPDX.OR) else bool(parts) and all(parts)


def problem(name: str, about: PackageMetadata) -> str:
    """Why this package may not be passed on, "" if it may."""
    expression = license_of(name, about)
    if not expression:
        return f"{name}: its license is not clear. Read its license file, and add what it says to READ."
    if not is_allowed(expression):
        return f"{name}: {expression} is not in ALLOWED. Use another package, or have the license looked at."
    return ""


def listed() -> str:
    """docs/licenses.md."""
    rows = sorted({(name, license_of(name, about)) for name, about in brought()})
    return (
        "# Licenses\n\n"
        "What a release brings with it, beside Python and Debian's packages of the image, whose licenses are in\n"
        "`/usr/share/doc/*/copyright` there. `python -m tests.supply.licenses` writes this page from what packages\n"
        "say of themselves. A test refuses one that is not known or not permitted (`tests/supply/licenses.py`).\n\n"
        "| package | license (SPDX) |\n|---|---|\n"
        + "".join(f"| {name} | {expression} |\n" for name, expression in rows)
    )


def main() -> int:
    """Write the list. 1 if a package may not be passed on."""
    try:
        problems = [said for said in (problem(name, about) for name, about in brought()) if said]
    except PackageNotFoundError as missing:
        problems = [f"{missing.name} is not installed. Run make setup first."]
    for said in problems:
        sys.stderr.write(f"{said}\n")
    if not problems:
        LIST.write_text(listed(), encoding="utf-8")
    return int(bool(problems))


if __name__ == "__main__":
    sys.exit(main())
