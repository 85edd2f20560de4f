"""When something that the target refused is sent again, without anyone asking for it.

After a refusal it waits an hour, then 2, 4, 8, 16 and from then on 24 hours, counted from the beginning of the run that
sent it: a quota or a name on the other side may have changed meanwhile, and 24 requests a day for a record that no one
fixes are 23 too many. What sends it at once is in plan/kept_back.py.
"""

from datetime import timedelta

_FIRST, _LONGEST = timedelta(hours=1), timedelta(hours=24)


def pause(times: int) -> timedelta:
    """How long after a refusal the same is sent again. times: how often it was refused in a row, from 1."""
    return min(_LONGEST, _FIRST * (1 << min(times - 1, 10)))
