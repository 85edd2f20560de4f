"""Which column of a CSV file holds what, by its header alone: the headers that HR systems and directories export.

Headers are compared without case, accents, spaces and punctuation, full width as half width. What is not known here is
left alone: a wrong guess costs more than a question.
"""

import re
import unicodedata
from collections.abc import Iterable, Iterator, Mapping

from scim_bridge.model.identity import Kind

_NAMES: Mapping[Kind, Mapping[str, str]] = {
    "user": {
        "id": """externalid id oktaid oktauserid objectid objectguid guid uuid immutableid personid workerid
            employeeid employeenumber employeeno empid personnelnumber personnelno staffid staffnumber userid
            社員番号 従業員番号 職員番号 社員id 社員コード 従業員コード 職員コード 社員no 従業員no 従業員管理番号
            personalnummer personalnr persnr pernr mitarbeiternummer mitarbeiternr benutzerid mitarbeiterkennung
            mitarbeiterid matricule numeroemploye numerodemploye idemploye numeroempleado numerodeempleado
            idempleado legajo matricola matricula numerofuncionario personeelsnummer medewerkernummer noempleado
            associateid スタッフコード スタッフid 工号 员工编号 사번 사원번호""",
        "login": """login username loginname loginid userprincipalname upn signinname primaryusername accountname
            account samaccountname uid userid ログインid ログイン名 ログイン アカウント名 アカウント ユーザー名
            ユーザ名 ユーザーid ユーザid benutzername benutzerkennung benutzer anmeldename windowsbenutzer
            identifiant nomdutilisateur usuario nombredeusuario nomeutente utente gebruikersnaam 用户名 账号
            아이디""",
        "given": """givenname given firstname forename legalnamefirstname legalfirstname preferrednamefirstname
            namegivenname offiziellernamevorname preferredfirstname first 名 名漢字 名前名 ファーストネーム
            vorname rufname prenom nombre nombres nome voornaam roepnaam""",
        "family": """familyname family lastname surname sn legalnamelastname legallastname preferrednamelastname
            namefamilyname offiziellernamenachname preferredlastname last 姓 姓漢字 苗字 名字 ラストネーム
            nachname familienname zuname nomdefamille nom apellidos apellido primerapellido cognome sobrenome
            apelido achternaam""",
        "display": """displayname display fullname payrollname namefullname legalname workername employeename
            worker name cn 表示名 氏名 氏名漢字 名前 社員名 従業員名 フルネーム anzeigename vollstandigername
            mitarbeiter nomcomplet nometprenom prenometnom nomprenom nombrecompleto nombreyapellidos nomecompleto
            nominativo volledigenaam naam 姓名 성명 이름""",
        "mail": """mail email emailaddress mailaddress primaryemail primaryemailaddress workemail workemailaddress
            businessemail emailprimarywork primaryworkemail workcontactworkemail emailwork companyemail
            corporateemail emails emails0value emailstypeeqworkvalue メールアドレス メール eメール eメールアドレス
            会社メールアドレス 社用メールアドレス 業務用メールアドレス emailadresse mailadresse dienstlicheemail
            emaildienstlich geschaftlicheemail emailgeschaftlich adresseemail adressemail adresseelectronique
            courriel emailprofessionnel mailprofessionnel correo correoelectronico direcciondecorreo
            indirizzoemail postaelettronica enderecodeemail emailcorporativo emailadres 邮箱 电子邮箱 电子邮件
            이메일""",
        "status": """status userstatus accountstatus employeestatus employmentstatus workerstatus workstatus
            hrstatus personstatus assignmentstatus positionstatus signinstatus activestatus employeestate
            lifecyclestate userlifecyclestate lifecyclestatus employmentstate state 状態 ステータス 在籍区分
            在籍状況 在籍状態 在籍ステータス 在職区分 在職状況 就業状態 雇用状態 利用状況 利用状態 アカウント状態
            beschaftigungsstatus beschaeftigungsstatus mitarbeiterstatus statusdesmitarbeiters benutzerstatus
            personalstatus statut statutemploye statutsalarie etat situation estado estadoempleado estatus stato
            statodipendente situacao statusdofuncionario dienstverbandstatus 状态 在职状态 员工状态 재직상태
            재직구분""",
        "enabled": """enabled active isactive isenabled accountenabled currentemployee iscurrent 有効 有効フラグ
            在籍 在籍フラグ aktiv istaktiv aktiviert actif estactif compteactif activo activa attivo ativo actief
            indienst 在职""",
        "disabled": """disabled inactive isdisabled blocked isblocked blockcredential blocksignin signinblocked
            suspended issuspended accountdisabled locked terminated isterminated archived isarchived left hasleft
            gone leaver 無効 無効フラグ 退職 退職フラグ 退職済 退職済み 停止 停止フラグ 利用停止 削除フラグ
            gesperrt deaktiviert inaktiv ausgeschieden ausgetreten desactive inactif bloque inactivo bloqueado
            sospeso inattivo inativo geblokkeerd uitdienst""",
        "leaves": """lastdayofwork lastworkingday lastworkingdate lastworkday lastday leavedate leavingdate
            leavedatetime employeeleavedatetime terminationdate effectiveterminationdate separationdate exitdate
            enddate employmentenddate accountexpires accountexpirationdate expirationdate expirydate validuntil
            validto deactivationdate deactivateon until leaving leavingon enddateofemployment end 最終出勤日
            最終出社日 最終在籍日 退職日 退社日 退職年月日 退社年月日 離職日 退職予定日 利用終了日 有効期限
            letzterarbeitstag letztertag letzterbeschaftigungstag letzteranwesenheitstag austrittsdatum austritt
            austrittam ausscheidedatum abgangsdatum vertragsende endedatum gultigbis gueltigbis bis beschaftigtbis
            ende kundigungsdatum kuendigungsdatum gekundigtzum datedesortie datesortie datededepart datedepart
            datedefin datefin datefincontrat datedefindecontrat dernierjour fechadebaja fechabaja fechadesalida
            fechafin fechadeterminacion datacessazione datafine dataderescisao datadedesligamento datadesligamento
            datademissao datadedemissao datumuitdienst uitdienstdatum einddatum 离职日期 离职日 퇴사일 퇴직일""",
        "starts": """hiredate originalhiredate hiringdate employeehiredate dateofhire startdate startingdate
            joindate joiningdate dateofjoining firstday continuousservicedate 入社日 入社年月日 採用日 入職日
            勤務開始日 eintrittsdatum eintritt eintrittam einstellungsdatum vertragsbeginn datedentree dateentree
            datedembauche dateembauche fechadealta fechaalta fechadeingreso fechaingreso datadiassunzione
            dataassunzione datadeadmissao dataadmissao datumindienst indienstdatum 入职日期 입사일""",
        "title": """title jobtitle jobtitledescription organizations0title businesstitle employeetitle
            positiontitle job position 役職 役職名 職位 肩書 職名 役職1 positionsbezeichnung stellenbezeichnung
            planstelle stelle funktion geschaftstitel poste intituleduposte fonction puesto cargo mansione
            qualifica ruolo functie functietitel 职位 职务 직위 직책""",
        "dept": """department dept departmentname departmentdescription homedepartmentdescription division
            supervisoryorganization organizationalunit organizations0department orgunit 部署 部署名 所属 所属部署
            所属名 部署1 部門 部門名 abteilung abteilungsname organisationseinheit bereich
            weisungsberechtigteorganisation departement service direction departamento area reparto ufficio setor
            afdeling 部门 부서 team チーム equipe""",
        "manager": """managerid manageremployeeid manageremployeenumber managersemployeeid manageruserid
            managerexternalid supervisorid reportstoid reportstoemployeeid reportstoassociateid managersid
            supervisoremployeeid supervisoreid supervisoremployeenumber managerupn manageremail
            manageremailaddress manager supervisor reportsto reportingto relations0value 上司社員番号 上長社員番号
            上司従業員番号 上長従業員番号 上司id 上長id 上司コード 上司メールアドレス 上司 上長 vorgesetztenummer
            vorgesetzterpersonalnummer personalnummervorgesetzter personalnummerdesvorgesetzten vorgesetztenid
            vorgesetzter fuhrungskraft matriculeresponsable matriculedumanager matriculemanager responsable
            superieur jefe responsabile gestor leidinggevende""",
        "groups": """groups groupnames groupmemberships groupmembership memberof membership teams usergroups
            securitygroups accessgroups awsgroups awsグループ aws権限グループ aws権限 awsgruppen adgroups
            permissiongroups iamgroups groupnames grouplist allgroups memberofgroups assignedgroups
            groupmembershipnames グループ グループ名 所属グループ 権限グループ アクセスグループ
            セキュリティグループ gruppen gruppenmitgliedschaften gruppe mitgliedvon benutzergruppen
            berechtigungsgruppen sicherheitsgruppen zugriffsgruppen adgruppen groupes groupe grupos gruppi groepen""",
    },
    "group": {
        "id": """externalid id objectid objectguid guid uuid groupid groupguid groupemail groupemailaddress email
            emailaddress グループid グループコード グループメールアドレス 部署コード 部門コード gruppenid
            gruppennummer idgroupe idgrupo samaccountname""",
        "name": """displayname name groupname groupdisplayname group cn グループ名 グループ 名称 部署名 部門名
            gruppenname gruppe nomdugroupe groupe nom nombre nombredelgrupo nome groepsnaam""",
        "members": """members member memberids membernames users userids メンバー メンバー一覧 所属メンバー 所属者
            mitglieder membres miembros membri leden""",
    },
}
"""Kind → what a column can be for → the headers that say so, the surest first. Roles are given out from the top."""

