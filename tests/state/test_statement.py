"""What goes to the driver past SQLAlchemy lies there as SQLAlchemy would have put it."""

from datetime import UTC, datetime, timedelta, timezone

import pytest
from sqlalchemy import Column, MetaData, Table, create_engine, insert

from scim_bridge.state.statement import as_stored, carry_out_many
from scim_bridge.state.table import UtcDateTime

NOON = datetime(2027, 3, 13, 12, 30, tzinfo=UTC)


@pytest.mark.parametrize(
    "moment", [NOON, NOON.replace(microsecond=6), NOON.astimezone(timezone(timedelta(hours=9))), None]
)
def test_a_point_in_time_has_one_form_in_the_database(moment: datetime | None) -> None:
    table = Table("moments", MetaData(), Column("at", UtcDateTime))
    with create_engine("sqlite://").connect() as database:
        table.create(database)
        database.execute(insert(table).values(at=moment))
        carry_out_many(database, insert(table), ("at",), [(as_stored(database, moment),)])
        usual, quick = database.exec_driver_sql("SELECT at FROM moments").scalars()
    assert usual == quick
