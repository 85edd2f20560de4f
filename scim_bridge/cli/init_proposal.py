"""What `init` does: asks what the options leave open, reads the source, shows what it found, writes two files."""

import shlex
from collections.abc import Mapping
from dataclasses import asdict, dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import typer

from scim_bridge.cli.init_asking import Asking, ask_columns, ask_match, somebody_is_there, with_memberships
from scim_bridge.cli.options import Output
from scim_bridge.cli.output import console, print_json
from scim_bridge.cli.streams import tell
from scim_bridge.config.settings import load
from scim_bridge.config.source import CsvSettings, SourceSettings
from scim_bridge.errors import BridgeError, Misconfigured
from scim_bridge.proposal import questions
from scim_bridge.proposal.configuration import configuration, source_section
from scim_bridge.proposal.proposal import (
    Proposal,
    propose_for_directory,
    propose_for_files,
    ready_name,
)
from scim_bridge.proposal.questions import IN_THE_CONSOLE, looked_at
from scim_bridge.proposal.survey import Survey, survey
from scim_bridge.view import terminal

_ADDRESSES = {
    "openldap.yaml": ("mail", "mail"),
    "389-ds.yaml": ("mail", "mail"),
    "google-workspace.yaml": ("email", "email"),
}
"""Ready mapping → the attributes of a user's address and sign-in name, where they are not those of Entra ID and AD."""
_SHOWN = ("of", "attribute", "filled", "distinct", "used for")


@dataclass(frozen=True, slots=True)
class Files:
    """The two files to write. named: the mapping, as the configuration names it. force: over those that are there."""

    configuration: Path
    named: str
    force: bool

    @property
    def mapping(self) -> Path:
        """The mapping file, wherever we are."""
        return self.folder / self.named

    @property
    def folder(self) -> Path:
        """What relative paths in the configuration are relative to."""
        return self.configuration.absolute().parent

    def refuse_existing(self) -> None:
        """Raise Misconfigured if a file is there, before the first question."""
        if self.configuration.absolute() == self.mapping:
            raise Misconfigured("the mapping cannot be the configuration", "Name another file (--mapping).")
        for path, instead in ((self.configuration, "--config"), (self.mapping, "--mapping")):
            if path.exists() and not self.force:
                raise Misconfigured(f"{path.name} already exists", f"Name another file ({instead}), or give --force.")

    def write(self, configuration: str, mapping: str) -> None:
        """Write both. Raises Misconfigured if one cannot be."""
        for path, text in ((self.mapping, mapping), (self.configuration, configuration)):
            try:
                path.parent.mkdir(parents=True, exist_ok=True)
                with path.open("w" if self.force else "x", encoding="utf-8") as file:
                    file.write(text)
            except OSError as error:
                raise Misconfigured(f"{path} cannot be written ({error.strerror})", "Name another file.") from None


def initialize(given: Mapping[str, str | None], files: Files, output: Output, *, takes_suggestions: bool) -> int:
    """Ask what `given` leaves open, read the source, show what was found, write both files. Gives the exit code.

    given: what the options say, by the name of the question. takes_suggestions: ask nothing, and take each suggestion.
    """
    files.refuse_existing()
    asking = Asking(given, somebody_is_there() and not takes_suggestions, files.folder)
    answers: dict[str, str] = {}
    try:
        settings = _configure(asking, files.configuration, files.named, answers)
        text, proposal = _propose(asking, answers, settings, (files.configuration, files.named))
    except BridgeError:
        if asking.is_on and answers:
            tell(f"To go on from your answers: scim-bridge init {shlex.join(questions.as_options(answers))}")
        raise
    if output is Output.text:
        _show(proposal, in_full=not asking.is_on)
    if asking.is_on and not _is_wanted(files):
        tell("scim-bridge: nothing was written.")
        return 1
    files.write(text, proposal.mapping)
    _tell_what_is_next(files, proposal, output)
    return 0


