import type { ScimWording } from '@mcp-identity/provider-dialects'
import type { Profile } from '../directory/person.ts'

/** An account as Keycloak has it, in the directory's words. */
export interface Account extends Partial<Profile> {
  id: string
  username: string
  active: boolean
  /** Names. */
  groups: string[]
  /** It has roles of Keycloak's own administration: provisioning sees its name only, and may not change it. */
  isAdministrator: boolean
}

const core = 'urn:ietf:params:scim:schemas:core:2.0:User'
const enterprise = 'urn:ietf:params:scim:schemas:extension:enterprise:2.0:User'
const company = 'urn:ietf:params:scim:schemas:extension:company:2.0:User'

/** Member of a profile → SCIM attribute path (RFC 7644 section 3.10). */
const paths: Readonly<Record<keyof Profile, string>> = {
  givenName: 'name.givenName',
  familyName: 'name.familyName',
  email: 'emails[type eq "work"].value',
  department: `${enterprise}:department`,
  zoneinfo: `${company}:zoneinfo`,
  country: `${company}:country`,
}

export const profileMembers = Object.keys(paths) as (keyof Profile)[]

/** What a list of accounts has to be asked for; Keycloak leaves groups out otherwise. */
export const accountAttributes = [
  ...['userName', 'active', 'name', 'emails', 'groups'],
  ...[paths.department, paths.zoneinfo, paths.country],
].join(',')

/** A User resource as Keycloak answers it (RFC 7643 section 4.1); every member may be missing. */
export interface ScimUser {
  id: string
  userName: string
  active?: boolean
  name?: { givenName?: string; familyName?: string }
  emails?: { value?: string; primary?: boolean }[]
  groups?: { display: string }[]
  [enterprise]?: { department?: string }
  [company]?: { zoneinfo?: string; country?: string }
}

export function readAccount(user: ScimUser): Account {
  const all = {
    givenName: user.name?.givenName,
    familyName: user.name?.familyName,
    email: (user.emails?.find(({ primary }) => primary) ?? user.emails?.[0])?.value,
    department: user[enterprise]?.department,
    zoneinfo: user[company]?.zoneinfo,
    country: user[company]?.country,
  }
  const known = Object.fromEntries(Object.entries(all).filter(([, value]) => value !== undefined))
  return {
    id: user.id,
    username: user.userName,
    active: user.active ?? false,
    isAdministrator: user.active === undefined,
    groups: (user.groups ?? []).map(({ display }) => display),
    ...(known as Partial<Profile>),
  }
}

/** The body that creates an account (RFC 7644 section 3.3). */
export function wordNewUser(person: Profile & { username: string; subject: string; active: boolean }) {
  return {
    schemas: [core, enterprise, company],
    userName: person.username,
    externalId: person.subject,
    name: { givenName: person.givenName, familyName: person.familyName },
    emails: [{ value: person.email, type: 'work', primary: true }],
    active: person.active,
    [enterprise]: { department: person.department },
    [company]: { zoneinfo: person.zoneinfo, country: person.country },
  }
}

/** One operation of a PATCH (RFC 7644 section 3.5.2). */
export type ScimOperation = { op: string; path?: string; value?: unknown }

/** One operation for each member of the profile. */
export function wordProfile(profile: Partial<Profile>): ScimOperation[] {
  return profileMembers.flatMap((member) =>
    profile[member] === undefined ? [] : [{ op: 'replace', path: paths[member], value: profile[member] }],
  )
}

/** The ways in which providers word one attribute; Keycloak takes all of them. */
export const scimWordings: Readonly<Record<ScimWording, (path: string, value: unknown) => ScimOperation>> = {
  'with path': (path, value) => ({ op: 'replace', path, value }),
  'without path': (path, value) => ({ op: 'replace', value: { [path]: value } }),
}
