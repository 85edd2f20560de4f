"""Looks at what an answer names when it is given: a file that is not there is not found out five questions later."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path

from scim_bridge.config.secret import Secret
from scim_bridge.config.source import CsvSettings, MemberFile
from scim_bridge.config.source_document import FROM_USERS
from scim_bridge.errors import Misconfigured, SourceUnreadable
from scim_bridge.proposal.question import FILES, AboutFile, Answers, Question
from scim_bridge.source.decoding import is_utf8
from scim_bridge.source.newest_export import newest
from scim_bridge.source.table import open_table

Look = Callable[[str, Answers, Path], None]
"""Answer, the answers before it, the folder paths are relative to. Raises ValueError as a question's check does."""


def looked_at(question: Question, folder: Path) -> Question:
    """The same question, whose answer is also looked at where it names a file or a secret to be read."""
    look = _LOOKS.get(question.name)
    if look is None:
        return question

    def check(answer: str, answers: Answers) -> None:
        question.check(answer, answers)
        look(answer, answers, folder)

    return replace(question, check=check)


def _users(answer: str, _: Answers, folder: Path) -> None:
    """Whether the file is there; what is in it can only be read once the encoding is known."""
    _must_be_there(_newest({"users": answer}, folder).users)


def _encoding(answer: str, answers: Answers, folder: Path) -> None:
    _open(_newest(answers, folder).users, answer)


def _groups(answer: str, answers: Answers, folder: Path) -> None:
    path = _newest({**answers, "groups": answer}, folder).groups
    if path is not None:
        _open(path, answers["encoding"])


def _members(answer: str, answers: Answers, folder: Path) -> None:
    members = _newest({**answers, "members": answer}, folder).members
    if isinstance(members, MemberFile):
        _open(members.path, answers["encoding"])


def _newest(answers: Answers, folder: Path) -> CsvSettings:
    """The files named so far, with {date} filled in."""
    users, groups, members = (
        folder / answers[name] if answers.get(name, "") not in ("", FROM_USERS) else None for name in FILES
    )
    try:
        return newest(
            CsvSettings(users=users or folder, groups=groups, members=MemberFile(path=members) if members else None)
        )
    except SourceUnreadable as trouble:
        raise ValueError(f": {trouble.what}; {trouble.way_out.rstrip('.')}") from None


def _must_be_there(path: Path) -> None:
    if not path.is_file():
        raise ValueError(f": {path.name}: there is no such file ({path}); name another file, or put the file there")


def _open(path: Path, encoding: str) -> Sequence[str]:
    """The header of a file. Some UTF-8 reads as another encoding without a fault, and makes no sense."""
    _must_be_there(path)
    table = open_table(path, encoding, "auto", ())
    if table.problems:
        raise AboutFile(table.problems[0])
    if encoding != "auto" and not encoding.casefold().startswith("utf") and is_utf8(path.read_bytes()):
        raise ValueError(f": {path.name} is valid UTF-8, so it is hardly {encoding}; write auto")
    return table.header


def _certificate_authority(answer: str, _: Answers, folder: Path) -> None:
    if answer:
        _must_be_there(folder / answer)


def _secret(answer: str, _: Answers, folder: Path) -> None:
    try:
        Secret(answer, folder, "password").read()
    except Misconfigured as wrong:
        raise ValueError(f": {wrong.what}; {wrong.way_out.rstrip('.')}") from None


_LOOKS: Mapping[str, Look] = {
    "users": _users,
    "encoding": _encoding,
    "groups": _groups,
    "members": _members,
    "ca-file": _certificate_authority,
    "password": _secret,
    "secret": _secret,
}
"""Question → look. The target's token is not among them: nothing is sent, and it may not be at hand yet."""
