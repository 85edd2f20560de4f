"""Pages of a list: MaxResults and NextToken, with short and empty pages that carry a token, if a knob asks for them."""

import base64
from collections.abc import Mapping, Sequence
from typing import Any, TypeVar

from scim_bridge.sandbox.aws.refusal import invalid

T = TypeVar("T")


class Pages:
    """Cuts lists. has_empty: every page with entries is preceded by one without, as AWS documents it for accounts."""

    def __init__(self, *, has_empty: bool) -> None:
        self._has_empty = has_empty

    def cut(self, given: Mapping[str, Any], name: str, items: Sequence[T], most: int = 100) -> dict[str, Any]:
        """One page under this name. most: entries in a page at most; MaxResults may go to 100 all the same."""
        size = given.get("MaxResults", most)
        if not isinstance(size, int) or not 1 <= size <= 100:
            raise invalid("1 validation error detected: MaxResults is from 1 to 100")
        start, is_empty = self._read(given.get("NextToken"))
        if is_empty:
            return {name: [], "NextToken": _token(start, is_empty=False)}
        end = start + min(size, most)
        page: dict[str, Any] = {name: list(items[start:end])}
        return page | ({"NextToken": _token(end, is_empty=self._has_empty)} if end < len(items) else {})

    def _read(self, token: Any) -> tuple[int, bool]:
        if token is None:
            return 0, self._has_empty
        try:
            start, _, kind = base64.urlsafe_b64decode(str(token)).decode().partition(":")
            return int(start), kind == "empty"
        except ValueError:
            raise invalid("The NextToken is not valid.") from None


def _token(start: int, *, is_empty: bool) -> str:
    return base64.urlsafe_b64encode(f"{start}:{'empty' if is_empty else 'full'}".encode()).decode()
