"""Who may enter what, read from AWS for a connection that has `access` (model.protocol.Access). Only reads.

Credentials come from AWS's usual chain. Nothing is sent before someone asks, and the whole is read at most once for a
run: a plan, and what is made of it, look at the same reading. An order of the inbox is a run of its own, hours later
perhaps.
"""

import logging
from collections.abc import Collection, Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import datetime

from scim_bridge.access.aws import PATIENCE, Aws
from scim_bridge.access.instance import find_instance
from scim_bridge.access.principal_reading import read_principals
from scim_bridge.access.reading import read_access
from scim_bridge.access.refusal import NotReadable
from scim_bridge.config.settings import AccessSettings
from scim_bridge.errors import BridgeError
from scim_bridge.model.access import AccessReading, Renewed
from scim_bridge.model.assignment import Principal
from scim_bridge.model.protocol import Progress, silent

_log = logging.getLogger("scim_bridge.access.aws_access")
_PATIENCE = 5.0
"""Seconds for which one throttled call is tried again where a run waits that has not read AWS before."""


class AwsAccess:
    """The assignments of one Identity Center instance."""

    def __init__(self, settings: AccessSettings) -> None:
        self._settings = settings
        self._read: AccessReading | None = None

    @property
    def prices(self) -> Mapping[str, float]:
        """How the name of an application begins → what one user costs a month."""
        return self._settings.seat_prices

    def read(self, now: datetime, progress: Progress, *, most: int | None = None) -> AccessReading:
        """Everything, now (UTC) or later. most: give up after so many requests. Raises NotReadable."""
        if self._read is None or self._read.as_of < now:
            patience = PATIENCE if most is None else _PATIENCE
            with _opened(self._settings, patience, most) as aws:
                self._read = read_access(aws, now, progress)
        return self._read

    def renew(self, who: Sequence[Principal], known: Collection[str]) -> Renewed:
        """What is assigned to these directly, now. known: ARNs of permission sets that need not be read again.

        Raises NotReadable.
        """
        with _opened(self._settings, _PATIENCE) as aws:
            return read_principals(aws, who, known, silent)

    def check(self) -> str:
        """What can be read, in words. Raises NotReadable, naming the permission that is missing."""
        with _opened(self._settings, _PATIENCE) as aws:
            instance = find_instance(aws)
            _first_page(aws, "sso:ListPermissionSets", InstanceArn=instance["InstanceArn"])
            for call in ("identitystore:ListUsers", "identitystore:ListGroups"):
                _first_page(aws, call, IdentityStoreId=instance["IdentityStoreId"])
            try:
                _first_page(aws, "organizations:ListAccounts")
            except NotReadable as refused:
                return f"reads assignments; accounts are shown by id alone, for {refused.what}"
        return "reads assignments, and the names of accounts"


@contextmanager
def _opened(settings: AccessSettings, patience: float, most: int | None = None) -> Iterator[Aws]:
    """AWS, as long as it is asked. An answer that no one has foreseen is a reading that failed: a run goes on."""
    aws = Aws(settings.region, settings.requests_per_second, patience=patience, most=most)
    try:
        yield aws
    except BridgeError:
        raise
    except Exception as error:  # noqa: BLE001 - nor may what no one has foreseen hold a revocation back
        _log.exception("AWS gave an answer that was not understood")
        what = f"its answer was not understood ({type(error).__name__}); the log says more"
        raise NotReadable(what) from None
    finally:
        aws.close()


def _first_page(aws: Aws, call: str, **asked: str) -> None:
    next(aws.pages(call, **asked))
