"""The headers that are known, as they are compared (header.plain), in the languages that exports come in."""

from collections.abc import Mapping

from scim_bridge.model.identity import Kind

NAMES: Mapping[Kind, Mapping[str, str]] = {
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
