"""`source` of `bridge.yaml` read: paths made absolute, secrets by reference, clouds by their names."""

from pathlib import Path

from scim_bridge.config import form, source_document
from scim_bridge.config.secret import Secret
from scim_bridge.config.section_of_settings import settings_of
from scim_bridge.config.source import (
    CLOUDS,
    Bind,
    ClientCertificate,
    ClientSecret,
    CsvSettings,
    EntraCloud,
    EntraCredential,
    EntraScope,
    EntraSettings,
    FederatedToken,
    GoogleEndpoint,
    GoogleScope,
    GoogleSettings,
    LdapSettings,
    LdapTls,
    ManagedIdentity,
    MemberFile,
    MemberList,
    Search,
    ServiceAccountKey,
    SourceSettings,
    WorkloadIdentity,
)
from scim_bridge.errors import Misconfigured


def source_settings(read: source_document.Source, folder: Path) -> SourceSettings:
    """What a source section means. folder: what relative paths are relative to.

    Raises Misconfigured for a section that has no meaning here: a new kind is never read as another one.
    """
    match read:
        case source_document.CsvFiles():
            return _csv(read, folder)
        case source_document.Ldap():
            return _ldap(read, folder)
        case source_document.Entra():
            return _entra(read, folder)
        case source_document.Google():
            return _google(read, folder)
        case _:
            raise Misconfigured(
                f"there is no source that reads {type(read).__name__}", "Set source.kind to csv, ldap, entra or google."
            )


def _csv(read: source_document.CsvFiles, folder: Path) -> CsvSettings:
    from_users = read.groups == source_document.FROM_USERS
    return CsvSettings(
        users=folder / read.users,
        groups=None if from_users else _file(folder, read.groups),
        members=_members(read.members, folder),
        encoding=read.encoding,
        delimiter=read.delimiter,
        groups_from_users=from_users,
    )


def _members(read: str | source_document.Memberships, folder: Path) -> MemberFile | MemberList | None:
    if isinstance(read, str):
        return MemberFile(path=folder / read) if read else None
    if read.file:
        kind = read.type if "type" in read.model_fields_set else None
        return MemberFile(
            path=folder / read.file,
            group=read.group,
            member=read.member,
            type=kind,
            group_by=read.group_by,
            member_by=read.member_by,
        )
    return MemberList("user" if read.users else "group", read.users or read.groups, read.separator, read.by)


def _file(folder: Path, name: str) -> Path | None:
    return folder / name if name else None


def _ldap(read: source_document.Ldap, folder: Path) -> LdapSettings:
    groups = read.groups
    return LdapSettings(
        urls=tuple(form.ldap_url(url) for url in read.urls),
        flavor=read.flavor,
        bind=settings_of(Bind, read.bind, folder),
        tls=settings_of(LdapTls, read.tls, folder),
        users=Search(tuple(read.users.base), read.users.filter),
        groups=Search(tuple(groups.base), groups.filter, groups.member, groups.primary) if groups is not None else None,
        reads_changes=read.changes == "auto",
        page_size=read.page_size,
        timeout=form.duration(read.timeout),
    )


def _entra(read: source_document.Entra, folder: Path) -> EntraSettings:
    return EntraSettings(
        tenant=form.azure_id(read.tenant),
        client=form.azure_id(read.client),
        credential=_credential(read.credential, folder),
        scope=EntraScope(tuple(map(form.azure_id, read.scope.groups)), form.azure_id(read.scope.application)),
        cloud=_cloud(read.cloud, folder),
        reads_changes=read.changes == "auto",
        page_size=read.page_size,
        timeout=form.duration(read.timeout),
    )


def _credential(read: source_document.Credential, folder: Path) -> EntraCredential:
    if read.secret:
        return ClientSecret(Secret(read.secret, folder, "password"))
    if read.certificate:
        return ClientCertificate(folder / read.certificate, Secret(read.key, folder, "key"))
    if read.federated_token_file:
        return FederatedToken(folder / read.federated_token_file)
    return ManagedIdentity("" if read.managed_identity == "system" else form.azure_id(read.managed_identity))


def _cloud(read: str | source_document.Cloud, folder: Path) -> EntraCloud:
    if isinstance(read, str):
        return CLOUDS[read]
    return EntraCloud(form.origin(read.login), form.origin(read.graph), _file(folder, read.ca_file))


def _google(read: source_document.Google, folder: Path) -> GoogleSettings:
    credential, scope, endpoint = read.credential, read.scope, read.endpoint
    return GoogleSettings(
        admin=read.admin,
        credential=ServiceAccountKey(Secret(credential.key, folder, "key"))
        if credential.key
        else WorkloadIdentity(credential.service_account, folder / credential.federation),
        customer="" if read.domain else read.customer,
        domain=read.domain.lower(),
        scope=GoogleScope(
            tuple(map(form.unit, scope.org_units or ())), tuple(scope.groups or ()), scope.query, scope.users
        ),
        endpoint=GoogleEndpoint(form.origin(endpoint.origin), _file(folder, endpoint.ca_file)) if endpoint else None,
        requests_per_second=read.requests_per_second,
        timeout=form.duration(read.timeout),
    )
