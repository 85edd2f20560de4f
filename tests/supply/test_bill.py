"""The bill of materials has everything of the requirement file, with every hash, and is valid."""

import json
import re

import pytest

from tests.supply.bill import bill
from tests.supply.licenses import REQUIREMENTS, brought


@pytest.mark.slow
def test_the_bill_of_materials_is_valid() -> None:
    """Its schema is large: to load it takes some seconds."""
    from cyclonedx.schema import SchemaVersion
    from cyclonedx.validation.json import JsonStrictValidator

    assert JsonStrictValidator(SchemaVersion.V1_6).validate_str(json.dumps(bill())) is None


def test_the_bill_of_materials_is_the_requirement_file() -> None:
    document = bill()
    text = REQUIREMENTS.read_text(encoding="utf-8")
    pinned = set(re.findall(r"^([\w.-]+)==([\w.]+)", text, re.MULTILINE))
    assert {(component["name"], component["version"]) for component in document["components"]} == pinned
    hashes = [
        each["content"]
        for component in document["components"]
        for reference in component["externalReferences"]
        for each in reference.get("hashes", ())
    ]
    assert sorted(hashes) == sorted(re.findall(r"--hash=sha256:(\w+)", text))
    licensed = {component["name"] for component in document["components"] if component.get("licenses")}
    assert licensed == {name for name, _ in brought()}
    assert document["metadata"]["component"]["name"] == "scim-bridge"
    # The same bytes each time: neither a moment nor a number by chance is in it.
    assert not {"timestamp", "serialNumber"} & (document.keys() | document["metadata"].keys())
