"""Exports as directories and HR systems write them, of made-up people; and what a first sync must make of each."""

# ruff: noqa: E501 - exports are as wide as they are
from collections.abc import Mapping
from dataclasses import dataclass, field, replace


@dataclass(frozen=True)
class Export:
    """Files as they were exported. active, departments: by userName. groups: display name → userNames of members.

    options: of `init`, beside the files. notes: what `init` must say. encoding: of all files.
    """

    files: Mapping[str, str]
    active: Mapping[str, bool]
    departments: Mapping[str, str] = field(default_factory=dict)
    groups: Mapping[str, set[str]] = field(default_factory=dict)
    options: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()
    names: Mapping[str, tuple[str, str]] = field(default_factory=dict)
    encoding: str = "utf-8"


GOOGLE = Export(
    {
        "users.csv": """\
First Name [Required],Last Name [Required],Email Address [Required],Password [Required],Password Hash Function [UPLOAD ONLY],Org Unit Path [Required],New Primary Email [UPLOAD ONLY],Status [READ ONLY],Last Sign In [READ ONLY],Recovery Email,Home Secondary Email,Work Secondary Email,Employee ID,Employee Type,Employee Title,Manager Email,Department,Cost Center,2sv Enrolled [READ ONLY],2sv Enforced [READ ONLY],Change Password at Next Sign-In,New Status [UPLOAD ONLY]
Ann,Lee,ann.lee@corp.example,****,,/Dev,,Active,2027/01/15 10:00:00,ann@home.example,,,,,Engineer,,Development,,True,True,,
Bob,Ito,bob.ito@corp.example,****,,/Ops,,Suspended,Never logged in,,,,,,Operator,ann.lee@corp.example,Operations,,False,False,,
Cy,Oda,cy.oda@corp.example,****,,/Ops,,Active,Never logged in,,,,,,,ann.lee@corp.example,Operations,,False,True,,
Di,Abe,di.abe@corp.example,****,,/Old,,Archived,2025/03/01 09:12:00,,,,,,,,Operations,,False,False,,
""",
        "groups.csv": """\
Group Name [Required],Group Email [Required],Description
Developers,dev@corp.example,
On Call,oncall@corp.example,
""",
        "members.csv": """\
Group Email [Required],Member Email,Member Type,Member Role
dev@corp.example,Ann.Lee@corp.example,USER,OWNER
oncall@corp.example,cy.oda@corp.example,USER,MEMBER
oncall@corp.example,dev@corp.example,GROUP,MEMBER
oncall@corp.example,pager@partner.example,EXTERNAL,MEMBER
oncall@corp.example,,CUSTOMER,MEMBER
""",
    },
    {
        "ann.lee@corp.example": True,
        "bob.ito@corp.example": False,
        "cy.oda@corp.example": True,
        "di.abe@corp.example": False,
    },
    {"ann.lee@corp.example": "Development", "cy.oda@corp.example": "Operations"},
    {"Developers": {"ann.lee@corp.example"}, "On Call": {"cy.oda@corp.example", "ann.lee@corp.example"}},
    notes=(
        "- Status [READ ONLY] says who may sign in: 'Active' (2 users) is taken for active, 'Suspended' (1 user), 'Archived' (1 user) and any other value for inactive.",
        "- 2 memberships of what is never provisioned, such as: members.csv, line 5: the member is not a user or a group (EXTERNAL); the row was dropped.",
    ),
)
GOOGLE_BY_EMPLOYEE_ID = Export(
    {
        "users.csv": """\
First Name [Required],Last Name [Required],Email Address [Required],Status [READ ONLY],Employee ID,Manager Email,Department
Ann,Lee,ann.lee@corp.example,Active,0012,,Development
Bob,Ito,bob.ito@corp.example,Suspended,0013,ann.lee@corp.example,Operations
Cy,Oda,cy.oda@corp.example,Active,0014,ann.lee@corp.example,Operations
""",
        "groups.csv": "Group Name,Group Email\nDevelopers,dev@corp.example\n",
        "members.csv": "Group Email,Member Email\ndev@corp.example,ann.lee@corp.example\ndev@corp.example,CY.ODA@corp.example\n",
    },
    {"ann.lee@corp.example": True, "bob.ito@corp.example": False, "cy.oda@corp.example": True},
    groups={"Developers": {"ann.lee@corp.example", "cy.oda@corp.example"}},
)
ENTRA = Export(
    {
        "users.csv": """\
userPrincipalName,displayName,surname,mail,givenName,id,userType,jobTitle,department,accountEnabled,usageLocation,streetAddress,state,country,officeLocation,city,postalCode,telephoneNumber,mobilePhone,alternateEmailAddress,ageGroup,consentProvidedForMinor,legalAgeGroupClassification,companyName,creationType,directorySynced,invitationState,identityIssuer,createdDateTime
Ann.Lee@corp.example,Ann Lee,Lee,ann.lee@corp.example,Ann,3f0b7a52-1111-4c86-9c55-0d3b1f6e0001,Member,Engineer,Development,True,US,,WA,US,,Seattle,,,,,,,,,,True,,corp.example,2024-02-01T09:00:00Z
Bob.Ito@corp.example,Bob Ito,Ito,bob.ito@corp.example,Bob,3f0b7a52-1111-4c86-9c55-0d3b1f6e0002,Member,,Operations,False,US,,CA,US,,,,,,,,,,,,True,,corp.example,2024-02-02T09:00:00Z
""",
        "groups.csv": """\
id,displayName,groupType,membershipType,source,mail,securityEnabled,mailEnabled
3f0b7a52-2222-4c86-9c55-0d3b1f6e0001,Developers,Security,Assigned,Cloud,,True,False
""",
        "members.csv": """\
groupId,userPrincipalName,displayName,objectType
3f0b7a52-2222-4c86-9c55-0d3b1f6e0001,ann.lee@corp.example,Ann Lee,User
3f0b7a52-2222-4c86-9c55-0d3b1f6e0001,bob.ito@corp.example,Bob Ito,User
""",
    },
    {"ann.lee@corp.example": True, "bob.ito@corp.example": False},
    {"ann.lee@corp.example": "Development", "bob.ito@corp.example": "Operations"},
    {"Developers": {"ann.lee@corp.example", "bob.ito@corp.example"}},
)
ACTIVE_DIRECTORY = Export(
    {
        "users.csv": """\
"DistinguishedName","Enabled","GivenName","Name","ObjectClass","ObjectGUID","SamAccountName","SID","Surname","UserPrincipalName","Department","Title","Manager","AccountExpirationDate","MemberOf"
"CN=Ann Lee,OU=Dev,DC=corp,DC=example","True","Ann","Ann Lee","user","7d1cbe0e-0001-4a55-8f0c-1b1b1b1b0001","alee","S-1-5-21-1-1-1-1101","Lee","alee@corp.example","Development","Engineer",,,"CN=Developers,OU=Groups,DC=corp,DC=example;CN=VPN,OU=Groups,DC=corp,DC=example"
"CN=Bob Ito,OU=Ops,DC=corp,DC=example","False","Bob","Bob Ito","user","7d1cbe0e-0001-4a55-8f0c-1b1b1b1b0002","bito","S-1-5-21-1-1-1-1102","Ito","bito@corp.example","Operations",,"CN=Ann Lee,OU=Dev,DC=corp,DC=example",,"CN=VPN,OU=Groups,DC=corp,DC=example"
"CN=Cy Oda,OU=Ops,DC=corp,DC=example","True","Cy","Cy Oda","user","7d1cbe0e-0001-4a55-8f0c-1b1b1b1b0003","coda","S-1-5-21-1-1-1-1103","Oda","coda@corp.example","Operations",,"CN=Ann Lee,OU=Dev,DC=corp,DC=example","12/31/2020 12:00:00 AM",
""",
        "groups.csv": """\
"DistinguishedName","GroupCategory","GroupScope","Name","ObjectClass","ObjectGUID","SamAccountName","SID"
"CN=Developers,OU=Groups,DC=corp,DC=example","Security","Global","Developers","group","7d1cbe0e-0002-4a55-8f0c-1b1b1b1b0001","Developers","S-1-5-21-1-1-1-1201"
"CN=VPN,OU=Groups,DC=corp,DC=example","Security","Global","VPN","group","7d1cbe0e-0002-4a55-8f0c-1b1b1b1b0002","VPN","S-1-5-21-1-1-1-1202"
""",
    },
    {"alee@corp.example": True, "bito@corp.example": False, "coda@corp.example": False},
    {"alee@corp.example": "Development", "coda@corp.example": "Operations"},
    {"Developers": {"alee@corp.example"}, "VPN": {"alee@corp.example", "bito@corp.example"}},
)
OKTA = Export(
    {
        "users.csv": """\
id,status,created,activated,statusChanged,lastLogin,lastUpdated,passwordChanged,profile.login,profile.firstName,profile.lastName,profile.email,profile.department,profile.title,profile.manager,profile.managerId,groups
00u1aaaaaaaaaaaaaaa1,ACTIVE,2024-02-01T09:00:00.000Z,2024-02-01T09:00:00.000Z,,,2027-01-01T00:00:00.000Z,,Ann.Lee@corp.example,Ann,Lee,ann.lee@corp.example,Development,Engineer,,,Developers|Everyone|On Call: EMEA
00u1aaaaaaaaaaaaaaa2,SUSPENDED,2024-02-01T09:00:00.000Z,,,,2027-01-01T00:00:00.000Z,,bob.ito@corp.example,Bob,Ito,bob.ito@corp.example,Operations,,Ann Lee,00u1aaaaaaaaaaaaaaa1,Everyone
00u1aaaaaaaaaaaaaaa3,DEPROVISIONED,2024-02-01T09:00:00.000Z,,,,2027-01-01T00:00:00.000Z,,cy.oda@corp.example,Cy,Oda,cy.oda@corp.example,Operations,,Ann Lee,00u1aaaaaaaaaaaaaaa1,
00u1aaaaaaaaaaaaaaa4,STAGED,2024-02-01T09:00:00.000Z,,,,2027-01-01T00:00:00.000Z,,di.abe@corp.example,Di,Abe,di.abe@corp.example,Operations,,,,Everyone
00u1aaaaaaaaaaaaaaa5,PASSWORD_EXPIRED,2024-02-01T09:00:00.000Z,,,,2027-01-01T00:00:00.000Z,,ed.uno@corp.example,Ed,Uno,ed.uno@corp.example,Operations,,,,Everyone
""",
    },
    {
        "ann.lee@corp.example": True,
        "bob.ito@corp.example": False,
        "cy.oda@corp.example": False,
        "di.abe@corp.example": False,
        "ed.uno@corp.example": True,
    },
    {"ann.lee@corp.example": "Development"},
    {
        "Developers": {"ann.lee@corp.example"},
        "On Call: EMEA": {"ann.lee@corp.example"},
        "Everyone": {f"{name}@corp.example" for name in ("ann.lee", "bob.ito", "di.abe", "ed.uno")},
    },
    notes=("- groups lists the groups of each user, and groups are made from these names",),
)
WORKDAY = Export(
    {
        "users.csv": """\
Employee ID,Worker,Legal Name - First Name,Legal Name - Last Name,Email - Primary Work,Worker Status,Hire Date,Termination Date,Business Title,Supervisory Organization,Manager Employee ID,Employment Status
100231,"Lee, Ann",Ann,Lee,ann.lee@corp.example,Active,02/01/2020,,Engineer,Development,,Full time
100232,"Ito, Bob",Bob,Ito,bob.ito@corp.example,Terminated,02/01/2020,12/31/2025,Operator,Operations,100231,Full time
100233,"Oda, Cy",Cy,Oda,cy.oda@corp.example,On Leave,05/15/2021,,Operator,Operations,100231,Part time
100234,"Abe, Di",Di,Abe,di.abe@corp.example,Active,05/15/2021,01/31/2020,Operator,Operations,100231,Part time
""",
    },
    {
        "ann.lee@corp.example": True,
        "bob.ito@corp.example": False,
        "cy.oda@corp.example": False,
        "di.abe@corp.example": False,
    },
    {"ann.lee@corp.example": "Development"},
    notes=("- Worker Status says who may sign in: 'Active' (2 users) is taken for active",),
)
SAP_GERMAN = Export(
    {
        "users.csv": """\
Personalnummer;Name;Vorname;E-Mail-Adresse;Abteilung;Planstelle;Beschäftigungsstatus;Eintritt;Austritt;Personalnummer Vorgesetzter
00001207;Groß;Änne;aenne.gross@corp.example;Entwicklung;Ingenieurin;aktiv;01.02.2020;31.12.9999;
00001208;von der Heide;Jörg;joerg.heide@corp.example;Betrieb;;ausgetreten;01.02.2020;30.06.2025;00001207
00001209;Oda;Cy;cy.oda@corp.example;Betrieb;;aktiv;01.02.2020;00.00.0000;00001207
00001210;Abe;Di;di.abe@corp.example;Betrieb;;ruhend;01.02.2020;31.12.9999;00001207
00001211;Uno;Ed;ed.uno@corp.example;Betrieb;;aktiv;01.02.2020;31.01.2021;00001207
""",
        "groups.csv": "Gruppen-ID;Gruppenname\nG01;Entwicklung\nG02;Bereitschaft\n",
        "members.csv": "Gruppen-ID;Personalnummer\nG01;00001207\nG02;00001209\nG02;00001207\n",
    },
    {
        "aenne.gross@corp.example": True,
        "joerg.heide@corp.example": False,
        "cy.oda@corp.example": True,
        "di.abe@corp.example": False,
        "ed.uno@corp.example": False,
    },
    {"aenne.gross@corp.example": "Entwicklung"},
    {"Entwicklung": {"aenne.gross@corp.example"}, "Bereitschaft": {"cy.oda@corp.example", "aenne.gross@corp.example"}},
    options=("--encoding", "cp1252"),
    notes=("Eintritt is taken for the first day and has no say yet: users are provisioned before it.",),
    names={"joerg.heide@corp.example": ("Jörg", "von der Heide")},
    encoding="cp1252",
)
GERMAN_FLAG = Export(
    {
        "users.csv": """\
Mitarbeiternummer;Nachname;Vorname;E-Mail;Abteilung;Aktiv (Ja/Nein);Gruppen
17;Groß;Änne;aenne@corp.example;Entwicklung;Ja;Dev, Ops
18;Heide;Jörg;joerg@corp.example;Betrieb;Nein;Ops
""",
    },
    {"aenne@corp.example": True, "joerg@corp.example": False},
    groups={"Dev": {"aenne@corp.example"}, "Ops": {"aenne@corp.example", "joerg@corp.example"}},
)
SUCCESSFACTORS = Export(
    {
        "users.csv": """\
STATUS,USERID,USERNAME,FIRSTNAME,LASTNAME,GENDER,EMAIL,MANAGER,HR,DEPARTMENT,JOBCODE,DIVISION,LOCATION,TIMEZONE,HIREDATE,TITLE
active,100231,alee,Ann,Lee,F,ann.lee@corp.example,NO_MANAGER,NO_HR,Development,E1,,,CET,02/01/2020,Engineer
inactive,100232,bito,Bob,Ito,M,bob.ito@corp.example,100231,NO_HR,Operations,E1,,,CET,02/01/2020,Operator
active,100233,coda,Cy,Oda,M,cy.oda@corp.example,100231,NO_HR,Operations,E1,,,CET,02/13/2020,Operator
""",
    },
    {"alee": True, "bito": False, "coda": True},
    {"alee": "Development"},
)
SMARTHR = Export(
    {
        "users.csv": """\
社員番号,姓,名,姓（ヨミガナ）,名（ヨミガナ）,ビジネスネーム：姓,ビジネスネーム：名,メールアドレス,入社年月日,退職年月日,在籍状況,部署,役職,雇用形態
0101,佐藤,花子,サトウ,ハナコ,,,hanako@corp.example,2020/04/01,,在籍中,開発部,部長,正社員
0102,伊藤,健,イトウ,ケン,,,ken@corp.example,2020/04/01,2025/03/31,退職済み,営業部,,正社員
0103,髙橋,陸,タカハシ,リク,,,riku@corp.example,2021/10/01,,休職中,営業部,,契約社員
""",
        "groups.csv": "グループコード,グループ名\nG01,開発者\nG02,営業\n",
        "members.csv": "グループコード,社員番号\nG01,0101\nG02,0103\n",
    },
    {"hanako@corp.example": True, "ken@corp.example": False, "riku@corp.example": False},
    {"hanako@corp.example": "開発部"},
    {"開発者": {"hanako@corp.example"}, "営業": {"riku@corp.example"}},
    options=("--encoding", "cp932"),
    names={"hanako@corp.example": ("花子", "佐藤")},
    encoding="cp932",
)
FREEE = Export(
    {
        "users.csv": """\
従業員番号,氏名,姓カナ,名カナ,メールアドレス,入社日,退職日,部門,役職,所属グループ
1001,佐藤 花子,サトウ,ハナコ,hanako@corp.example,2020-04-01,,開発部,部長,開発者、全社
1002,伊藤 健,イトウ,ケン,ken@corp.example,2020-04-01,2025-03-31,営業部,,
1003,髙橋 陸,タカハシ,リク,riku@corp.example,2021-10-01,2099-03-31,営業部,,全社
""",
    },
    {"hanako@corp.example": True, "ken@corp.example": False, "riku@corp.example": True},
    {"riku@corp.example": "営業部"},
    {"開発者": {"hanako@corp.example"}, "全社": {"hanako@corp.example", "riku@corp.example"}},
    names={"hanako@corp.example": ("花子", "佐藤")},
)
JAPANESE_MARK = Export(
    {
        "users.csv": """\
社員コード,氏名,会社メールアドレス,所属名,退職
A-1,佐藤 花子,hanako@corp.example,開発部,
A-2,伊藤 健,ken@corp.example,営業部,○
""",
    },
    {"hanako@corp.example": True, "ken@corp.example": False},
)
FRENCH = Export(
    {
        "users.csv": """\
Matricule;Nom;Prénom;Adresse e-mail;Service;Fonction;Statut;Date d'entrée;Date de sortie;Matricule responsable
M001;Lefèvre;Zoé;zoe.lefevre@corp.example;Développement;Ingénieure;Actif;01/02/2020;;
M002;Martin;Paul;paul.martin@corp.example;Exploitation;;Sorti;01/02/2020;03/04/2025;M001
M003;Petit;Luc;luc.petit@corp.example;Exploitation;;En congé;13/02/2020;;M001
M004;Durand;Max;max.durand@corp.example;Exploitation;;Actif;13/02/2020;05/06/2024;M001
""",
    },
    {
        "zoe.lefevre@corp.example": True,
        "paul.martin@corp.example": False,
        "luc.petit@corp.example": False,
        "max.durand@corp.example": False,
    },
    {"zoe.lefevre@corp.example": "Développement"},
    names={"zoe.lefevre@corp.example": ("Zoé", "Lefèvre")},
)
FRENCH_FLAG = Export(
    {
        "users.csv": "Matricule,Nom complet,Courriel,Actif\nM1,Zoé Lefèvre,zoe@corp.example,Oui\nM2,Luc Petit,luc@corp.example,Non\n",
    },
    {"zoe@corp.example": True, "luc@corp.example": False},
    names={"zoe@corp.example": ("Zoé", "Lefèvre")},
)
SPANISH = Export(
    {
        "users.csv": """\
Nº empleado,Nombre,Apellidos,Correo electrónico,Departamento,Puesto,Estado,Fecha de baja
E1,Ana,López Ruiz,ana@corp.example,Desarrollo,Ingeniera,Activo,
E2,Juan,Gil,juan@corp.example,Operaciones,,Baja,31/12/2024
""",
    },
    {"ana@corp.example": True, "juan@corp.example": False},
    {"ana@corp.example": "Desarrollo"},
    names={"ana@corp.example": ("Ana", "López Ruiz")},
)
LIST_OF_MEMBERS = Export(
    {
        "users.csv": """\
Employee Number,User Name,Full Name,Work Email,Department,Employee Status
7,ann,"Lee, Ann",ann@corp.example,Dev,A
8,bob,"Ito, Bob",bob@corp.example,Ops,T
9,cy,"Oda, Cy",cy@corp.example,Ops,L
""",
        "groups.csv": 'Group ID,Group Name,Members\ng1,"Sales, EMEA","7;8"\ng2,Ops,9\n',
    },
    {"ann": True, "bob": False, "cy": False},
    groups={"Sales, EMEA": {"ann", "bob"}, "Ops": {"cy"}},
    names={"ann": ("Ann", "Lee")},
)
SPREADSHEET = Export(
    {
        "users.csv": """\
Emp ID,First,Surname,E-mail,Last day
11,Ann,Lee,ann@corp.example,
12,Bob,Ito,bob@corp.example,44196
13,Cy,Oda,cy@corp.example,99999
""",
    },
    {"ann@corp.example": True, "bob@corp.example": False, "cy@corp.example": True},
    notes=("- Last day: the days are a spreadsheet's numbers (such as 44196, which is 2020-12-31).",),
)
UNKNOWN_HEADER = Export(
    {
        "users.csv": """\
Kennung,Anzeigename,Mail,Zustand,2sv Enrolled
k1,Änne Groß,aenne@corp.example,Aktiv,True
k2,Jörg Heide,joerg@corp.example,Gesperrt,True
""",
    },
    {"aenne@corp.example": True, "joerg@corp.example": False},
    notes=("- Zustand says who may sign in: 'Aktiv' (1 user) is taken for active, 'Gesperrt' (1 user) and any",),
)
WINDOWS_POWERSHELL = replace(
    ACTIVE_DIRECTORY,
    files={
        name: f"#TYPE Microsoft.ActiveDirectory.Management.AD{'User' if name == 'users.csv' else 'Group'}\r\n{text}"
        for name, text in ACTIVE_DIRECTORY.files.items()
    },
)
EXCEL = replace(
    GOOGLE_BY_EMPLOYEE_ID,
    files={name: f"sep=;\r\n{text.replace(',', ';')}" for name, text in GOOGLE_BY_EMPLOYEE_ID.files.items()},
)
EXPORTS = {name.lower(): value for name, value in list(globals().items()) if isinstance(value, Export)}
