"""Which columns say who may sign in, and how: by what stands in them, for headers promise more than cells hold.

A column of few values becomes a list of those that mean active; a yes or no is read as one; a last day is compared.
Where nothing is known, the first thing that `init` says is that every user would be active.
"""

import re
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date

from scim_bridge.mapping.expression import spelled
from scim_bridge.mapping.function import TRUTH_WORDS
from scim_bridge.model.wording import counted
from scim_bridge.proposal import yaml_text
from scim_bridge.proposal.cell_values import DayForm, code_states, day_form, day_form_of_some, is_yes, state_of
from scim_bridge.proposal.headers import ENDS, OTHER_DAYS, OTHER_STATES, headers_for, is_english, plain

_FEW = 20
"""A column with more different values than this is not a status."""
_SHOWN = 6
_LEFT_ON = date(1999, 12, 31)


@dataclass(frozen=True, slots=True, kw_only=True)
class Signal:
    """One column that says who may sign in. rule: an expression that is true for who may.

    active: what stands in it for an active user; left: for users who may not, each a case for the mapping's tests.
    comment: beside the rule. notes: findings, a sentence each without its full stop.
    """

    column: str
    rule: str
    active: str
    left: tuple[str, ...]
    comment: str = ""
    notes: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Standing:
    """signals: a user may sign in if all say so. alarm: what must be said first, "" if a signal was found.

    unread: columns that should say it too and cannot be read, or may say it, a sentence each.
    """

    signals: tuple[Signal, ...]
    alarm: str = ""
    unread: tuple[str, ...] = ()

    @property
    def notes(self) -> tuple[str, ...]:
        """The findings about the columns that were used."""
        return (*(note for signal in self.signals for note in signal.notes), *self.unread)


_MIDNIGHT = r"^[^:]*$|[T ]0?0:00(:00(\.0+)?)?(Z|[+-]\d\d:?\d\d)?$|12:00(:00)? ?[Aa]\.?[Mm]\.?$"
"""A date without a time, or with midnight."""
_FILETIME = re.compile("0|[0-9]{16,19}")
_NEVER = '["", "0", "9223372036854775807"]'
_CONTROL = "useraccountcontrol"
_ALSO_A_PLACE = "state"
"""A header (as compared) of Active Directory's for where a user lives, of JumpCloud's for who may sign in."""
_EMPTY = " is empty for every user"
_FLAG = "yes/no, true/false, 1/0, 有効/無効; other values hold the user"
_LAST_DAY = "inactive from the day after the last one"
_ENDED = "inactive from the day after the last one on which the account works"
_FILETIME_LEFT = "125911584000000000"


def standing(roles: Mapping[str, str], cells: Mapping[str, Sequence[str]]) -> Standing:
    """What the columns with such a role say, else one that says it by its cells alone. cells: column → every cell."""
    signals: list[Signal] = []
    unread: list[str] = []
    for role in ("status", "enabled", "disabled", "leaves"):
        found: list[Signal] = []
        for column in _columns_for(role, roles, cells):
            signal = _signal(column, cells.get(column, ()), role)
            if signal is not None:
                found.append(signal)
            elif plain(column) != _ALSO_A_PLACE:
                unread.append(_unread(column, cells.get(column, ())))
        signals += found[:1] if role == "leaves" else found
        if role == "disabled" and not signals:
            signals += _by_control(cells)
    if not signals:
        signals = _by_cells_alone(cells, set(roles.values()))
    days = _other_days(cells, {*roles.values(), *(signal.column for signal in signals)})
    if not signals:
        return Standing((), _alarm(unread), days)
    return Standing(tuple(signals), unread=(*(told for told in unread if _EMPTY not in told), *days))


def _other_days(cells: Mapping[str, Sequence[str]], used: set[str]) -> tuple[str, ...]:
    """A sentence for each column in which only some users have a day: it may be the last one, by another name."""
    told = []
    for column, found in cells.items():
        filled = [cell for cell in found if cell]
        if column in used or not filled or 2 * len(filled) > len(found) or OTHER_DAYS.search(plain(column)):
            continue
        if not all(map(str.isdigit, filled)) and day_form(filled, is_english=is_english(column)) is not None:
            told.append(
                f"{column} holds a day for {counted(len(filled), 'user')} of {len(found):,}, and no rule reads it; "
                "if it is the last day, add it to the rule for `active`"
            )
    return tuple(told)


def _columns_for(role: str, roles: Mapping[str, str], cells: Mapping[str, Sequence[str]]) -> list[str]:
    """The columns that may say it, the surest first; of several statuses, all that can be read count."""
    if role not in roles:
        return []
    others = set(roles.values())
    return [roles[role], *(name for name in headers_for(cells, "user", role) if name not in others)]


def _alarm(unread: Sequence[str]) -> str:
    reason = "; ".join(unread) or "no column was found that says who has left"
    return f"{reason}. Every user in the file would be active, and no user who has left would be deactivated"


