"""A plan handed round: the same words as on the terminal, and nothing in a name is markup."""

import re
from dataclasses import replace
from html.parser import HTMLParser

from hypothesis import given
from hypothesis import strategies as st
from markdown_it import MarkdownIt

from scim_bridge.model.identity import Notice
from scim_bridge.model.mapping_comparison import AttributeChange, Comparison, MemberChange, RuleChange, ScopeChange
from scim_bridge.model.operation import Change, Member, Operation
from scim_bridge.model.operation_kind import Phase
from scim_bridge.model.plan import Conflict, Plan, Skipped, Trip, Verdict
from scim_bridge.view import plan_report, terminal
from scim_bridge.view.mapping_comparison import comparison_view
from tests.view.test_terminal import CONFLICT, operation, plan, printed

HOSTILE = "```\n</details><script>alert(1)</script> **b** [x](http://evil.example) @admin `a` | <img src=x>"
SCOPE = "new.yaml, line 4: users.scope"
OURS = {"details", "summary", "sub"}


def members(count: int) -> tuple[Member, ...]:
    return tuple(Member(f"u{n}", None, f"m{n}@corp.example") for n in range(count))


def comparison(name: str = "a", **fields: object) -> Comparison:
    none = dict.fromkeys(("create_user", "update_user", "deactivate_user", "held"), 0)
    rule = RuleChange("user", "title", "title", f"title + '{name}'", "new.yaml, line 9: users.attributes.title")
    changes: dict[str, Change] = {"title": ("Lead", None), "nickName": (None, name)}
    base = Comparison(
        connection="corp",
        rules=(rule, replace(rule, path="scope", place=SCOPE)),
        entered=(
            ScopeChange(
                kind="user",
                source_id="e",
                name=f"enters {name}",
                place="users.csv, line 3",
                operation="create_user",
                why=SCOPE,
            ),
        ),
        left=(
            ScopeChange(
                kind="user", source_id="l", name=f"leaves {name}", place="users.csv, line 4", operation=None, why=SCOPE
            ),
        ),
        attributes=(AttributeChange("user", "c", f"changes {name}", changes, rule.cause),),
        members=(MemberChange(f"group {name}", "joins", tuple(m.name for m in members(7)), "the user enters scope"),),
        held=(
            Conflict(
                key="c-1",
                kind="missing_value",
                subjects=(name,),
                detail=f"{name}: displayName is required",
                remedy="Give it one.",
            ),
        ),
        released=(),
        now=none | {"update_user": 4},
        changed=none | {"create_user": 1},
        verdict=Verdict(),
    )
    return replace(base, **fields)  # type: ignore[arg-type]


def full_plan(name: str) -> Plan:
    """Everything a plan can hold, about someone of this name."""
    done = Operation(
        id="op",
        kind="update_user",
        phase=Phase.USERS,
        source_id="u",
        target_id="t",
        subject=name,
        reason=name,
        changes={"title": (name, name + "x")},
    )
    joined = replace(done, id="op2", kind="add_members", changes={}, members=(Member("m", None, name),))
    return plan(
        done,
        joined,
        conflicts=(Conflict(key="c-1", kind="duplicate_user_name", subjects=(name,), detail=name, remedy=name),),
        skipped=(Skipped(name, name),),
        warnings=(Notice(name, name, name),),
        verdict=Verdict((Trip(limit="deactivate", counted=2, base=3, allowed="10%", sentence=f"2 of 3 {name}"),)),
    )


def test_the_numbers_come_first_and_the_details_are_folded() -> None:
    told = plan_report.markdown(plan_report.report_view(plan(operation(1), operation(2), conflicts=(CONFLICT,))))
    assert told.startswith("### scim-bridge plan of `corp`\n\n| | |\n|---|--:|\n| users updated | 2 |\n")
    assert "<details><summary>update user (2)</summary>\n\n```diff\n~ 佐藤1@corp.example  (title changed)\n" in told
    assert "      title: 主任 → 課長\n" in told
    assert "! duplicate_user_name c-81\n      userName 'a' is claimed twice.\n      Rename one of them.\n" in told


def test_markdown_lists_at_most_twenty_of_a_kind_and_the_page_all() -> None:
    conflicts = tuple(replace(CONFLICT, key=f"c-{n}") for n in range(25))
    many = plan(*(operation(n) for n in range(33)), conflicts=conflicts, skipped=(Skipped("x", "protected"),) * 30)
    told = plan_report.markdown(plan_report.report_view(many))
    assert told.count("\n~ ") == 20
    assert told.count("\n! ") == 20
    assert [f"… and {n} more" in told for n in (13, 5)] == [True, True]
    assert "…: and 10 more" in told
    page = plan_report.page(plan_report.report_view(many, shown=None))
    assert len(set(re.findall(r"佐藤\d+@corp\.example", page))) == 33
    assert len(set(re.findall(r"c-\d+", page))) == 25
    assert "more" not in page


def test_the_page_names_every_member() -> None:
    joined = plan(operation(1, "add_members", changes={}, members=members(12)))
    page = plan_report.page(plan_report.report_view(joined, shown=None))
    assert [f"<bdi>m{n}@corp.example</bdi>" in page for n in range(12)] == [True] * 12


def test_a_plan_with_nothing_to_do_says_so() -> None:
    assert "There is nothing to do." in plan_report.markdown(plan_report.report_view(plan()))
    assert "corp: nothing to do" in plan_report.page(plan_report.report_view(plan(), shown=None))