MEMBER_FILE: Mapping[str, str] = {
    "group": """groupid group groupname groupemail groupemailaddress groupguid groupobjectid groupdisplayname
            groupcode team teamname teamid role グループid グループコード グループ グループ名 部署コード 部署
            部署名 gruppenid gruppe gruppenname idgroupe groupe nomdugroupe idgrupo grupo""",
    "member": """memberid member memberemail memberemailaddress memberupn memberuserprincipalname
            membersamaccountname memberexternalid membername userid user useremail username userprincipalname upn
            samaccountname uid login email emailaddress mail employeeid employeenumber personid 社員番号
            従業員番号 社員コード 従業員コード 職員番号 メンバーid メンバー メールアドレス personalnummer mitglied
            mitgliedid benutzer benutzername matricule membre miembro""",
    "type": """membertype membertypes objecttype objectclass odatatype principaltype memberclass memberkind
            memberobjectclass memberobjecttype type kind class category メンバー種別 メンバータイプ
            オブジェクトクラス 種別 種類 mitgliedstyp mitgliedsart objekttyp objektklasse typ art""",
}
"""The headers of a file with a row for each membership: its group, its member, and what the member is."""

ROLES: Mapping[Kind, Mapping[str, tuple[str, ...]]] = {
    kind: {role: tuple(names.split()) for role, names in roles.items()} for kind, roles in _NAMES.items()
}
"""What a column can be for → the headers that say so, the surest first. Roles are given out from the top."""