def _unread(column: str, cells: Sequence[str]) -> str:
    values = Counter(cell for cell in cells if cell)
    if not values:
        return f"{column}{_EMPTY}, so it does not say who has left"
    return f"{column} does not say who has left in words that are known ({_counts(values)})"


def _signal(column: str, cells: Sequence[str], role: str) -> Signal | None:
    values = Counter(cells)
    filled = Counter({value: number for value, number in values.items() if value})
    if role == "leaves" and plain(column) in ENDS:
        return _end(column, filled)
    if role == "leaves":
        return _leaving(column, filled)
    if not filled:
        return _by_any_mark(column) if role == "disabled" else None
    if role == "disabled" and (form := day_form(list(filled), is_english=True)) and not _are_flags(filled):
        return _last_day(column, form)
    if len(filled) > _FEW:
        return None
    if plain(column) == _ALSO_A_PLACE:
        return _by_values(column, values, role) if any(map(state_of, filled)) else None
    return _by_truth(column, values, filled, role) or _by_values(column, values, role)


def _are_flags(filled: Mapping[str, int]) -> bool:
    return all(is_yes(value) is not None for value in filled)


def _by_truth(column: str, values: Counter[str], filled: Counter[str], role: str) -> Signal | None:
    """A yes or no that the function truth() knows; what it does not know holds the user, and a person decides."""
    flags = {value for value in filled if is_yes(value) is not None and value.casefold() in TRUTH_WORDS}
    known = {value for value in filled if value.casefold() in TRUTH_WORDS}
    states = {value for value in filled if state_of(value)}
    if role == "status" and (states or len(known) < len(filled)):
        return None
    if not known or (states - known) or (role == "disabled" and states):
        return None
    if not flags and len(known) < len(filled):
        return None
    if {value for value in filled if is_yes(value) is not None} - flags:
        return None
    if not values[""]:
        return _flag(column, is_contrary=role == "disabled")
    if role == "disabled":
        rule = f'({spelled(column)} == "" || !truth({spelled(column)}))'
        return Signal(
            column=column,
            rule=rule,
            active="",
            left=(next((v for v in flags if is_yes(v)), "true"),),
            comment=f"{_FLAG}; empty: active",
        )
    has_no = any(is_yes(value) is False for value in filled)
    return _flag(column, is_contrary=False) if has_no else None


def _by_values(column: str, values: Counter[str], role: str) -> Signal | None:
    """A list of the values that mean active; where none of them is known, of those that do not."""
    says = {value: _says(value, role) for value in values}
    if role == "status" and all(len(value) <= 1 for value in values):
        codes = code_states(frozenset(value for value in values if value))
        says = {value: codes.get(value, "") for value in values}
    active = [value for value, said in says.items() if said == "active"]
    inactive = [value for value, said in says.items() if said == "inactive" and value]
    if role == "disabled" and not any(says[value] for value in values if value):
        return _by_any_mark(column, values) if values[""] else None
    if any(active):
        return _listed(column, active, [value for value in values if value not in active], values)
    if role == "disabled" and active:  # a mark, and nothing where there is none: the next mark may be another
        return _by_any_mark(column, values)
    return _unlisted(column, inactive, values) if inactive else None


def _says(value: str, role: str) -> str:
    """What one value says in a column of this role: a yes under `Suspended` is none under `Active`."""
    if not value:
        return "active" if role == "disabled" else ""
    state = state_of(value)
    if state:
        return state
    yes = is_yes(value)
    if yes is None:
        return ""
    return "active" if yes != (role == "disabled") else "inactive"


def _listed(column: str, active: list[str], others: list[str], values: Counter[str]) -> Signal:
    rule = f"{spelled(column)} in [{', '.join(map(_quoted, active))}]"
    unknown = [value for value in others if value and not state_of(value) and is_yes(value) is None]
    note = f"{column} says who may sign in: {_named(active, values)} is taken for active, " + (
        f"{_named(others, values)} and any other value for inactive" if others else "any other value for inactive"
    )
    doubt = f"{column}: look at {_named(unknown, values)}, which no rule knows; the user is inactive"
    more = [doubt] if unknown else []
    left = tuple(others[:3]) or (_no_such(active),)
    return Signal(
        column=column, rule=rule, active=active[0], left=left, comment="any other value: inactive", notes=(note, *more)
    )


def _unlisted(column: str, inactive: list[str], values: Counter[str]) -> Signal:
    rule = f"!({spelled(column)} in [{', '.join(map(_quoted, inactive))}])"
    others = [value for value in values if value not in inactive]
    note = f"{column} says who may not sign in: {_named(inactive, values)} is taken for inactive, " + (
        f"{_named(others, values)} and any other value for active" if others else "any other value for active"
    )
    active = others[0] if others else _no_such(inactive)
    return Signal(
        column=column,
        rule=rule,
        active=active,
        left=tuple(inactive[:3]),
        comment="any other value: active",
        notes=(note,),
    )


