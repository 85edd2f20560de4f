"""Who may sign in, by what stands in the columns: what is proposed, what is said of it, what is left alone."""

from collections.abc import Sequence
from datetime import date, timedelta

import pytest

from scim_bridge.mapping.expression import EvaluationFailed, Language
from scim_bridge.proposal.headers import roles_of
from scim_bridge.proposal.standing import Standing, standing


def seen(**columns: Sequence[str]) -> Standing:
    """Columns by their headers, as a file has them; `_` stands for a blank."""
    cells = {name.replace("_", " "): list(values) for name, values in columns.items()}
    return standing(roles_of(cells, "user"), cells)


def rules(found: Standing) -> list[str]:
    return [signal.rule for signal in found.signals]


@pytest.mark.parametrize(
    ("header", "cells", "rule"),
    [
        ("Status", ["Active", "Suspended"], 'Status in ["Active"]'),
        ("Status", ["Terminated", "Regular hours"], '!(Status in ["Terminated"])'),
        ("Status", ["true", "false"], "truth(Status)"),
        ("Status", ["A", "T"], 'Status in ["A"]'),
        ("Aktiv", ["Ja", "Nein"], "truth(Aktiv)"),
        ("Aktiv", ["J", "N"], 'Aktiv in ["J"]'),
        ("Aktiv", ["x", ""], 'Aktiv in ["x"]'),
        ("Actif", ["Oui", "Non"], "truth(Actif)"),
        ("enabled", ["true", "maybe"], "truth(enabled)"),
        ("enabled", ["Active", "Terminated"], 'enabled in ["Active"]'),
        ("Gesperrt", ["Ja", "Nein"], "!truth(Gesperrt)"),
        ("Gesperrt", ["Ja", ""], '(Gesperrt == "" || !truth(Gesperrt))'),
        ("Gesperrt", ["", ""], 'Gesperrt == ""'),
        ("退職", ["在籍", "退職"], 'source["退職"] in ["在籍"]'),
        ("退職", ["○", ""], '(source["退職"] == "" || !truth(source["退職"]))'),
        ("退職", ["自己都合", ""], 'source["退職"] == ""'),
        ("退職", ["2027-03-31", ""], '!isBefore(source["退職"], today)'),
        ("Terminated", ["2027-03-31", ""], "!isBefore(Terminated, today)"),
        ("Left?", ["x", ""], 'source["Left?"] == ""'),
        ("userAccountControl", ["512", "514"], "int(userAccountControl) / 2 % 2 == 0"),
        ("state", ["ACTIVATED", "STAGED"], 'state in ["ACTIVATED"]'),
    ],
)
def test_a_rule_fits_what_stands_in_the_column(header: str, cells: list[str], rule: str) -> None:
    assert rules(seen(**{header: cells})) == [rule]


@pytest.mark.parametrize(
    ("header", "cells", "told"),
    [
        ("Status", ["1", "2"], "Status does not say who has left in words that are known ('1' (1 user), '2' (1 user))"),
        ("Status", ["", ""], "Status is empty for every user, so it does not say who has left"),
        ("Exit date", ["soon", ""], "Exit date does not say who has left in words that are known ('soon' (1 user))"),
        ("Shoe size", ["42", "43"], "no column was found that says who has left"),
        ("State", ["WA", "CA"], "no column was found that says who has left"),
        ("state", ["1", "1"], "no column was found that says who has left"),
    ],
)
def test_where_nothing_tells_who_has_left_that_is_the_alarm(header: str, cells: list[str], told: str) -> None:
    found = seen(**{header: cells})
    assert found.signals == ()
    assert found.alarm == (
        f"{told}. Every user in the file would be active, and no user who has left would be deactivated"
    )


def test_what_each_value_is_taken_for_is_said() -> None:
    found = seen(Status=["Active", "Active", "Suspended", "Mystery", ""])
    assert found.notes == (
        (
            "Status says who may sign in: 'Active' (2 users) is taken for active, 'Suspended' (1 user), "
            "'Mystery' (1 user), an empty cell (1 user) and any other value for inactive"
        ),
        "Status: look at 'Mystery' (1 user), which no rule knows; the user is inactive",
    )


def test_all_columns_that_can_be_read_have_a_say() -> None:
    found = seen(
        Employment_Status=["Full time", "Part time"],
        Worker_Status=["Active", "Terminated"],
        Account_Status=["Active", "Suspended"],
        Termination_Date=["", "2027-03-31"],
    )
    assert rules(found) == [
        'source["Account Status"] in ["Active"]',
        'source["Worker Status"] in ["Active"]',
        '!isBefore(source["Termination Date"], today)',
    ]