def _configure(asking: Asking, path: Path, mapping: str, answers: dict[str, str]) -> SourceSettings:
    """The source; what is wrong with the configuration is said before anything is read.

    answers: begun empty, filled on the way, so that they outlive a refusal.
    """
    asking.answer(questions.KIND, answers)
    kind = answers["source"]
    if asking.is_on and kind == "google":
        tell(IN_THE_CONSOLE)
    for each in (*questions.SOURCES[kind], *questions.TARGET):
        asking.answer(looked_at(each, asking.folder), answers)
    return _written((path, mapping), answers, source_section(kind, answers))[1]


def _written(
    files: tuple[Path, str], answers: questions.Answers, section: Mapping[str, Any]
) -> tuple[str, SourceSettings]:
    """The configuration as text, and its source. files: the configuration, and the mapping as it is named there."""
    text = configuration(answers["name"], section, files[1], answers)
    try:
        return text, load(files[0], text).connection(None).source
    except Misconfigured as wrong:
        raise Misconfigured(wrong.what, "Change an answer; nothing was written.", problems=wrong.problems) from None


def _propose(
    asking: Asking, answers: questions.Answers, settings: SourceSettings, files: tuple[Path, str]
) -> tuple[str, Proposal]:
    """The configuration as text, and what is proposed for the mapping."""
    today, file = f"{datetime.now(UTC):%Y-%m-%d}", Path(files[1])
    section = source_section(answers["source"], answers)
    seen = survey(replace(settings, members=None) if isinstance(settings, CsvSettings) else settings, today)
    if asking.is_on:
        _show_filling(seen)
    if not isinstance(settings, CsvSettings):
        mail, login = _ADDRESSES.get(ready_name(settings), ("mail", "userPrincipalName"))
        match = ask_match(asking, seen, mail, login)
        text = _written(files, answers, section)[0]
        old_tool = answers.get("from", "")
        return text, propose_for_directory(file, settings, seen, match, today=today, old_tool=old_tool)
    columns = ask_columns(asking, seen)
    laid_out, columns = with_memberships(asking, answers, settings, seen, columns)
    text, whole = _written(files, answers, _in_order({**section, **laid_out}))
    seen = survey(whole, today, {"user": columns.users["id"], "group": columns.groups.get("id", "")})
    match = ask_match(asking, seen, columns.users.get("mail", ""), columns.users["login"])
    return text, propose_for_files(file, seen, columns, match, today)


def _in_order(section: Mapping[str, Any]) -> dict[str, Any]:
    """The encoding last, as people write it."""
    return {key: section[key] for key in ("kind", *questions.FILES, "encoding") if key in section}


def _show_filling(seen: Survey) -> None:
    """What was seen, before a person is asked what it means."""
    rows = [(found.kind, found.name, f"{found.rate} %", f"{found.distinct:,}") for found in seen.profiles]
    terminal.show_rows(console(), _SHOWN[:-1], rows)


def _show(proposal: Proposal, *, in_full: bool) -> None:
    """What attributes are used for, and what a person should know. in_full: with those that nothing is made of."""
    out = console()
    rows = [row for row in proposal.attributes if in_full or row.used_for]
    shown = [(row.kind, row.attribute, f"{row.filled} %", f"{row.distinct:,}", row.used_for) for row in rows]
    terminal.show_rows(out, _SHOWN, shown)
    for note in proposal.notes:
        out.print(f"- {note}.", highlight=False, markup=False, soft_wrap=True)


def _is_wanted(files: Files) -> bool:
    return typer.confirm(f"Write {files.configuration} and {files.mapping.name}?", default=True, err=True)


def _tell_what_is_next(files: Files, proposal: Proposal, output: Output) -> None:
    if output is Output.json:
        written = [str(files.configuration), str(files.mapping)]
        attributes = [asdict(row) for row in proposal.attributes]
        print_json({"attributes": attributes, "notes": proposal.notes, "files": written})
    command = (
        "scim-bridge" if str(files.configuration) == "bridge.yaml" else f"scim-bridge --config {files.configuration}"
    )
    tell(f"Written: {files.configuration} and {files.mapping.name}. Read them; then: {command} check; {command} plan")
