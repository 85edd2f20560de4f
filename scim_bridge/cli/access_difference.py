"""`access diff`: two of the readings that are kept, and what runs did between them."""

from contextlib import closing

from scim_bridge.cli.access_reading import with_access
from scim_bridge.cli.options import moment_of
from scim_bridge.cli.output import console, print_json
from scim_bridge.config.settings import Settings
from scim_bridge.errors import Misconfigured
from scim_bridge.run.access_between import between, pair_of
from scim_bridge.state.access_memory import Kept, open_access_memory
from scim_bridge.view import terminal, words
from scim_bridge.view.access import CHANGED, DIFFERENCE, DifferenceView, difference_document, view_difference


def show_difference(
    settings: Settings, connection: str | None, named: list[str], since: str | None, *, is_json: bool
) -> None:
    """Print who gained or lost what. named: readings by number, at most two. since: a duration, such as 30d."""
    with closing(open_access_memory(settings.state, with_access(settings, connection).name)) as memory:
        pair = _pair(memory.all_kept(), _numbers(named), since)
        before, after, found = between(memory, pair)
    if is_json:
        print_json(difference_document(before, after, found))
    else:
        _show_text(view_difference(found), pair)


def _numbers(named: list[str]) -> list[int]:
    for one in named:
        if not one.isdecimal():
            raise Misconfigured(f"{one!r} is not the number of a reading", "Name one or two numbers, or one file.")
    return [int(one) for one in named]


def _pair(kept: list[Kept], numbers: list[int], since: str | None) -> tuple[Kept, Kept]:
    """Which two are compared, the older one first. Raises Misconfigured if there are no two."""
    if len(numbers) > 2 or (numbers and since is not None):
        raise Misconfigured("two readings are compared", "Name one or two of them, or --since.")
    if since is not None and len(kept) > 1:
        return _since(kept, since), kept[-1]
    return pair_of(kept, numbers)


def _since(kept: list[Kept], since: str) -> Kept:
    """The newest reading that is at least so old, or the oldest there is."""
    moment = moment_of(since, "access diff --since 30d")
    return next((each for each in reversed(kept) if each.as_of <= moment), kept[0])


def _show_text(view: DifferenceView, pair: tuple[Kept, Kept]) -> None:
    out = console()
    first, last = (f"reading {kept.number} ({words.local(kept.as_of)})" for kept in pair)
    out.print(f"From {first} to {last}:", highlight=False)
    if not (view.gained or view.lost or view.changed):
        out.print("No one gained or lost access.")
    for title, rows in (("Gained:", view.gained), ("Lost:", view.lost)):
        if rows:
            out.print()
            out.print(title)
            terminal.show_rows(out, DIFFERENCE, rows)
    if view.changed:
        out.print()
        out.print("Permission sets that allow something else now:")
        terminal.show_rows(out, CHANGED, view.changed)
