"""More exports of directories, of made-up people: those with object classes, flags as numbers and moments of ending."""

# ruff: noqa: E501 - exports are as wide as they are
from tests.e2e.exports import Export

GOOGLE_BY_SCRIPT = Export(
    {
        "users.csv": """\
primaryEmail,id,name.familyName,name.fullName,name.givenName,suspended,suspensionReason,archived,isAdmin,orgUnitPath,creationTime,lastLoginTime,organizations.0.department,organizations.0.title,relations.0.type,relations.0.value
ann@corp.example,101,Lee,Ann Lee,Ann,False,,False,True,/Dev,2024-01-01T00:00:00.000Z,2026-11-01T00:00:00.000Z,Dev,Eng,,
bob@corp.example,102,Ito,Bob Ito,Bob,True,ADMIN,False,False,/Ops,2024-01-01T00:00:00.000Z,Never,Ops,,manager,ann@corp.example
cy@corp.example,103,Oda,Cy Oda,Cy,False,,True,False,/Ops,2024-01-01T00:00:00.000Z,Never,Ops,,manager,ann@corp.example
""",
        "groups.csv": """\
email,id,name,description,directMembersCount
dev@corp.example,g1x,Developers,,2
ops@corp.example,g2x,Ops,,2
""",
        "members.csv": """\
group,type,role,id,status,email
dev@corp.example,USER,MEMBER,101,ACTIVE,ann@corp.example
dev@corp.example,GROUP,MEMBER,g2x,ACTIVE,ops@corp.example
ops@corp.example,CUSTOMER,MEMBER,C0123,,
ops@corp.example,USER,MEMBER,102,SUSPENDED,bob@corp.example
ops@corp.example,USER,MEMBER,999,ACTIVE,x@gmail.example
""",
    },
    {"ann@corp.example": True, "bob@corp.example": False, "cy@corp.example": False},
    groups={"Developers": {"ann@corp.example", "bob@corp.example"}, "Ops": {"bob@corp.example"}},
    departments={"ann@corp.example": "Dev"},
    names={"ann@corp.example": ("Ann", "Lee")},
)
ENTRA_BY_SCRIPT = Export(
    {
        "users.csv": """\
userPrincipalName,displayName,surname,mail,givenName,objectId,userType,jobTitle,department,accountEnabled,usageLocation,streetAddress,state,country,physicalDeliveryOfficeName,city,postalCode,telephoneNumber,mobile,authenticationPhoneNumber,authenticationAlternativePhoneNumber,authenticationEmail,alternateEmailAddress,ageGroup,consentProvidedForMinor,legalAgeGroupClassification,companyName,creationType,dirSyncEnabled,invitationState,identityIssuer,createdDateTime
Ann.Lee@corp.example,Ann Lee,Lee,ann.lee@corp.example,Ann,3f0b7a52-1111-4c86-9c55-0d3b1f6e0001,Member,Engineer,Development,True,US,,WA,US,,Seattle,,,,,,,,,,,,,True,,corp.example,2024-02-01T09:00:00Z
bob.ito@corp.example,Bob Ito,Ito,,Bob,3f0b7a52-1111-4c86-9c55-0d3b1f6e0002,Member,,Operations,False,US,,CA,US,,,,,,,,,,,,,,,,,corp.example,2/2/2024 9:00:00 AM
""",
        "groups.csv": """\
displayName,objectId,groupType,membershipType,source,mail,securityEnabled,mailEnabled,isAssignableToRole,onPremisesSyncEnabled
Developers,3f0b7a52-2222-4c86-9c55-0d3b1f6e0001,Security,Assigned,Cloud,,True,False,,
Ops,3f0b7a52-2222-4c86-9c55-0d3b1f6e0002,Microsoft 365,Assigned,Cloud,ops@corp.example,False,True,,
""",
        "members.csv": """\
groupId,groupName,id,userPrincipalName,displayName,@odata.type
3f0b7a52-2222-4c86-9c55-0d3b1f6e0001,Developers,3f0b7a52-1111-4c86-9c55-0d3b1f6e0001,Ann.Lee@corp.example,Ann Lee,#microsoft.graph.user
3f0b7a52-2222-4c86-9c55-0d3b1f6e0001,Developers,3f0b7a52-2222-4c86-9c55-0d3b1f6e0002,,Ops,#microsoft.graph.group
3f0b7a52-2222-4c86-9c55-0d3b1f6e0002,Ops,3f0b7a52-1111-4c86-9c55-0d3b1f6e0002,bob.ito@corp.example,Bob Ito,#microsoft.graph.user
3f0b7a52-2222-4c86-9c55-0d3b1f6e0002,Ops,3f0b7a52-4444-4c86-9c55-0d3b1f6e0002,,PC-1,#microsoft.graph.device
3f0b7a52-2222-4c86-9c55-0d3b1f6e0002,Ops,3f0b7a52-4444-4c86-9c55-0d3b1f6e0003,,App,#microsoft.graph.servicePrincipal
3f0b7a52-2222-4c86-9c55-0d3b1f6e0002,Ops,3f0b7a52-4444-4c86-9c55-0d3b1f6e0004,,X,#microsoft.graph.orgContact
""",
    },
    {"ann.lee@corp.example": True, "bob.ito@corp.example": False},
    groups={"Developers": {"ann.lee@corp.example", "bob.ito@corp.example"}, "Ops": {"bob.ito@corp.example"}},
    notes=(
        "- 3 memberships of what is never provisioned, such as: members.csv, line 5: the member is not a user or a group (#microsoft.graph.device)",
    ),
)
ALL_PROPERTIES = Export(
    {
        "users.csv": """\
"AccountExpirationDate","accountExpires","AccountLockoutTime","CanonicalName","CN","Created","Department","Description","DisplayName","DistinguishedName","Division","EmailAddress","EmployeeID","EmployeeNumber","Enabled","GivenName","LastLogonDate","LockedOut","mail","Manager","MemberOf","Name","ObjectCategory","ObjectClass","ObjectGUID","objectSid","PasswordExpired","PasswordNeverExpires","PrimaryGroup","SamAccountName","SID","sn","State","Surname","Title","userAccountControl","UserPrincipalName","whenCreated"
,"9223372036854775807",,"corp.example/Dev/Ann Lee","Ann Lee","1/2/2020 9:00:00 AM","Development",,"Ann Lee","CN=Ann Lee,OU=Dev,DC=corp,DC=example",,"ann.lee@corp.example","0012",,"True","Ann","11/20/2026 9:00:00 AM","False","ann.lee@corp.example",,"Microsoft.ActiveDirectory.Management.ADPropertyValueCollection","Ann Lee","CN=Person,CN=Schema","user","7d1cbe0e-0001-4a55-8f0c-1b1b1b1b0001","S-1-5-21-1-1-1-1101","False","False","CN=Domain Users","alee","S-1-5-21-1-1-1-1101","Lee","WA","Lee","Engineer","66048","alee@corp.example","1/2/2020 9:00:00 AM"
,"0",,"corp.example/Ops/Bob Ito","Bob Ito","1/2/2020 9:00:00 AM","Operations",,"Bob Ito","CN=Bob Ito,OU=Ops,DC=corp,DC=example",,"bob.ito@corp.example","0013",,"False","Bob",,"False","bob.ito@corp.example","CN=Ann Lee,OU=Dev,DC=corp,DC=example","Microsoft.ActiveDirectory.Management.ADPropertyValueCollection","Bob Ito","CN=Person","user","7d1cbe0e-0001-4a55-8f0c-1b1b1b1b0002","S-1-5-21-1-1-1-1102","False","False","CN=Domain Users","bito","S-1-5-21-1-1-1-1102","Ito",,"Ito",,"514","bito@corp.example","1/2/2020 9:00:00 AM"
"11/28/2020 12:00:00 AM","132510816000000000",,"corp.example/Ops/Cy Oda","Cy Oda","1/2/2020 9:00:00 AM","Operations",,"Cy Oda","CN=Cy Oda,OU=Ops,DC=corp,DC=example",,"cy.oda@corp.example","0014",,"True","Cy",,"False","cy.oda@corp.example","CN=Ann Lee,OU=Dev,DC=corp,DC=example","Microsoft.ActiveDirectory.Management.ADPropertyValueCollection","Cy Oda","CN=Person","user","7d1cbe0e-0001-4a55-8f0c-1b1b1b1b0003","S-1-5-21-1-1-1-1103","False","False","CN=Domain Users","coda","S-1-5-21-1-1-1-1103","Oda",,"Oda",,"512","coda@corp.example","1/2/2020 9:00:00 AM"
"11/28/2099 5:30:00 PM","157468482000000000",,"corp.example/Ops/Di Abe","Di Abe","1/2/2020 9:00:00 AM","Operations",,"Di Abe","CN=Di Abe,OU=Ops,DC=corp,DC=example",,"di.abe@corp.example","0015",,"True","Di",,"False","di.abe@corp.example","CN=Ann Lee,OU=Dev,DC=corp,DC=example","Microsoft.ActiveDirectory.Management.ADPropertyValueCollection","Di Abe","CN=Person","user","7d1cbe0e-0001-4a55-8f0c-1b1b1b1b0004","S-1-5-21-1-1-1-1104","False","False","CN=Domain Users","dabe","S-1-5-21-1-1-1-1104","Abe",,"Abe",,"512","dabe@corp.example","1/2/2020 9:00:00 AM"
""",
        "groups.csv": """\
"DistinguishedName","GroupCategory","GroupScope","Name","ObjectClass","ObjectGUID","SamAccountName","SID"
"CN=Developers,OU=Groups,DC=corp,DC=example","Security","Global","Developers","group","7d1cbe0e-0002-4a55-8f0c-1b1b1b1b0001","dev","S-1-5-21-1-1-1-1201"
"CN=VPN Users,OU=Groups,DC=corp,DC=example","Security","Global","VPN Users","group","7d1cbe0e-0002-4a55-8f0c-1b1b1b1b0002","vpn","S-1-5-21-1-1-1-1202"
""",
        "members.csv": """\
"GroupName","distinguishedName","name","objectClass","objectGUID","SamAccountName","SID"
"Developers","CN=Ann Lee,OU=Dev,DC=corp,DC=example","Ann Lee","user","7d1cbe0e-0001-4a55-8f0c-1b1b1b1b0001","alee","S-1-5-21-1-1-1-1101"
"VPN Users","CN=Developers,OU=Groups,DC=corp,DC=example","Developers","group","7d1cbe0e-0002-4a55-8f0c-1b1b1b1b0001","dev","S-1-5-21-1-1-1-1201"
"VPN Users","CN=Bob Ito,OU=Ops,DC=corp,DC=example","Bob Ito","user","7d1cbe0e-0001-4a55-8f0c-1b1b1b1b0002","bito","S-1-5-21-1-1-1-1102"
"VPN Users","CN=PC1,OU=Ops,DC=corp,DC=example","PC1","computer","7d1cbe0e-0003-4a55-8f0c-1b1b1b1b0002","PC1$","S-1-5-21-1-1-1-1302"
"VPN Users","CN=gmsa,DC=corp,DC=example","gmsa","msDS-GroupManagedServiceAccount","7d1cbe0e-0003-4a55-8f0c-1b1b1b1b0003","gmsa$","S-1-5-21-1-1-1-1303"
"VPN Users","CN=S-1-5-11,CN=ForeignSecurityPrincipals,DC=corp,DC=example","S-1-5-11","foreignSecurityPrincipal","7d1cbe0e-0003-4a55-8f0c-1b1b1b1b0004",,"S-1-5-11"
""",
    },
    {"alee@corp.example": True, "bito@corp.example": False, "coda@corp.example": False, "dabe@corp.example": True},
    groups={"Developers": {"alee@corp.example"}, "VPN Users": {"alee@corp.example", "bito@corp.example"}},
    departments={"alee@corp.example": "Development"},
    notes=(
        "- 3 memberships of what is never provisioned, such as: members.csv, line 5: the member is not a user or a group (computer)",
    ),
)
BY_ACCOUNT_NAMES = Export(
    {
        "users.csv": """\
"AccountExpirationDate","accountExpires","AccountLockoutTime","CanonicalName","CN","Created","Department","Description","DisplayName","DistinguishedName","Division","EmailAddress","EmployeeID","EmployeeNumber","Enabled","GivenName","LastLogonDate","LockedOut","mail","Manager","MemberOf","Name","ObjectCategory","ObjectClass","ObjectGUID","objectSid","PasswordExpired","PasswordNeverExpires","PrimaryGroup","SamAccountName","SID","sn","State","Surname","Title","userAccountControl","UserPrincipalName","whenCreated"
,"9223372036854775807",,"corp.example/Dev/Ann Lee","Ann Lee","1/2/2020 9:00:00 AM","Development",,"Ann Lee","CN=Ann Lee,OU=Dev,DC=corp,DC=example",,"ann.lee@corp.example","0012",,"True","Ann","11/20/2026 9:00:00 AM","False","ann.lee@corp.example",,"Microsoft.ActiveDirectory.Management.ADPropertyValueCollection","Ann Lee","CN=Person,CN=Schema","user","7d1cbe0e-0001-4a55-8f0c-1b1b1b1b0001","S-1-5-21-1-1-1-1101","False","False","CN=Domain Users","alee","S-1-5-21-1-1-1-1101","Lee","WA","Lee","Engineer","66048","alee@corp.example","1/2/2020 9:00:00 AM"
,"0",,"corp.example/Ops/Bob Ito","Bob Ito","1/2/2020 9:00:00 AM","Operations",,"Bob Ito","CN=Bob Ito,OU=Ops,DC=corp,DC=example",,"bob.ito@corp.example","0013",,"False","Bob",,"False","bob.ito@corp.example","CN=Ann Lee,OU=Dev,DC=corp,DC=example","Microsoft.ActiveDirectory.Management.ADPropertyValueCollection","Bob Ito","CN=Person","user","7d1cbe0e-0001-4a55-8f0c-1b1b1b1b0002","S-1-5-21-1-1-1-1102","False","False","CN=Domain Users","bito","S-1-5-21-1-1-1-1102","Ito",,"Ito",,"514","bito@corp.example","1/2/2020 9:00:00 AM"
"11/28/2020 12:00:00 AM","132510816000000000",,"corp.example/Ops/Cy Oda","Cy Oda","1/2/2020 9:00:00 AM","Operations",,"Cy Oda","CN=Cy Oda,OU=Ops,DC=corp,DC=example",,"cy.oda@corp.example","0014",,"True","Cy",,"False","cy.oda@corp.example","CN=Ann Lee,OU=Dev,DC=corp,DC=example","Microsoft.ActiveDirectory.Management.ADPropertyValueCollection","Cy Oda","CN=Person","user","7d1cbe0e-0001-4a55-8f0c-1b1b1b1b0003","S-1-5-21-1-1-1-1103","False","False","CN=Domain Users","coda","S-1-5-21-1-1-1-1103","Oda",,"Oda",,"512","coda@corp.example","1/2/2020 9:00:00 AM"
"11/28/2099 5:30:00 PM","157468482000000000",,"corp.example/Ops/Di Abe","Di Abe","1/2/2020 9:00:00 AM","Operations",,"Di Abe","CN=Di Abe,OU=Ops,DC=corp,DC=example",,"di.abe@corp.example","0015",,"True","Di",,"False","di.abe@corp.example","CN=Ann Lee,OU=Dev,DC=corp,DC=example","Microsoft.ActiveDirectory.Management.ADPropertyValueCollection","Di Abe","CN=Person","user","7d1cbe0e-0001-4a55-8f0c-1b1b1b1b0004","S-1-5-21-1-1-1-1104","False","False","CN=Domain Users","dabe","S-1-5-21-1-1-1-1104","Abe",,"Abe",,"512","dabe@corp.example","1/2/2020 9:00:00 AM"
""",
        "groups.csv": """\
"DistinguishedName","GroupCategory","GroupScope","Name","ObjectClass","ObjectGUID","SamAccountName","SID"
"CN=Developers,OU=Groups,DC=corp,DC=example","Security","Global","Developers","group","7d1cbe0e-0002-4a55-8f0c-1b1b1b1b0001","dev","S-1-5-21-1-1-1-1201"
"CN=VPN Users,OU=Groups,DC=corp,DC=example","Security","Global","VPN Users","group","7d1cbe0e-0002-4a55-8f0c-1b1b1b1b0002","vpn","S-1-5-21-1-1-1-1202"
""",
        "members.csv": """\
"Group","Member","ObjectClass"
"vpn","dev","group"
"vpn","bito","user"
"dev","alee","user"
""",
    },
    {"alee@corp.example": True, "bito@corp.example": False, "coda@corp.example": False, "dabe@corp.example": True},
    groups={"Developers": {"alee@corp.example"}, "VPN Users": {"alee@corp.example", "bito@corp.example"}},
    encoding="utf-16",
)
CSVDE = Export(
    {
        "users.csv": """\
DN,objectClass,cn,sn,title,givenName,distinguishedName,displayName,memberOf,department,objectGUID,userAccountControl,accountExpires,sAMAccountName,userPrincipalName,mail,manager
"CN=Ann Lee,OU=Dev,DC=corp,DC=example",user,Ann Lee,Lee,Engineer,Ann,"CN=Ann Lee,OU=Dev,DC=corp,DC=example",Ann Lee,"CN=Developers,OU=Groups,DC=corp,DC=example;CN=VPN,OU=Groups,DC=corp,DC=example",Development,X'0ebe1c7d0100554a8f0c1b1b1b1b0001',512,9223372036854775807,alee,alee@corp.example,ann.lee@corp.example,
"CN=Bob Ito,OU=Ops,DC=corp,DC=example",user,Bob Ito,Ito,,Bob,"CN=Bob Ito,OU=Ops,DC=corp,DC=example",Bob Ito,"CN=VPN,OU=Groups,DC=corp,DC=example",Operations,X'0ebe1c7d0100554a8f0c1b1b1b1b0002',514,0,bito,bito@corp.example,bob.ito@corp.example,"CN=Ann Lee,OU=Dev,DC=corp,DC=example"
"CN=Cy Oda,OU=Ops,DC=corp,DC=example",user,Cy Oda,Oda,,Cy,"CN=Cy Oda,OU=Ops,DC=corp,DC=example",Cy Oda,,Operations,X'0ebe1c7d0100554a8f0c1b1b1b1b0003',66048,132539328000000000,coda,coda@corp.example,cy.oda@corp.example,"CN=Ann Lee,OU=Dev,DC=corp,DC=example"
""",
        "groups.csv": """\
DN,objectClass,cn,member,distinguishedName,name,objectGUID,sAMAccountName
"CN=Developers,OU=Groups,DC=corp,DC=example",group,Developers,"CN=Ann Lee,OU=Dev,DC=corp,DC=example","CN=Developers,OU=Groups,DC=corp,DC=example",Developers,X'0ebe1c7d0100554a8f0c1b1b1b1b0011',Developers
"CN=VPN,OU=Groups,DC=corp,DC=example",group,VPN,"CN=Bob Ito,OU=Ops,DC=corp,DC=example;CN=Ann Lee,OU=Dev,DC=corp,DC=example","CN=VPN,OU=Groups,DC=corp,DC=example",VPN,X'0ebe1c7d0100554a8f0c1b1b1b1b0012',VPN
""",
    },
    {"alee@corp.example": True, "bito@corp.example": False, "coda@corp.example": False},
    groups={"Developers": {"alee@corp.example"}, "VPN": {"alee@corp.example", "bito@corp.example"}},
)
MEMBER_OF = Export(
    {
        "users.csv": """\
samaccountname,userprincipalname,givenname,surname,displayname,mail,enabled,memberof
alee,alee@corp.example,Ann,Lee,Ann Lee,alee@corp.example,True,"CN=AWS Dev,OU=Groups,DC=corp,DC=example"
bito,bito@corp.example,Bob,Ito,Bob Ito,bito@corp.example,False,"CN=VPN,OU=Groups,DC=corp,DC=example"
""",
    },
    {"alee@corp.example": True, "bito@corp.example": False},
    groups={"AWS Dev": {"alee@corp.example"}, "VPN": {"bito@corp.example"}},
)
JUMPCLOUD = Export(
    {
        "users.csv": """\
id,username,firstname,lastname,displayname,email,state,activated,suspended,account_locked,employeeIdentifier,department,jobTitle,manager,mfaEnabled,passwordless_sudo,userGroups
5f1,alee,Ann,Lee,Ann Lee,ann@corp.example,ACTIVATED,true,false,false,17,Dev,Engineer,,true,false,Dev;All
5f2,bito,Bob,Ito,,bob@corp.example,SUSPENDED,true,true,false,18,Ops,,5f1,false,false,All
5f3,coda,Cy,Oda,,cy@corp.example,STAGED,false,false,false,19,Ops,,5f1,false,false,
5f4,dabe,Di,Abe,,di@corp.example,ACTIVATED,true,false,true,20,Ops,,5f1,false,false,All
""",
    },
    {"alee": True, "bito": False, "coda": False, "dabe": True},
    groups={"Dev": {"alee"}, "All": {"alee", "bito", "dabe"}},
)
ONELOGIN = Export(
    {
        "users.csv": """\
ID,First name,Last name,Email,Username,Status,State,Department,Title,Manager,Roles,Groups,Created,Last login,Locked until
101,Ann,Lee,ann@corp.example,alee,Active,Approved,Dev,Engineer,,"Default;AWS Dev",Staff,2024-02-01,2026-11-01,
102,Bob,Ito,bob@corp.example,bito,Suspended,Approved,Ops,,,"Default",Staff,2024-02-01,,
103,Cy,Oda,cy@corp.example,coda,Password expired,Approved,Ops,,,"Default",,2024-02-01,,
104,Di,Abe,di@corp.example,dabe,Unactivated,Unapproved,Ops,,,"Default",Staff,2024-02-01,,
105,Ed,Uno,ed@corp.example,euno,Locked,Approved,Ops,,,"Default",Staff,2024-02-01,,2026-11-01
""",
    },
    {"alee": True, "bito": False, "coda": True, "dabe": False, "euno": False},
    groups={"Staff": {"alee", "bito", "dabe", "euno"}},
)
BAMBOO = Export(
    {
        "users.csv": """\
Employee #,"Last name, First name",First Name,Last Name,Preferred Name,Work Email,Home Email,Status,Employment Status,Hire Date,Termination Date,Job Title,Department,Division,Location,Reporting to,Supervisor EID
17,"Lee, Ann",Ann,Lee,Annie,ann@corp.example,ann@home.example,Active,Full-Time,02/01/2020,,Engineer,Dev,,HQ,,
18,"Ito, Bob",Bob,Ito,,bob@corp.example,b@home.example,Inactive,Terminated,02/01/2020,12/31/2025,Operator,Ops,,HQ,"Lee, Ann",17
19,"Oda, Cy",Cy,Oda,,cy@corp.example,,Active,Part-Time,02/15/2020,11/28/2020,Operator,Ops,,HQ,"Lee, Ann",17
20,"Abe, Di",Di,Abe,,di@corp.example,,Active,Contractor,02/15/2020,00/00/0000,Operator,Ops,,HQ,"Lee, Ann",17
""",
    },
    {"ann@corp.example": True, "bob@corp.example": False, "cy@corp.example": False, "di@corp.example": True},
    groups={},
    notes=("- no column and no file was found that says who is in which group, so no memberships are sent",),
    encoding="utf-8-sig",
)
WORKDAY_GERMAN = Export(
    {
        "users.csv": """\
Mitarbeiter-ID;Mitarbeiter;Offizieller Name - Vorname;Offizieller Name - Nachname;Geschäftliche E-Mail;Status des Mitarbeiters;Einstellungsdatum;Kündigungsdatum;Geschäftstitel;Weisungsberechtigte Organisation;Manager-ID
100231;Änne Groß;Änne;Groß;aenne.gross@corp.example;Aktiv;01.02.2020;;Ingenieurin;Entwicklung;
100232;Jörg Heide;Jörg;Heide;joerg.heide@corp.example;Gekündigt;01.02.2020;31.12.2025;Betrieb;Betrieb;100231
100233;Uwe Süß;Uwe;Süß;uwe.suess@corp.example;Aktiv;01.02.2020;;Betrieb;Betrieb;100231
""",
    },
    {"aenne.gross@corp.example": True, "joerg.heide@corp.example": False, "uwe.suess@corp.example": True},
    groups={},
    departments={"aenne.gross@corp.example": "Entwicklung"},
    options=("--encoding", "cp1252"),
    names={"joerg.heide@corp.example": ("Jörg", "Heide")},
    encoding="cp1252",
)
BY_HAND = Export(
    {
        "users.csv": """\
Name;Mail;Team;AWS groups;Left?
Ann Lee;ann@corp.example;Dev;dev / admin;
Bob Ito;bob@corp.example;Ops;dev;x
Cy Oda;cy@corp.example;Ops;;
""",
    },
    {"ann@corp.example": True, "bob@corp.example": False, "cy@corp.example": True},
    groups={"dev": {"ann@corp.example", "bob@corp.example"}, "admin": {"ann@corp.example"}},
)
BY_HAND_GERMAN = Export(
    {
        "users.csv": """\
No.,Name,E-Mail,Abteilung,AD-Gruppen,bis,Bemerkung
1,Änne Groß,aenne@corp.example,Dev,"AWS-Dev, AWS-Admin",,
2,Jörg Heide,Joerg@corp.example,Ops,AWS-Dev,30.06.2025,ausgeschieden
3,Uwe Süß,uwe@corp.example,Ops,,31.12.2030,
""",
    },
    {"aenne@corp.example": True, "joerg@corp.example": False, "uwe@corp.example": True},
    groups={"AWS-Dev": {"aenne@corp.example", "joerg@corp.example"}, "AWS-Admin": {"aenne@corp.example"}},
    encoding="utf-8-sig",
)
BY_HAND_JAPANESE = Export(
    {
        "users.csv": """\
No,氏名,ふりがな,メール,部署,AWS権限グループ,在籍,備考
1,佐藤 花子,さとう はなこ,hanako@corp.example,開発部,開発者・管理者,○,
2,伊藤 健,いとう けん,ken@corp.example,営業部,開発者,×,
3,髙橋 陸,たかはし りく,riku@corp.example,営業部,,○,
""",
    },
    {"hanako@corp.example": True, "ken@corp.example": False, "riku@corp.example": True},
    groups={"開発者": {"hanako@corp.example", "ken@corp.example"}, "管理者": {"hanako@corp.example"}},
    options=("--encoding", "cp932"),
    encoding="cp932",
)
ENTRA_WITH_GUESTS = Export(
    {
        "users.csv": """\
userPrincipalName,displayName,surname,mail,givenName,id,userType,department,accountEnabled,creationType,invitationState
ann@corp.example,Ann Lee,Lee,Ann@corp.example,Ann,11111111-0000-4000-8000-000000000001,Member,Dev,True,,
kim_partner.example#EXT#@corp.onmicrosoft.com,Kim Ode,Ode,Kim@partner.example,Kim,11111111-0000-4000-8000-000000000002,Guest,,True,Invitation,Accepted
pia_partner.example#EXT#@corp.onmicrosoft.com,Pia Ode,Ode,,Pia,11111111-0000-4000-8000-000000000003,Guest,,True,Invitation,PendingAcceptance
""",
        "groups.csv": "id,displayName,securityEnabled\n22222222-0000-4000-8000-000000000001,Dev,True\n",
        "members.csv": """\
groupId,id,userPrincipalName,objectType
22222222-0000-4000-8000-000000000001,11111111-0000-4000-8000-000000000001,ann@corp.example,User
22222222-0000-4000-8000-000000000001,11111111-0000-4000-8000-000000000002,kim_partner.example#EXT#@corp.onmicrosoft.com,User
""",
    },
    {"ann@corp.example": True, "kim@partner.example": True},
    groups={"Dev": {"ann@corp.example", "kim@partner.example"}},
    notes=("2 users are guests of another organization (#EXT# in userPrincipalName): they sign in by mail.",),
    encoding="utf-8-sig",
)
MORE_EXPORTS = {name.lower(): value for name, value in list(globals().items()) if isinstance(value, Export)}
