"""Who has cancelled a run: of an order, or of the schedule."""

from sqlalchemy import Connection, select
from sqlmodel import col

from scim_bridge.state.schedule import cancelled_by
from scim_bridge.state.table import OrderRow


def say_who(database: Connection, connection: str, run_id: int, detail: str) -> str:
    """What is said of a run that was stopped: by whom, if a person has cancelled it, and then the rest."""
    of_order = select(col(OrderRow.cancelled_by)).where(col(OrderRow.run_id) == run_id)
    who = database.execute(of_order).scalar()
    if who is None:  # of no order
        who = cancelled_by(database, connection)
    return f"cancelled by {who}: {detail}" if who else detail
