"""What can go wrong, sorted by what happens next.

```
BridgeError(what, way_out)
├─ Retry   wait, send again         Throttled(after), Unreachable, ServerFault, AnswerLost   sent again by retry.py
├─ Hold    this object waits        Refused, NameTaken, NotThere, NotAnswered                caught in the apply engine
└─ Stop    send nothing more        CredentialsRefused, SourceUnreadable, Misconfigured …    caught where the run ends
```

A Retry that has used up its patience leaves `target/retry.py` as NotAnswered where the endpoint answers others, else
as EndpointDown, and `source/patience.py` as SourceUnreadable (both Stop).
The guard returns a verdict; it does not raise.
"""


class BridgeError(Exception):
    """One sentence for a person: what happened and to whom, then the way out.

    what ends without a full stop; way_out, if any, is a sentence of its own.
    """

    def __init__(self, what: str, way_out: str = "") -> None:
        self.what = what
        self.way_out = way_out
        super().__init__(f"{what}. {way_out}".rstrip() if way_out else f"{what}.")


class Retry(BridgeError):
    """Wait, then send the same request again. after: seconds the server asked for, None if it named none."""

    def __init__(self, what: str, way_out: str = "", *, after: float | None = None) -> None:
        super().__init__(what, way_out)
        self.after = after


class Throttled(Retry):
    """429: too many requests, from us or from anyone else on the same quota."""


class ServerFault(Retry):
    """5xx: the service failed; the change may have been applied all the same."""


class Unreachable(Retry):
    """No connection could be made: nothing was sent."""


class AnswerLost(Retry):
    """The request was sent and no whole answer came back: look before believing either outcome."""


class Hold(BridgeError):
    """This object waits for a decision; others go on. request_id: AWS's id of the refused request, for CloudTrail."""

    def __init__(self, what: str, way_out: str = "", *, request_id: str = "") -> None:
        super().__init__(what, way_out)
        self.request_id = request_id


class Refused(Hold):
    """400: the target does not accept this request."""


class NameTaken(Hold):
    """409: another resource holds a unique value of this one; the answer does not say which."""


class NotThere(Hold):
    """404: the resource named in the path, or a member named in the body, does not exist (or not yet)."""


class NotAnswered(Hold):
    """One request failed in every try while the endpoint answers others. It may have been applied all the same."""


class Stop(BridgeError):
    """Nothing more is sent. Exit code 1 unless the branch says otherwise."""

    exit_code = 1


class CredentialsRefused(Stop):
    """401 or 403: wrong tenant, expired token, or a network control."""


class EndpointDown(Stop):
    """The endpoint never answered within its patience."""


class SourceUnreadable(Stop):
    """The directory could not be read whole, so nothing is concluded from it.

    problems: every problem found, each a sentence that names file, line and column where there are any.
    """

    def __init__(self, what: str, way_out: str = "", *, problems: tuple[str, ...] = ()) -> None:
        super().__init__(what, way_out)
        self.problems = problems


class AskedToStop(Stop):
    """The process of the run is to end. No more is sent; the next run goes on from there."""


class Busy(Stop):
    """Another run of this connection holds the lock."""


class Deposed(Stop):
    """Another process has taken the connection over, as this one had not answered for a while."""


class PlanOutdated(Stop):
    """A saved plan no longer fits: the source or the target has moved since."""


class AskedOtherwise(Stop):
    """An idempotency key came before with another request."""


class StateUnusable(Stop):
    """The state can't be opened, read or written, or was written by a newer program."""


class Misconfigured(Stop):
    """Configuration, mapping or usage is wrong. Exit code 2.

    problems: every problem found in the file, when there are several.
    """

    exit_code = 2

    def __init__(self, what: str, way_out: str = "", *, problems: tuple[str, ...] = ()) -> None:
        super().__init__(what, way_out)
        self.problems = problems


class NobodyCalled(Misconfigured):
    """Neither side has a user or group with the name or id that was asked for."""

    def __init__(self, who: str) -> None:
        what = f"neither the source nor the target has a user or group called {who!r}"
        super().__init__(what, "Give a userName, a group name or an id.")
