"""Which column of a CSV file holds what, by its header alone: the headers that HR systems and directories export.

Headers are compared without case, spaces and punctuation, full width as half width. What is not known here is left
alone: a wrong guess costs more than a question.
"""

import re
import unicodedata
from collections.abc import Iterable, Mapping

from scim_bridge.model.identity import Kind

_BRACKETED = re.compile(r"\[([A-Za-z][\w.]*)\]")
_NO_NAME = {"required", "optional"}
_BETWEEN = re.compile(r"[\W_]+")

_USER: Mapping[str, str] = {
    "id": """externalid id objectid guid uuid personid employeeid employeenumber employeeno staffid userid
        社員番号 従業員番号 職員番号 社員id 社員コード 従業員コード""",
    "login": """login username loginname loginid userprincipalname upn signinname accountname account samaccountname uid
        userid ログインid ログイン名 ログイン アカウント名 アカウント ユーザー名 ユーザ名 ユーザーid ユーザid""",
    "given": "givenname given firstname forename 名 名漢字 ファーストネーム",
    "family": "familyname family lastname surname sn 姓 姓漢字 苗字 名字 ラストネーム",
    "display": "displayname display fullname name cn 表示名 氏名 氏名漢字 名前 社員名 従業員名 フルネーム",
    "mail": """mail email emailaddress mailaddress primaryemail workemail emails emails0value emailstypeeqworkvalue
        メールアドレス メール eメール eメールアドレス 会社メールアドレス""",
    "enabled": "enabled active isactive isenabled accountenabled status 有効 有効フラグ 在籍 在籍区分 状態 ステータス",
    "disabled": """disabled inactive isdisabled blocked suspended accountdisabled
        無効 無効フラグ 退職 退職フラグ 停止 停止フラグ""",
    "leaves": """leavedate leavingdate leavedatetime employeeleavedatetime terminationdate enddate lastday
        lastworkingday 退職日 退社日 退職年月日 最終出勤日 最終出社日""",
    "title": "title jobtitle job position 役職 役職名 職位 肩書",
    "dept": "department dept departmentname division team 部署 部署名 所属 所属部署 部門 部門名 チーム",
    "manager": "manager managerid supervisor supervisorid 上司 上長 上司id 上長id 上司社員番号 上長社員番号",
}
_GROUP: Mapping[str, str] = {
    "id": "externalid id objectid guid uuid groupid グループid グループコード 部署コード",
    "name": "displayname name groupname group cn グループ名 グループ 名称 部署名",
}
ROLES: Mapping[Kind, Mapping[str, tuple[str, ...]]] = {
    "user": {role: tuple(names.split()) for role, names in _USER.items()},
    "group": {role: tuple(names.split()) for role, names in _GROUP.items()},
}
"""What a column can be for → the headers that say so, the surest first. Roles are given out from the top."""


def roles_of(headers: Iterable[str], kind: Kind) -> dict[str, str]:
    """Role → the header of its column, for the roles that a header speaks of; no column has two roles."""
    free = {_plain(header): header for header in reversed(list(headers))}
    given: dict[str, str] = {}
    for role, names in ROLES[kind].items():
        name = next((name for name in names if name in free), None)
        if name is not None:
            given[role] = free.pop(name)
    return given


def _plain(header: str) -> str:
    """A header as it is compared. `User name [userPrincipalName] Required` is what stands in its brackets.

    But `Block sign in (Yes/No) [accountEnabled] Required`, in Entra ID's template for bulk creation, is its contrary.
    """
    if header.casefold().startswith("block sign in"):
        return "blocked"
    bracketed = _BRACKETED.search(header)
    if bracketed is not None:
        is_name = bracketed[1].casefold() not in _NO_NAME
        header = bracketed[1] if is_name else header.replace(bracketed[0], "")
    return _BETWEEN.sub("", unicodedata.normalize("NFKC", header).casefold())