def test_a_column_of_unknown_header_counts_if_its_cells_leave_no_doubt() -> None:
    assert rules(seen(Zustand=["Aktiv", "Gesperrt"], MFA=["Active", "Inactive"])) == ['Zustand in ["Aktiv"]']
    assert seen(MFA_State=["Active", "Inactive"]).alarm
    assert seen(Zustand=["Aktiv", "Aktiv"]).alarm
    assert seen(Flag=["yes", "no"]).alarm


def test_a_day_of_notice_is_doubted() -> None:
    (note,) = seen(Kündigungsdatum=["31.12.2026", ""]).notes
    assert note.startswith("Kündigungsdatum is taken for the last day; if it is the day of notice")


@pytest.mark.parametrize(
    ("header", "cells", "last_day"),
    [
        ("AccountExpirationDate", "12/31/2026 12:00:00 AM", "2026-12-30"),
        ("AccountExpirationDate", "12/31/2026 5:30:00 PM", "2026-12-31"),
        ("AccountExpirationDate", "12/31/2026 12:30:00 AM", "2026-12-31"),
        ("AccountExpirationDate", "31.12.2026 00:00:00", "2026-12-30"),
        ("AccountExpirationDate", "31.12.2026 20:00:00", "2026-12-31"),
        ("AccountExpirationDate", "2026/12/31 0:00:00", "2026-12-30"),
        ("AccountExpirationDate", "2026/12/31 10:00:00", "2026-12-31"),
        ("AccountExpirationDate", "2026-12-31T00:00:00", "2026-12-30"),
        ("AccountExpirationDate", "2026-12-31T00:00:00+09:00", "2026-12-30"),
        ("AccountExpirationDate", "2026-12-31T17:30:00Z", "2026-12-31"),
        ("accountExpires", "134431488000000000", "2026-12-30"),
        ("accountExpires", "134432100000000000", "2026-12-31"),
        ("Austrittsdatum", "31.12.2026", "2026-12-31"),
        ("Last day", "12/31/2026", "2026-12-31"),
        ("退職日", "2026/12/31", "2026-12-31"),
    ],
)
def test_a_user_is_active_until_the_last_day_and_not_after_it(header: str, cells: str, last_day: str) -> None:
    """The moment at which an account ends is not a last day, unless the account works for a part of that day."""
    (rule,) = rules(seen(**{header: [cells, ""]}))
    day = date.fromisoformat(last_day)
    assert [_says(rule, header, cells, f"{day + timedelta(days)}") for days in (-1, 0, 1)] == [True, True, False]
    assert _says(rule, header, "", "2099-01-01") is True


def test_an_account_that_never_expires_is_active() -> None:
    (rule,) = rules(seen(accountExpires=["0", "9223372036854775807", "134431488000000000"]))
    said = [_says(rule, "accountExpires", never, "2099-01-01") for never in ("0", "9223372036854775807")]
    assert said == [True, True]


def _says(rule: str, column: str, cell: str, today: str) -> object:
    """What a rule says of one cell on a day."""
    language = Language({column: "string"})
    expression = language.compile(rule)
    return expression.evaluate(language.activation({column: cell}, expression.names, today))


def test_days_that_only_some_users_have_are_told() -> None:
    found = seen(Status=["Active", "Active", "Left"], Ceased=["", "", "2025-12-31"], Last_login=["", "", "2025-12-31"])
    said = "Ceased holds a day for 1 user of 3, and no rule reads it; if it is the last day, add it to the rule for"
    assert found.notes[-1] == f"{said} `active`"
    assert not any("login" in note for note in found.notes)


@pytest.mark.parametrize(
    ("header", "odd", "left", "stays"),
    [
        ("Austrittsdatum", "noch offen", "27.11.2026", "28.11.2026"),
        ("Austrittsdatum", "31.12.99", "2026-11-27", "28.11.2026"),
        ("退職年月日", "R8.03.31", "2026/11/27", "2026年11月28日"),
        ("Termination Date", "n/a", "11/27/2026", "11/28/2026"),
        ("AccountExpirationDate", "Never", "28.11.2026 00:00:00", "29.11.2026 00:00:00"),
    ],
)
def test_a_word_among_last_days_holds_its_user_and_all_others_are_read(
    header: str, odd: str, left: str, stays: str
) -> None:
    found = seen(**{header.replace(" ", "_"): [odd, odd, left, stays, "", "2027-03-31"]})
    (signal,) = found.signals
    assert found.alarm == ""
    told = f"{header} holds no day but '{odd}' (2 users), so 2 users would wait; empty it, or give it a day"
    assert told in found.notes
    said = [_says(signal.rule, header, cell, "2026-11-28") for cell in (left, stays, "")]
    assert said == [False, True, True]
    with pytest.raises(EvaluationFailed):
        _says(signal.rule, header, odd, "2026-11-28")
