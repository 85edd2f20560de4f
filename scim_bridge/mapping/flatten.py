"""Nested groups: Identity Center's groups hold users only, so a group inherits the users of the groups inside it."""

from collections.abc import Mapping

from scim_bridge.model.identity import Notice

GROUP_CYCLE = "group_cycle"
Direct = Mapping[str, tuple[tuple[str, ...], tuple[str, ...]]]


def flatten(direct: Direct, names: Mapping[str, str]) -> tuple[dict[str, frozenset[str]], list[Notice]]:
    """Group id → ids of all users in it or in groups inside it, however deep. Circles of groups are noted once.

    names: group id → what people call it.

    One walk finds the circles (Tarjan's strongly connected components, without recursion); components come out
    innermost first, so each takes the finished sets of those it contains.
    """
    flat: dict[str, frozenset[str]] = {}
    notices = []
    for circle in _components(direct):
        inside = set(circle)
        users: set[str] = set()
        for group in circle:
            direct_users, nested = direct.get(group, ((), ()))
            users.update(direct_users)
            for other in nested:
                if other not in inside:
                    users |= flat[other]
        members = frozenset(users)
        for group in circle:
            flat[group] = members
        if len(circle) > 1:
            named = ", ".join(sorted(names.get(group, group) for group in circle))
            notices.append(
                Notice(GROUP_CYCLE, named, f"these groups contain each other and so have the same members: {named}")
            )
    return flat, notices


def _components(direct: Direct) -> list[list[str]]:
    index: dict[str, int] = {}
    low: dict[str, int] = {}
    stack: list[str] = []
    waiting: set[str] = set()
    components = []
    for root in direct:
        if root in index:
            continue
        work = [(root, iter(direct[root][1]))]
        index[root] = low[root] = len(index)
        stack.append(root)
        waiting.add(root)
        while work:
            group, nested = work[-1]
            child = next(nested, None)
            if child is None:
                work.pop()
                if work:
                    low[work[-1][0]] = min(low[work[-1][0]], low[group])
                if low[group] == index[group]:
                    components.append(_taken_off(stack, group))
                    waiting.difference_update(components[-1])
            elif child not in index:
                index[child] = low[child] = len(index)
                stack.append(child)
                waiting.add(child)
                work.append((child, iter(direct.get(child, ((), ()))[1])))
            elif child in waiting:
                low[group] = min(low[group], index[child])
    return components


def _taken_off(stack: list[str], last: str) -> list[str]:
    """What stands on the stack from its top down to this group."""
    taken = [stack.pop()]
    while taken[-1] != last:
        taken.append(stack.pop())
    return taken
