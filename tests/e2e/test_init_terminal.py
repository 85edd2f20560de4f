"""`init` on a terminal: what is asked, what is said of a wrong answer, and what is left of the right ones."""

import contextlib
import os
import pty
import re
import subprocess
import sys
from pathlib import Path

from tests.e2e.conftest import Cli
from tests.e2e.test_init import PERSONNEL
from tests.e2e.world import World, at_rest, organization


class Terminal:
    """The command on a terminal of its own: what it says is read, what it asks is answered."""

    def __init__(self, folder: Path, *arguments: str) -> None:
        ours, theirs = pty.openpty()
        command = [sys.executable, "-m", "scim_bridge.cli.main", "init", *arguments]
        self._process = subprocess.Popen(command, cwd=folder, stdin=theirs, stdout=theirs, stderr=theirs)
        os.close(theirs)
        self._ours = ours
        self.said = ""

    def answer(self, question: str, typed: str) -> None:
        """Wait for a question and answer it."""
        self._read_until(question)
        os.write(self._ours, f"{typed}\n".encode())

    def end(self) -> int:
        """Wait for the end."""
        self._read_until(None)
        os.close(self._ours)
        return self._process.wait(timeout=60)

    def _read_until(self, sign: str | None) -> None:
        begin, read = len(self.said), b""
        while sign is None or sign not in self.said[begin:]:
            with contextlib.suppress(OSError):  # how a terminal's other end says that it is closed
                read = os.read(self._ours, 65_536)
            if not read:
                assert sign is None, f"{sign!r} was not asked:\n{self.said}"
                return
            self.said += read.decode(errors="replace")
            read = b""


def test_on_a_terminal_everything_is_asked_and_a_wrong_answer_is_asked_again(world: World, cli: Cli) -> None:
    world.config.unlink()
    (world.folder / "hr.csv").write_text(PERSONNEL, encoding="utf-8")
    at_rest(world.folder / "hr.csv")
    terminal = Terminal(world.folder)
    terminal.answer("Kind of source", "scv")
    terminal.answer("Kind of source", "")
    terminal.answer("File of the users", "nope.csv")
    terminal.answer("File of the users", "hr.csv")
    terminal.answer("Encoding", "cp932")
    terminal.answer("Encoding", "")
    terminal.answer("File of the groups", "nope2.csv")
    terminal.answer("File of the groups", "")
    terminal.answer("File of the memberships", "")
    terminal.answer("SCIM endpoint", "")
    terminal.answer("SCIM endpoint", "http://scim.example/t")
    terminal.answer("SCIM endpoint", world.sandbox.url)
    terminal.answer("Access token", world.sandbox.token)
    terminal.answer("Name of this connection [corp]", "人事")
    terminal.answer("never changes for a user [社員番号]", "")
    terminal.answer("sign-in name [メールアドレス]", "")
    terminal.answer("Match existing users by [userName]", "")
    terminal.answer("Write bridge.yaml and mapping.yaml? [Y/n]", "")
    assert terminal.end() == 0
    assert "source: write csv, ldap, entra, google." in terminal.said
    assert "users: nope.csv: there is no such file" in terminal.said
    assert "  hr.csv, line " in terminal.said
    assert "the file is valid UTF-8" in terminal.said
    assert "groups: nope2.csv: there is no such file" in terminal.said
    assert "url: write the endpoint's whole URL" in terminal.said
    assert re.search(r"役職 +33 % +1 ", terminal.said.split("never changes for a user")[0])
    assert "url: plain http is allowed to loopback only" in terminal.said
    assert cli("check").code == 0


def test_answers_are_not_lost_when_the_source_cannot_be_read(world: World) -> None:
    world.config.unlink()
    (world.folder / "pass word").write_text("secret", encoding="utf-8")
    given = ("--source", "ldap", "--ldap-url", "ldap://127.0.0.1:9", "--flavor", "openldap", "--bind-dn", "cn=b, dc=c")
    terminal = Terminal(world.folder, *given, "--url", world.sandbox.url, "--token", world.sandbox.token)
    terminal.answer("Its password", "env:NO_SUCH_PASSWORD")
    terminal.answer("Its password", "file:pass word")
    terminal.answer("Where users are", "dc=c")
    terminal.answer("Where groups are", "")
    terminal.answer("Certificate authority's file", "")
    terminal.answer("Name of this connection", "")
    assert terminal.end() == 1
    assert "password: the environment variable NO_SUCH_PASSWORD is not set" in terminal.said
    assert (
        "To go on from your answers: scim-bridge init --source ldap --ldap-url ldap://127.0.0.1:9 --flavor openldap "
        "--bind-dn 'cn=b, dc=c' --password 'file:pass word' --users-base dc=c --groups-base - --ca-file - "
        f"--url {world.sandbox.url} --name corp\r\n"
    ) in terminal.said


def test_whoever_says_no_at_the_end_has_no_files(world: World) -> None:
    world.config.unlink()
    world.write(organization(3, 1))
    arguments = ("--source", "csv", "--users", "users.csv", "--groups", "-", "--members", "-", "--encoding", "auto")
    chosen = ("--name", "corp", "--id", "id", "--login", "login", "--match", "userName")
    terminal = Terminal(world.folder, *arguments, *chosen, "--url", world.sandbox.url, "--token", "x")
    terminal.answer("Write bridge.yaml", "n")
    assert terminal.end() == 1
    assert "scim-bridge: nothing was written." in terminal.said
    assert not world.config.exists()
    assert not (world.folder / "mapping.yaml").exists()
