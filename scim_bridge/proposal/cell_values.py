"""What single cells say: whether a user may sign in, a yes or a no, a day; in the words and forms that exports use.

What is not known here says nothing. A leave of absence and a start that is still to come count as inactive: both are
said in the findings, and a person may decide otherwise. A lock that the user lifts alone (Okta's LOCKED_OUT,
PASSWORD_EXPIRED, RECOVERY) is not a departure.
"""

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Literal

from scim_bridge.mapping.date import day_of
from scim_bridge.proposal.headers import without_accents

State = Literal["active", "inactive", ""]
"""What a value says; "" is nothing that is known here."""

_ACTIVE = """active; activated; enabled; allowed; sign in allowed; employed; current; currently employed; current
    employee; working; in service; onboarded; notice period; serving notice; on notice; locked out; password
    expired; recovery; aktiv; aktiviert; beschaftigt; angestellt; im dienst; tatig; actif; active; present; en
    poste; en activite; en fonction; salarie; activo; activa; vigente; en activo; alta; attivo; attiva; in forza; in
    servizio; ativo; ativa; em atividade; actief; in dienst; werkzaam; aktywny; 在籍; 在籍中; 在職; 在職中; 在任;
    現職; 就業中; 勤務中; 勤務; 有効; 利用中; 稼働中; 稼働; 退職予定; 在职; 在岗; 正常; 启用; 재직; 재직중; 활성;
    password reset"""
_INACTIVE = """inactive; disabled; sign in blocked; not activated; unactivated; deactivated; suspended; archived;
    terminated; termination; deprovisioned; blocked; locked; deleted; removed; revoked; expired; closed; left;
    leaver; left company; former; former employee; ex employee; resigned; dismissed; retired; retiree; deceased;
    quit; separated; withdrawn; offboarded; not active; not employed; no longer employed; on leave; leave; leave of
    absence; paid leave; unpaid leave; loa; furlough; furloughed; sabbatical; parental leave; maternity leave;
    pending; staged; provisioned; pre hire; prehire; future hire; preboarding; not started; pending start; pending
    hire; pending user action; inaktiv; deaktiviert; gesperrt; stillgelegt; ausgeschieden; ausgetreten; ausgetreten
    am; austritt; nicht aktiv; nicht mehr beschaftigt; ehemalig; ehemaliger; ehemalige; beurlaubt; ruhend; passiv;
    elternzeit; mutterschutz; freigestellt; rentner; rente; im ruhestand; pensioniert; pension; verstorben;
    geloscht; inactif; inactive; desactive; suspendu; bloque; parti; partie; sorti; sortie; ancien; ancien salarie;
    demissionnaire; licencie; retraite; en conge; conge; conge parental; absent longue duree; decede; inactivo;
    inactiva; baja; de baja; cesado; despedido; jubilado; bloqueado; suspendido; de permiso; inattivo; cessato;
    cessata; dimesso; sospeso; in aspettativa; pensionato; inativo; inativa; desligado; demitido; afastado;
    aposentado; suspenso; uit dienst; inactief; met verlof; geblokkeerd; nieaktywny; 退職; 退職済; 退職済み; 退社;
    退社済; 退社済み; 離職; 解雇; 除籍; 停止; 停止中; 利用停止; 無効; 削除; 削除済; 削除済み; 凍結; 休止; 死亡;
    休職; 休職中; 休業; 休業中; 育休; 育休中; 産休; 産休中; 育児休業; 育児休業中; 介護休業; 入社前; 入社予定; 内定;
    内定者; 未入社; 离职; 停用; 禁用; 退休; 휴직; 휴직중; 퇴사; 퇴직; 비활성; アーカイブ;
    アーカイブ済; アーカイブ済み; onboarding; freistellung"""
