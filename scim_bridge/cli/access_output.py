"""How `access` prints: a table with the portal's tiles for one user, JSON, or CSV."""

from datetime import UTC, datetime

from rich.console import Console

from scim_bridge.access.graph import asleep, orphan_rows
from scim_bridge.access.wanted import Shown, Wanted, choose
from scim_bridge.cli.output import console
from scim_bridge.cli.streams import print_bytes, tell
from scim_bridge.model.access import AccessReading
from scim_bridge.model.wording import counted, some
from scim_bridge.view import terminal, words
from scim_bridge.view.access import COLUMNS, DIRECTLY, AccessView, csv_text, json_pieces, table_rows, tiles


def show(reading: AccessReading, wanted: Wanted, output: str) -> None:
    """Print what is wanted of a reading. output: text, json or csv."""
    shown = choose(reading, wanted)
    view = _view(reading, shown, is_whole=wanted == Wanted())
    if output == "json":
        for piece in json_pieces(view):
            print_bytes(piece)
    elif output == "csv":
        for line in csv_text(view.rows):
            print_bytes(line.encode())
        _warn(view)
    else:
        _show_text(console(), view)


def _view(reading: AccessReading, shown: Shown, *, is_whole: bool) -> AccessView:
    """What is shown. What is orphaned or asleep belongs to the whole; of one user only what is theirs."""
    warnings = list(reading.warnings)
    sleeping = asleep(reading)
    if is_whole and sleeping:
        named = some([f"{name} ({counted(count, 'way')})" for name, count in sleeping.items()])
        users = counted(len(sleeping), "inactive user")
        warnings.append(f"{users} would get their access back when activated: {named}.")
    if shown.user is not None and not shown.user.is_active:
        ways = counted(sleeping.get(shown.user.name, 0), "way")
        warnings.append(f"{shown.user.name} is inactive and cannot sign in; {ways} in would come back.")
    return AccessView(
        as_of=reading.as_of,
        rows=shown.rows,
        applications=shown.applications,
        orphaned=orphan_rows(reading) if is_whole else (),
        warnings=warnings,
        tiles=tiles(reading, shown.rows, shown.applications) if shown.user is not None else None,
    )


def _show_text(out: Console, view: AccessView) -> None:
    if view.rows:
        terminal.show_rows(out, COLUMNS, table_rows(view.rows))
    else:
        out.print("No one can enter an account this way." if view.tiles is None else "This user can enter no account.")
    if view.applications:
        out.print()
        rows = [(r.user or "–", r.via or DIRECTLY, r.application) for r in view.applications]
        terminal.show_rows(out, ("user", "through", "application"), rows)
    if view.orphaned:
        out.print()
        out.print("Assignments whose user or group is gone:")
        orphans = [(o.kind, o.principal_id, o.account, o.permission_set) for o in view.orphaned]
        terminal.show_rows(out, ("kind", "id", "account or application", "permission set"), orphans)
    if view.tiles is not None:
        out.print()
        out.print("In the AWS access portal:" if view.tiles else "The AWS access portal shows nothing to this user.")
        for tile in view.tiles:
            out.print(f"  {words.printable(tile)}", highlight=False, markup=False)
    if view.tiles is not None and view.rows:
        out.print()
        out.print("The roles in the accounts, as IAM and CloudTrail name them (* is chosen by AWS):", highlight=False)
        for role in sorted({row.role for row in view.rows}):
            out.print(f"  {words.printable(role)}", highlight=False, markup=False, soft_wrap=True)
    out.print()
    age = words.ago(view.as_of, datetime.now(UTC))
    out.print(f"As far as permission sets go; AWS as read {age} (--full reads it again).", highlight=False)
    _warn(view)


def _warn(view: AccessView) -> None:
    for warning in view.warnings:
        tell(f"warning: {words.printable(warning)}")