OTHER_STATES = re.compile(
    "mfa|2sv|2fa|licen|marital|familienstand|password|passwor|sync|mail|invitation|contract|vertrag|visa|phone|device"
    "|training|project|order|payroll|婚姻|申請|契約|支払|回答|配布|提出"
)
"""In headers (as compared) of columns that say Active and Inactive of something else than the user."""
OTHER_DAYS = re.compile(
    "log[io]n|signin|seen|creat|updat|modif|chang|lock|birth|geburt|naissance|password|start|begin|hire|entry|eintritt"
    "|probation|probezeit|sync|生年|誕生|入社|更新|作成|変更|登録|開始|ログイン"
)
"""In headers (as compared) of columns of days that are not last ones."""
ENDS = ("accountexpirationdate", "accountexpires")
"""Headers (as compared) of Active Directory's: the moment from which an account is closed, not its last day."""

_BETWEEN = re.compile(r"[\W_]+")
_ACCENTS = re.compile("[\u0300-\u036f]")
_IDENTIFIER = re.compile(r"\[([A-Za-z][\w.]*)\]")
_SQUARE = re.compile(r"\[[^\]]*\]|【[^】]*】")
_ROUND = re.compile(r"[(（<＜][^)）>＞]*[)）>＞]")
_REMARK = re.compile(
    r"""\W*(required|optional|mandatory|read.?only|yes/no|true/false|y/n|[ymdhs/.\- :]{4,}|[tmj/.\-]{4,}|work|business
    |company|primary|erforderlich|pflicht(feld)?|ja/nein
    |bezeichnung|langtext|description|label|gesch[äa]ftlich|dienstlich|obligatoire|oui/non|professionnel(le)?
    |必須|任意|漢字|会社|社用|業務用|西暦.*|半角.*|全角.*|変更不可|自動.*|はい/いいえ)\W*""",
    re.VERBOSE | re.IGNORECASE,
)
"""What stands in round brackets and says how a cell is filled in. All else there (フリガナ, private) says what is."""
_NOTED = re.compile(r"[\s*:]*(required|optional|erforderlich|obligatoire|必須|任意)?[\s*:]*$", re.IGNORECASE)
_PREFIX = re.compile(
    r"(profile|user|employee|person|worker|account|attributes|従業員|社員)\s*[.:：/]\s*", re.IGNORECASE
)
_BLOCKS = re.compile(r"block|blo[qc]u|sperr|ブロック", re.IGNORECASE)


