"""A ready mapping, made to fit a directory: without the rules for attributes that the directory does not have."""

import io
from collections.abc import Mapping
from typing import Any

from ruamel.yaml import YAML

from scim_bridge.config.source import EntraSettings, LdapSettings, SourceSettings
from scim_bridge.errors import Misconfigured
from scim_bridge.mapping.document import Mapping as WrittenMapping
from scim_bridge.mapping.document import Rule, Rules
from scim_bridge.mapping.expression import names_in
from scim_bridge.model.attribute import REQUIRED
from scim_bridge.model.identity import AttributeType, Kind

_KEPT = ("scope", "active")
"""Rules that may not be left out because an attribute is missing: without them more people would be let in."""
_OF_EXPRESSIONS = {"today", "source"}


def ready_name(settings: SourceSettings) -> str:
    """Which of the ready mappings is meant for such a source."""
    if isinstance(settings, LdapSettings):
        return f"{settings.flavor or 'openldap'}.yaml"
    return "entra-id.yaml" if isinstance(settings, EntraSettings) else "csv.yaml"


def fitted(
    text: str, written: WrittenMapping, types: Mapping[Kind, Mapping[str, AttributeType]]
) -> tuple[str, list[str]]:
    """The text without rules that cannot be, and a sentence for each. text: of the mapping that was read as written.

    Raises Misconfigured if a rule that every mapping needs is among them.
    """
    missing = {
        (rules.kind, rule.path): names
        for rules in (written.users, written.groups)
        for rule in (rules.scope, *rules.attributes)
        if (names := _missing(rule, types[rules.kind]))
    }
    for (kind, path), names in missing.items():
        if path in (*REQUIRED[kind], *_KEPT):
            raise Misconfigured(
                f"{kind}s of this directory have no attribute {names[0]}, by which {written.name} has {path}",
                f"Copy mappings/{written.name}, change that rule, and write bridge.yaml by hand.",
            )
    notes = [
        f"{kind}s have no attribute {names[0]}, so there is no rule for {path}"
        for (kind, path), names in missing.items()
    ]
    return (_without(text, set(missing)) if missing else text), notes


def with_match(text: str, rules: Rules, match: tuple[str, ...]) -> str:
    """The text with another list of attributes to match users by."""
    return text.replace(f"match: [{', '.join(rules.match)}]", f"match: [{', '.join(match)}]", 1)


def _missing(rule: Rule, types: Mapping[str, AttributeType]) -> list[str]:
    return sorted(names_in(rule.text) - _OF_EXPRESSIONS - set(types))


def _without(text: str, rules: set[tuple[Kind, str]]) -> str:
    """The same file without these rules and what its tests expect of them; comments stay where they are."""
    yaml = YAML()
    yaml.width, yaml.preserve_quotes = 10_000, True
    yaml.indent(mapping=2, sequence=4, offset=2)
    document: Any = yaml.load(text)
    for kind, path in rules:
        del document[f"{kind}s"]["attributes"][path]
        for test in document["tests"]:
            if kind in test:
                test["expect"].pop(path, None)
    document["tests"][:] = [test for test in document["tests"] if test["expect"]]
    out = io.StringIO()
    yaml.dump(document, out)
    return out.getvalue()