_YES = "yes y true t 1 on ja j oui o si s sim wahr vrai verdadero verdadeiro vero tak x ✓ ✔ ☑ ● レ はい ○ ◯ 〇 有 是 예"
_NO = "no n false f 0 off nein non nao nee falsch faux falso nie × ✕ - – — いいえ 無 否 아니오"
_CODES = {"a": "active"} | dict.fromkeys(("t", "i", "s", "l", "p", "r", "d", "q", "u", "w", "v"), "inactive")
"""One letter a status, as PeopleSoft and ADP have it; only where every value is one of these."""

_JOINED = re.compile(r"[\s_\-]+")
_NUMBER = re.compile(r"^[0-9a-z]{1,3}\s*[-:.)]\s*(?=\S)")
_REST = re.compile(r"\s*[(\[/,:;].*$|\s+[-–]\s+.*$")


def _table(words: str) -> frozenset[str]:
    return frozenset(_JOINED.sub(" ", without_accents(word)).strip() for word in words.split(";"))


_STATES: dict[str, State] = {
    **dict.fromkeys(_table(_INACTIVE), "inactive"),
    **dict.fromkeys(_table(_ACTIVE), "active"),
}
_STATES["inactive"] = "inactive"
_YES_WORDS, _NO_WORDS = (frozenset(without_accents(words).split()) for words in (_YES, _NO))


def state_of(text: str) -> State:
    """What a status says: the whole of it, else what comes before brackets or a dash, else its first word."""
    folded = without_accents(text).strip()
    for form in (folded, _NUMBER.sub("", folded), _REST.sub("", folded), _REST.sub("", _NUMBER.sub("", folded))):
        found = _STATES.get(_JOINED.sub(" ", form).strip())
        if found:
            return _unless_contradicted(folded, found)
    words = _JOINED.sub(" ", folded).split(" ")
    return _unless_contradicted(folded, _STATES.get(words[0], "")) if len(words) > 1 else ""


def _unless_contradicted(folded: str, found: State) -> State:
    """`Active - On Leave` says both, so it is not known."""
    parts = [part.strip() for part in re.split(r"[(\[/,:;)\]]|\s+[-–]\s+", folded) if part.strip()]
    said = {_STATES.get(_JOINED.sub(" ", part)) for part in parts} - {None}
    return "" if len(said | {found}) > 1 else found


def is_yes(text: str) -> bool | None:
    """What a yes or a no says, None if it is neither."""
    folded = without_accents(text).strip()
    return True if folded in _YES_WORDS else False if folded in _NO_WORDS else None


def code_states(texts: frozenset[str]) -> dict[str, State]:
    """What one-letter codes say, empty if they are not all such codes or none says who is active."""
    states = {text: _CODES.get(text.casefold(), "") for text in texts}
    is_known = all(states.values()) and "active" in states.values()
    return {text: state for text, state in states.items() if state} if is_known else {}  # type: ignore[misc]


_ZEROS = re.compile(r"[0\s./:年月日-]+")
_YEAR_FIRST = re.compile(r"([0-9]{4})[./年-]\s*([0-9]{1,2})[./月-]\s*([0-9]{1,2})日?(\s.*)?")
_YEAR_LAST = re.compile(r"([0-9]{1,2})([./-])([0-9]{1,2})\2([0-9]{4})(\s.*)?")
_SERIAL = re.compile(r"[0-9]{5}")
_BEGIN = date(1899, 12, 30)
"""Day 0 of a spreadsheet's calendar, for days since 1 March 1900."""


@dataclass(frozen=True, slots=True)
class DayForm:
    """rule: from the column as a rule spells it to an expression that yields a comparable day, "" for none.

    write: a day as this column writes it, for the mapping's tests. note: what a person should know, "" if nothing.
    """

    rule: Callable[[str], str]
    write: Callable[[date], str]
    note: str = ""


PLAIN = DayForm(lambda column: column, date.isoformat)


