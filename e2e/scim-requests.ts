/** One person and one group of the realm, made for one request. */
export interface ScimSubjects {
  person: { id: string; username: string }
  group: { id: string; name: string }
}

/** The two as Keycloak's own API shows them afterwards; `undefined` where one is gone. */
export interface ScimState {
  person: { enabled: boolean; email: string; firstName: string; department: string } | undefined
  groupName: string | undefined
  isMember: boolean
  /** Groups of the realm that did not exist before. */
  newGroups: readonly string[]
  /** What the request was answered with. */
  answer: { totalResults?: number; id?: string }
}

export type ScimOutcome = 'works' | 'answers 200, in vain' | 'refused with 400'

/** A request as one provider words it, and what Keycloak makes of it. */
export interface ScimRequest {
  by: 'Entra ID' | 'Okta' | 'any'
  /** As the guide shows it. */
  shown: string
  to: string
  outcome: ScimOutcome
  /** Whether the person is in the group before. Default: no. */
  isMemberBefore?: boolean
  method: 'GET' | 'POST' | 'PUT' | 'PATCH' | 'DELETE'
  path: (subjects: ScimSubjects) => string
  body?: (subjects: ScimSubjects) => unknown
  /** Whether what was asked for has come true. */
  hasHappened: (state: ScimState, subjects: ScimSubjects) => boolean
}

const core = 'urn:ietf:params:scim:schemas:core:2.0'
const enterprise = 'urn:ietf:params:scim:schemas:extension:enterprise:2.0:User'

/** Stand where the guide shows a request. */
const shownSubjects: ScimSubjects = { person: { id: '{user}', username: '…' }, group: { id: '{id}', name: '…' } }

/** Every wording that the guide speaks of: its table has these lines, and each is sent to the real Keycloak. */
export const scimRequests: readonly ScimRequest[] = [
  find('Entra ID', 'userName eq "…"', ({ person }) => `userName eq "${person.username}"`, 'works'),
  find('Entra ID', 'externalId eq "…"', () => 'externalId eq "0a21f0f2"', 'answers 200, in vain'),
  {
    by: 'Entra ID',
    shown: 'POST /Users {"externalId":…,"userName":…,"active":true,"name":{…},"emails":[…],"roles":[]}',
    to: 'make an account',
    outcome: 'works',
    method: 'POST',
    path: () => '/Users',
    body: () => ({
      schemas: [`${core}:User`, enterprise],
      externalId: '0a21f0f2',
      userName: 'scim.new@company.com',
      active: true,
      name: { formatted: 'New Person', familyName: 'Person', givenName: 'New' },
      emails: [{ primary: true, type: 'work', value: 'scim.new@company.com' }],
      meta: { resourceType: 'User' },
      roles: [],
      [enterprise]: { department: 'Sales' },
    }),
    hasHappened: ({ answer }) => answer.id !== undefined,
  },
  change('Entra ID', 'disable', { op: 'Replace', path: 'active', value: 'False' }, isDisabled),
  change('Entra ID', 'disable, with aadOptscim062020', { op: 'replace', path: 'active', value: false }, isDisabled),
  change(
    'Entra ID',
    'change the address',
    { op: 'Replace', path: 'emails[type eq "work"].value', value: 'changed@company.com' },
    ({ person }) => person?.email === 'changed@company.com',
  ),
  change(
    'Entra ID',
    'change the department',
    { op: 'Add', path: `${enterprise}:department`, value: 'IT' },
    ({ person }) => person?.department === 'IT',
  ),
  change(
    'Entra ID',
    'change the name',
    { op: 'Replace', value: { 'name.givenName': 'Changed' } },
    ({ person }) => person?.firstName === 'Changed',
  ),
  membership('Entra ID', 'add', 'works', ({ person }) => ({
    op: 'Add',
    path: 'members',
    value: [{ value: person.id }],
  })),
  membership('Entra ID', 'remove', 'answers 200, in vain', ({ person }) => ({
    op: 'Remove',
    path: 'members',
    value: [{ value: person.id }],
  })),
  membership('Entra ID', 'remove, with aadOptscim062020', 'works', ({ person }) => ({
    op: 'remove',
    path: `members[value eq "${person.id}"]`,
  })),
  renaming('Entra ID', () => ({ op: 'Replace', path: 'displayName', value: 'Renamed by SCIM' })),
  {
    by: 'Entra ID',
    shown: 'DELETE /Users/{id}',
    to: 'delete the account',
    outcome: 'works',
    method: 'DELETE',
    path: ({ person }) => `/Users/${person.id}`,
    hasHappened: ({ person }) => person === undefined,
  },
  change('Okta', 'deactivate', { op: 'replace', value: { active: false } }, isDisabled),
  {
    by: 'Okta',
    shown: 'PUT /Users/{id} {"userName":…,"name":{…},"emails":[…],"active":false,"groups":[]}',
    to: 'replace the profile, deactivate',
    outcome: 'works',
    method: 'PUT',
    path: ({ person }) => `/Users/${person.id}`,
    body: ({ person }) => ({
      schemas: [`${core}:User`],
      id: person.id,
      userName: person.username,
      name: { givenName: 'Replaced', familyName: 'Person' },
      emails: [{ primary: true, type: 'work', value: person.username }],
      active: false,
      groups: [],
    }),
    hasHappened: (state) => state.person?.firstName === 'Replaced' && isDisabled(state),
  },
  group('POST', 'make a group with members', 'refused with 400', true),
  group('POST', 'make a group without any', 'works', false),
  membership('Okta', 'add', 'works', ({ person }) => ({
    op: 'add',
    path: 'members',
    value: [{ value: person.id, display: person.username }],
  })),
  membership('Okta', 'remove', 'works', ({ person }) => ({ op: 'remove', path: `members[value eq "${person.id}"]` })),
  membership('Okta', 'replace all, add', 'works', ({ person }) => ({
    op: 'replace',
    path: 'members',
    value: [{ value: person.id, display: person.username }],
  })),
  membership('Okta', 'replace all, remove', 'answers 200, in vain', () => ({
    op: 'replace',
    path: 'members',
    value: [],
  })),
  group('PUT', 'replace a group and its members', 'refused with 400', true),
  renaming('Okta', ({ group: { id } }) => ({ op: 'replace', value: { id, displayName: 'Renamed by SCIM' } })),
  {
    by: 'Okta',
    shown: 'DELETE /Groups/{id}',
    to: 'delete a group',
    outcome: 'works',
    method: 'DELETE',
    path: ({ group: { id } }) => `/Groups/${id}`,
    hasHappened: ({ groupName }) => groupName === undefined,
  },
  find(
    'any',
    'emails[type eq "work"].value eq "…"',
    ({ person }) => `emails[type eq "work"].value eq "${person.username}"`,
    'refused with 400',
  ),
  membership('any', 'remove everybody', 'answers 200, in vain', () => ({ op: 'remove', path: 'members' })),
  membership('any', 'add a group to a group', 'refused with 400', ({ group: { id } }) => ({
    op: 'add',
    path: 'members',
    value: [{ value: id, type: 'Group' }],
  })),
]

