"""How long the target's token is still good, for `check` and for a warning at the end of a run."""

from dataclasses import dataclass
from datetime import UTC, datetime

from scim_bridge.cli.streams import tell
from scim_bridge.config.settings import ConnectionSettings, TargetSettings
from scim_bridge.model.wording import counted

_WARN_FROM = 90
"""Days before the token's end: AWS itself begins to remind then."""


@dataclass(frozen=True, slots=True)
class TokenAge:
    """How long the token is still good. warns: an end is near or past."""

    sentence: str
    warns: bool = False
    is_over: bool = False


def token_age(target: TargetSettings) -> TokenAge:
    """Days left of a token whose end is in the configuration."""
    if target.token_expires is None:
        return TokenAge("target.token_expires is not set, so there is no warning before the token expires")
    left = (target.token_expires - datetime.now(UTC).date()).days
    if left < 0:
        return TokenAge(
            f"the token expired {counted(-left, 'day')} ago. Make a new one in the console", warns=True, is_over=True
        )
    sentence = f"the token expires in {counted(left, 'day')}, on {target.token_expires}"
    return TokenAge(sentence, warns=left <= _WARN_FROM)


def warn_of_expiry(chosen: ConnectionSettings) -> None:
    """A line on stderr if the token's end is near or past."""
    age = token_age(chosen.target)
    if age.warns:
        tell(f"warning: {age.sentence}")