def roles_of(headers: Iterable[str], kind: Kind) -> dict[str, str]:
    """Role → the header of its column, for the roles that a header speaks of; no column has two roles."""
    free = {header: _forms(header) for header in headers}
    given: dict[str, str] = {}
    for role in ROLES[kind]:
        header = next(_speaking_of(free, kind, role), None)
        if header is not None:
            given[role] = header
            del free[header]
    return given


def headers_for(headers: Iterable[str], kind: Kind, role: str) -> list[str]:
    """Every header that speaks of one role, the surest first."""
    return list(dict.fromkeys(_speaking_of({header: _forms(header) for header in headers}, kind, role)))


def plain(text: str) -> str:
    """A text as it is compared: without case, accents, spaces and punctuation; `#` is a number."""
    return _BETWEEN.sub("", without_accents(text.replace("#", " number ")))


def without_accents(text: str) -> str:
    """A text in lower case, full width as half width, `é` as `e`; a Japanese voice mark stays."""
    folded = unicodedata.normalize("NFKC", text).casefold()
    return unicodedata.normalize("NFC", _ACCENTS.sub("", unicodedata.normalize("NFD", folded)))


def _speaking_of(free: Mapping[str, tuple[str, ...]], kind: Kind, role: str) -> Iterator[str]:
    """By name, then by how much of the header was left out to read it so, then by its place in the file."""
    for name in ROLES[kind][role]:
        found = [(forms.index(name), header) for header, forms in free.items() if name in forms]
        yield from (header for _, header in sorted(found, key=lambda each: each[0]))


def _forms(header: str) -> tuple[str, ...]:
    """How a header may be read, the whole of it first. `User name [userPrincipalName] Required` is what is in brackets.

    But `Block sign in (Yes/No) [accountEnabled] Required`, in Entra ID's template for bulk creation, is its contrary.
    """
    identifier = _IDENTIFIER.search(header)
    if identifier is not None and plain(identifier[1]) == "accountenabled" and _BLOCKS.search(header):
        return ("blocked",)
    bare = _ROUND.sub(lambda found: "" if _REMARK.fullmatch(found[0]) else found[0], _SQUARE.sub("", header))
    bare = _NOTED.sub("", bare)
    read = [header, identifier[1] if identifier is not None else "", bare, _PREFIX.sub("", bare, count=1)]
    return tuple(dict.fromkeys(form for each in read if (form := plain(each))))


def speaks_of(header: str, names: str) -> bool:
    """Whether a header is one of these, separated by spaces."""
    return not set(_forms(header)).isdisjoint(names.split())


def is_english(column: str) -> bool:
    """Whether a header is in English, as far as its words for dates tell."""
    return bool(re.search(r"date|day|end|until|expir|valid", column, re.IGNORECASE)) and not re.search(
        r"datum|ende|\bdate de|\bdate d'|^date_?(de|sortie|fin)", column, re.IGNORECASE
    )


_EAST_ASIAN = re.compile("[\u1100-\u11ff\u3040-\u30ff\u3400-\u9fff\uac00-\ud7af]")
_FAMILY_FIRST = ("nomprenom", "nometprenom", "nachnamevorname", "namevorname", "lastnamefirstname")


def is_east_asian(header: str) -> bool:
    """Whether a header is in a language that puts the family name first in whatever it writes."""
    return _EAST_ASIAN.search(header) is not None


def has_family_first(header: str) -> bool:
    """Whether a column of this header writes whole names with the family name first."""
    return is_east_asian(header) or plain(header) in _FAMILY_FIRST