def day_form(texts: Sequence[str], *, is_english: bool) -> DayForm | None:
    """How all these texts (empty ones left out) are written, None if they are not all days.

    is_english: whether 3/4/2027 is the fourth of March where nothing in the column says otherwise.
    """
    has_zeros = any(_ZEROS.fullmatch(text) for text in texts)
    days = [text for text in texts if not _ZEROS.fullmatch(text)]
    found = _form_of(days, is_english=is_english)
    if found is None or not has_zeros:
        return found
    inner = found.rule
    return DayForm(lambda column: inner(f'{column}.regexReplace(r"^[0./: -]+$", "")'), found.write, found.note)


def day_form_of_some(texts: Sequence[str], *, is_english: bool) -> tuple[DayForm | None, tuple[str, ...]]:
    """How those of these texts that are days are written, and the texts that the rule cannot read as a day.

    None if there is no day among them, or days of several forms. A rule leaves 2027-03-13 as it is, so days in that
    form may stand among others. A number of five digits is only a day where every text is such a number.
    """
    form = day_form(texts, is_english=is_english)
    if form is not None:
        return form, ()
    days = [text for text in texts if not _SERIAL.fullmatch(text) and day_form([text], is_english=is_english)]
    if all(map(_ZEROS.fullmatch, days)):
        return None, ()
    others = [text for text in days if not _is_day(text)]
    return day_form(others, is_english=is_english), tuple(text for text in texts if text not in days)


def _form_of(days: Sequence[str], *, is_english: bool) -> DayForm | None:
    if all(map(_is_day, days)):
        return PLAIN
    if all(_SERIAL.fullmatch(text) for text in days):
        return DayForm(
            lambda column: f'({column} == "" ? "" : addDays("{_BEGIN}", int({column})))',
            lambda day: str((day - _BEGIN).days),
            f"the days are a spreadsheet's numbers (such as {days[0]}, which is {_BEGIN + timedelta(int(days[0]))})",
        )
    if all((match := _YEAR_FIRST.fullmatch(text)) and _is_day("/".join(match.groups()[:3])) for text in days):
        return _reordered(r"^(\d{4})[./年-]\s*(\d{1,2})[./月-]\s*(\d{1,2})日?(\s.*)?$", r"\1/\2/\3", date.isoformat)
    return _year_last(days, is_english=is_english)


def _year_last(days: Sequence[str], *, is_english: bool) -> DayForm | None:
    """13.3.2027, 13/3/2027 or 3/13/2027: which of the two is the month, the days that cannot be one say."""
    found = [match for text in days if (match := _YEAR_LAST.fullmatch(text))]
    signs = {match[2] for match in found}
    if len(found) < len(days) or len(signs) != 1:
        return None
    (sign,) = signs
    can_be_day_first = all(_is_day(f"{match[4]}/{match[3]}/{match[1]}") for match in found)
    can_be_month_first = sign != "." and all(_is_day(f"{match[4]}/{match[1]}/{match[3]}") for match in found)
    if not can_be_day_first and not can_be_month_first:
        return None
    is_month_first = can_be_month_first and (is_english or not can_be_day_first)
    order, form = (r"\3/\1/\2", f"%m{sign}%d{sign}%Y") if is_month_first else (r"\3/\2/\1", f"%d{sign}%m{sign}%Y")
    note = ""
    if can_be_day_first and can_be_month_first:
        read = "month, day, year" if is_month_first else "day, month, year"
        note = f"no value says whether the day or the month comes first, so they are read as {read} (such as {days[0]})"
    return _reordered(r"^(\d{1,2})[./-](\d{1,2})[./-](\d{4})(\s.*)?$", order, lambda day: day.strftime(form), note)


def _reordered(pattern: str, order: str, write: Callable[[date], str], note: str = "") -> DayForm:
    return DayForm(lambda column: f'{column}.regexReplace(r"{pattern}", r"{order}")', write, note)


def _is_day(text: str) -> bool:
    try:
        return day_of(text) is not None
    except ValueError:
        return False