def _by_any_mark(column: str, values: Counter[str] | None = None) -> Signal:
    """A column of leavers in which only leavers have something."""
    note = f"{column} says who may not sign in: a user with any value there is taken for inactive"
    seen = f" ({_named([value for value in values if value], values)})" if values else ""
    mark = next((value for value in values or () if value), "yes")
    return Signal(
        column=column,
        rule=f'{spelled(column)} == ""',
        active="",
        left=(mark,),
        comment="empty: active",
        notes=(note + seen,),
    )


def _flag(column: str, *, is_contrary: bool) -> Signal:
    rule = f"{'!' * is_contrary}truth({spelled(column)})"
    yes, no = ("false", "true") if is_contrary else ("true", "false")
    return Signal(column=column, rule=rule, active=yes, left=(no,), comment=_FLAG)


def _leaving(column: str, filled: Counter[str]) -> Signal | None:
    """A last day. One word among the days does not make the column useless: who has it waits, all others are read."""
    form, words = day_form_of_some(list(filled), is_english=column.isascii() and is_english(column))
    return _last_day(column, form, _no_days(column, words, filled)) if form is not None else None


def _no_days(column: str, words: Sequence[str], values: Counter[str]) -> tuple[str, ...]:
    if not words:
        return ()
    number = counted(sum(values[word] for word in words), "user")
    return (f"{column} holds no day but {_named(words, values)}, so {number} would wait; empty it, or give it a day",)


def _last_day(column: str, form: DayForm, told: Sequence[str] = ()) -> Signal:
    rule = f"!isBefore({form.rule(spelled(column))}, today)"
    notes = [f"{column}: {form.note}", *told] if form.note else [*told]
    if plain(column).startswith(("kundigung", "kuendigung", "gekundigt")):
        notes.append(f"{column} is taken for the last day; if it is the day of notice, take another column")
    return Signal(
        column=column, rule=rule, active="", left=(form.write(_LEFT_ON),), comment=_LAST_DAY, notes=tuple(notes)
    )


def _end(column: str, filled: Counter[str]) -> Signal | None:
    """The moment at which an account ends: at midnight, the last day is the day before."""
    name = spelled(column)
    if all(map(_FILETIME.fullmatch, filled)):
        day = f'addDays("1601-01-01", (int({name}) - 1) / 864000000000)'
        return Signal(
            column=column,
            rule=f"({name} in {_NEVER} || !isBefore({day}, today))",
            active="0",
            left=(_FILETIME_LEFT,),
            comment=_ENDED,
        )
    form, words = day_form_of_some(list(filled), is_english=column.isascii() and is_english(column))
    if form is None:
        return None
    rule = f'!isBefore(addDays({form.rule(name)}, {name}.matches(r"{_MIDNIGHT}") ? -1 : 0), today)'
    notes = [f"{column}: {form.note}"] if form.note else []
    notes += _no_days(column, words, filled)
    notes.append(f"{column} is the moment at which an account ends, so at midnight the last day is the day before")
    return Signal(column=column, rule=rule, active="", left=(form.write(_LEFT_ON),), comment=_ENDED, notes=tuple(notes))


def _by_control(cells: Mapping[str, Sequence[str]]) -> list[Signal]:
    """Active Directory's flags of an account, as a number: the second one is set while it is disabled."""
    for column, found in cells.items():
        if plain(column) == _CONTROL and any(found) and all(cell.isdigit() for cell in found if cell):
            rule = f"int({spelled(column)}) / 2 % 2 == 0"
            return [
                Signal(
                    column=column,
                    rule=rule,
                    active="512",
                    left=("514",),
                    comment="its second bit is set while the account is disabled",
                )
            ]
    return []


def _by_cells_alone(cells: Mapping[str, Sequence[str]], used: set[str]) -> list[Signal]:
    """The first column of unknown header whose cells all say active or inactive, and both of them."""
    for column, found in cells.items():
        values = Counter(found)
        states = {state_of(value) for value in values if value}
        if column not in used and states == {"active", "inactive"} and not OTHER_STATES.search(plain(column)):
            signal = _by_values(column, values, "status")
            return [signal] if signal is not None else []
    return []


def _no_such(values: Sequence[str]) -> str:
    return next(word for word in ("left", "other", "something else") if word not in values)


def _quoted(value: str) -> str:
    return yaml_text.cel_text(value)


def _named(chosen: Sequence[str], values: Counter[str]) -> str:
    return _counts(Counter({value: values[value] for value in chosen}))


def _counts(values: Counter[str]) -> str:
    """Values with how often each was seen, the most frequent first."""
    told = [f"{_shown(value)} ({counted(number, 'user')})" for value, number in values.most_common()]
    more = [f"{len(told) - _SHOWN:,} more"] if len(told) > _SHOWN else []
    return ", ".join(told[:_SHOWN] + more)


def _shown(value: str) -> str:
    return f"'{value}'" if value else "an empty cell"
