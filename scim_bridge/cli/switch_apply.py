"""`apply` for a fix plan of `switch-report`: renames in the identity store, and the plan that takes them back."""

from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from scim_bridge.access.aws import Aws
from scim_bridge.access.instance import find_instance
from scim_bridge.access.journal import writing_journal
from scim_bridge.access.switch.fix_file import fix_bytes, fix_of
from scim_bridge.access.switch.fixes import undo
from scim_bridge.access.switch.rename import Renamed, Renamer, to_be_done
from scim_bridge.access.switch.store_reading import read_store
from scim_bridge.cli.access_reading import with_access
from scim_bridge.cli.output import console, print_json, progress
from scim_bridge.cli.plan_output import save
from scim_bridge.cli.streams import tell
from scim_bridge.config.settings import ConnectionSettings, Settings
from scim_bridge.errors import PlanOutdated
from scim_bridge.model.exit_code import of_run
from scim_bridge.model.protocol import Progress
from scim_bridge.model.switch import FixPlan
from scim_bridge.run.lifecycle import in_shadow
from scim_bridge.run.switch import desired_side, wanted_names
from scim_bridge.state.lock import lock
from scim_bridge.view.words import printable


def apply_fixes(settings: Settings, file: Path, content: bytes, *, is_json: bool) -> int:
    """Carry a fix plan out, or refuse and name what has changed since. The exit code."""
    plan = fix_of(file.name, content)
    chosen = with_access(settings, plan.connection)
    if chosen.shadow:
        raise in_shadow(chosen.name, "no fix plan is applied")
    _refuse_protected(chosen, plan)
    with lock(settings.state, chosen.name, datetime.now(UTC)), progress() as report:
        outcome, undoes = _carry_out(chosen, plan, file, report)
    failed = [one for one in outcome if one.failure]
    there = len(plan.renames) - len(outcome)
    if is_json:
        print_json(_document(outcome, there, undoes))
    else:
        _show(outcome)
    tell(f"{len(outcome) - len(failed)} renamed, {len(failed)} failed, {there} had the new name already.")
    if undoes is not None:
        tell(f"To take it back: scim-bridge apply {undoes}")
    return of_run(is_stopped=False, is_all_settled=not failed)


def _refuse_protected(chosen: ConnectionSettings, plan: FixPlan) -> None:
    protect = chosen.policy.protect
    named = next((one for one in plan.renames if protect.covers(one.kind, one.before, one.after)), None)
    if named is not None:
        raise PlanOutdated(f"{named.kind} {named.before} is protected by the policy, so nothing was sent",
                           "Make the plan again.")  # fmt: skip


def _carry_out(
    chosen: ConnectionSettings, plan: FixPlan, file: Path, report: Progress
) -> tuple[list[Renamed], Path | None]:
    """Compare everything with the plan, save what undoes it, and only then rename."""
    assert chosen.access is not None  # noqa: S101 - with_access has looked
    names = None if plan.is_undo else wanted_names(desired_side(chosen, report))
    aws = Aws(chosen.access.region, chosen.access.requests_per_second)
    try:
        if find_instance(aws)["IdentityStoreId"] != plan.store:
            raise PlanOutdated(f"the plan is for identity store {plan.store}, and these credentials see another one",
                               "Use the credentials and the Region that it was made with.")  # fmt: skip
        with writing_journal(file) as journal:
            renamer = Renamer(aws, plan.store, journal)
            left = to_be_done(plan, read_store(aws, plan.store, report), renamer.look, names)
            undoes = None
            if left and not plan.is_undo:
                undoes = file.with_name(f"{file.stem}.undo{file.suffix}")
                save(undoes, fix_bytes(undo(plan)))
            return renamer.rename_all(left, report), undoes
    finally:
        aws.close()


def _show(outcome: list[Renamed]) -> None:
    out = console()
    for one in outcome:
        said = f"failed: {one.what} ({one.failure})" if one.failure else f"renamed: {one.what}"
        out.print(printable(said), highlight=False, markup=False, soft_wrap=True)


def _document(outcome: list[Renamed], there: int, undoes: Path | None) -> dict[str, Any]:
    def about(one: Renamed) -> dict[str, str]:
        what = {"kind": one.what.kind, "target_id": one.what.id, "before": one.what.before, "after": one.what.after}
        return what | ({"failure": one.failure} if one.failure else {})

    return {
        "renamed": [about(one) for one in outcome if not one.failure],
        "failed": [about(one) for one in outcome if one.failure],
        "there_already": there,
        "undo": str(undoes) if undoes is not None else None,
    }