def test_a_comparison_puts_both_plans_side_by_side_and_tells_each_difference_with_its_reason() -> None:
    told = plan_report.markdown(plan_report.report_view(plan(operation(1)), comparison()))
    assert "| | today's mapping | changed mapping |\n|---|--:|--:|\n| users updated | 4 | 1 |\n" in told
    assert (
        "  new.yaml, line 9: users.attributes.title  (makes a difference for 1 user)\n- title\n+ title + 'a'\n" in told
    )
    assert "+ enters a  (users.csv, line 3, by new.yaml, line 4: users.scope: create user)\n" in told
    assert "- leaves a  (users.csv, line 4, by new.yaml, line 4: users.scope: nothing to do on the target)\n" in told
    assert "      title: Lead → (removed)\n      nickName: (none) → a\n" in told
    assert "<summary>memberships begun (7)</summary>" in told
    assert "! a  (missing value)\n      why: a: displayName is required\n      what to do: Give it one.\n" in told
    assert "The guard would let it through." in told


def test_terminal_markdown_and_page_tell_the_same_differences() -> None:
    given = comparison()
    view = comparison_view(given, Verdict())
    said = [
        printed(terminal.show_comparison, view),
        plan_report.markdown(plan_report.report_view(plan(operation(1)), given)),
        plan_report.page(plan_report.report_view(plan(operation(1)), given, shown=None)),
    ]
    for section in view.sections:
        for line in section.lines:
            for text in (section.title, line.subject, line.reason):
                assert [text in one for one in said] == [True, True, True]
    assert [view.guard in one for one in said] == [True, True, True]


def test_the_guard_is_told_for_both_mappings() -> None:
    stopped = Verdict((Trip(limit="deactivate", counted=1, base=2, allowed="10%", sentence="1 of 2 …"),))
    passes = comparison(verdict=Verdict())
    assert (
        comparison_view(passes, stopped).guard == "The guard would stop it: deactivate (today it would let it through)."
    )
    stops = comparison(verdict=stopped)
    assert (
        comparison_view(stops, Verdict()).guard == "The guard would let it through (today it would stop: deactivate)."
    )
    assert "merge the mapping" in plan_report.report_view(plan(), passes).plan.way_out


def test_two_equal_mappings_differ_in_nothing() -> None:
    empty = comparison(rules=(), entered=(), left=(), attributes=(), members=(), held=())
    said = printed(terminal.show_comparison, comparison_view(empty, Verdict()))
    assert said.startswith("corp under the changed mapping: nothing would be different\n")


@given(st.text(max_size=40) | st.just(HOSTILE) | st.text("`\n~#<>&@|*[]()!-+ a", max_size=40))
def test_no_name_is_markup_in_markdown(name: str) -> None:
    odd = replace(full_plan(name or "x"), connection=name or "x")
    told = plan_report.markdown(plan_report.report_view(odd, comparison(name)))
    plain = plan_report.markdown(plan_report.report_view(replace(full_plan("x"), connection="x"), comparison("x")))
    assert _skeleton(told) == _skeleton(plain)


def _skeleton(text: str) -> list[str]:
    """What a Markdown renderer makes of a text, without the words in it. Every tag in it is one of ours."""
    tokens = MarkdownIt("commonmark", {"html": True, "linkify": False}).enable("table").parse(text)
    assert set(re.findall(r"</?(\w+)", "".join(t.content for t in tokens if t.type == "html_block"))) <= OURS
    inline = [child for token in tokens for child in token.children or []]
    assert {c.type for c in inline} <= {
        "text",
        "softbreak",
        "code_inline",
        "strong_open",
        "strong_close",
        "html_inline",
    }
    assert set(re.findall(r"</?(\w+)", "".join(c.content for c in inline if c.type == "html_inline"))) <= OURS
    return [token.type for token in tokens]


class _Tags(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.found: list[tuple[str, tuple[str, ...]]] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.found.append((tag, tuple(name for name, _ in attrs)))


@given(st.text(max_size=40) | st.just(HOSTILE))
def test_no_name_is_markup_on_the_page(name: str) -> None:
    assert _tags(name or "x") == _tags("x")


def _tags(name: str) -> list[tuple[str, tuple[str, ...]]]:
    parser = _Tags()
    parser.feed(plan_report.page(plan_report.report_view(full_plan(name), comparison(name), shown=None)))
    return parser.found


def test_the_page_needs_nothing_from_elsewhere() -> None:
    page = plan_report.page(plan_report.report_view(full_plan("x"), comparison(), shown=None))
    tags = {tag for tag, _ in _tags("x")}
    assert not tags & {"script", "link", "img", "iframe", "object", "base"}
    assert not re.search(r"\b(?:src|href)=|url\(|@import", page)
    assert "prefers-color-scheme: dark" in page
    assert 'content="width=device-width' in page


def test_what_is_no_text_can_be_written_all_the_same() -> None:
    view = plan_report.report_view(full_plan("\ud800\x00\u202e"), comparison("\ud800"), shown=None)
    assert plan_report.markdown(view).encode()
    assert plan_report.page(view).encode()


def test_code_within_a_line_has_more_backticks_than_the_text() -> None:
    assert [plan_report.code(text) for text in ("a", "a`b", "`", "")] == ["`a`", "``a`b``", "`` ` ``", ""]