/** The table of the guide. */
export function scimTable(): string {
  const lines = scimRequests.map(({ by, shown, to, outcome }) => `| ${by} | \`${shown}\` | ${to} | ${outcome} |`)
  return ['| who words it so | request | to | Keycloak 26.7.4 |', '|---|---|---|---|', ...lines].join('\n')
}

function isDisabled({ person }: ScimState): boolean {
  return person?.enabled === false
}

function find(
  by: ScimRequest['by'],
  shown: string,
  filter: (subjects: ScimSubjects) => string,
  outcome: ScimOutcome,
): ScimRequest {
  return {
    by,
    shown: `GET /Users?filter=${shown}`,
    to: 'find somebody',
    outcome,
    method: 'GET',
    path: (subjects) => `/Users?${new URLSearchParams({ filter: filter(subjects), startIndex: '1', count: '100' })}`,
    hasHappened: ({ answer }) => answer.totalResults === 1,
  }
}

/** One operation of a PATCH (RFC 7644 section 3.5.2). */
interface Operation {
  op: string
  path?: string
  value?: unknown
}

function patch(operation: Operation): unknown {
  return { schemas: ['urn:ietf:params:scim:api:messages:2.0:PatchOp'], Operations: [operation] }
}

function change(
  by: ScimRequest['by'],
  to: string,
  operation: Operation,
  hasHappened: ScimRequest['hasHappened'],
): ScimRequest {
  return {
    by,
    shown: `PATCH /Users/{id} ${JSON.stringify(operation)}`,
    to,
    outcome: 'works',
    method: 'PATCH',
    path: ({ person }) => `/Users/${person.id}`,
    body: () => patch(operation),
    hasHappened,
  }
}

function patchOfGroup(
  by: ScimRequest['by'],
  to: string,
  outcome: ScimOutcome,
  operation: (subjects: ScimSubjects) => Operation,
  hasHappened: ScimRequest['hasHappened'],
): ScimRequest {
  return {
    by,
    shown: `PATCH /Groups/{id} ${JSON.stringify(operation(shownSubjects))}`,
    to,
    outcome,
    method: 'PATCH',
    path: ({ group: { id } }) => `/Groups/${id}`,
    body: (subjects) => patch(operation(subjects)),
    hasHappened,
  }
}

function membership(
  by: ScimRequest['by'],
  what: string,
  outcome: ScimOutcome,
  operation: (subjects: ScimSubjects) => Operation,
): ScimRequest {
  const isRemoval = what.includes('remove')
  const request = patchOfGroup(by, `members: ${what}`, outcome, operation, ({ isMember }) => isMember !== isRemoval)
  return { ...request, isMemberBefore: isRemoval }
}

function renaming(by: ScimRequest['by'], operation: (subjects: ScimSubjects) => Operation): ScimRequest {
  return patchOfGroup(by, 'rename a group', 'works', operation, ({ groupName }) => groupName === 'Renamed by SCIM')
}

function group(method: 'POST' | 'PUT', to: string, outcome: ScimOutcome, hasMembers: boolean): ScimRequest {
  return {
    by: 'Okta',
    shown: `${method} /Groups${method === 'PUT' ? '/{id}' : ''} {"displayName":…,"members":[${hasMembers ? '{"value":"{user}"}' : ''}]}`,
    to,
    outcome,
    method,
    path: (subjects) => (method === 'PUT' ? `/Groups/${subjects.group.id}` : '/Groups'),
    body: (subjects) => ({
      schemas: [`${core}:Group`],
      ...(method === 'PUT' ? { id: subjects.group.id } : {}),
      displayName: 'New by SCIM',
      members: hasMembers ? [{ value: subjects.person.id, display: subjects.person.username }] : [],
    }),
    hasHappened: ({ newGroups, groupName, isMember }) =>
      method === 'PUT' ? groupName === 'New by SCIM' && isMember : newGroups.includes('New by SCIM'),
  }
}
