import { guidOf, pairwiseOf } from '../identifiers.ts'
import { type DirectoryPerson, fullNameOf, type Provider, placeClaims } from '../provider.ts'

const docs = 'https://learn.microsoft.com/en-us/entra'
const tenant = guidOf('tenant of company.com')
/** Client id of the MCP server's app registration: `aud` of version 2.0 tokens. */
const api = guidOf('app registration of the MCP server')
const mostGroups = 200

/** Microsoft Entra ID, one tenant, version 2.0. */
export const entra: Provider = {
  name: 'entra',
  title: 'Microsoft Entra ID',
  sources: [
    `${docs}/identity-platform/access-token-claims-reference`,
    `${docs}/identity-platform/id-token-claims-reference`,
    `${docs}/identity-platform/configurable-token-lifetimes`,
    `${docs}/identity-platform/reference-error-codes`,
  ],
  paths: {
    issuer: `/${tenant}/v2.0`,
    metadata: [`/${tenant}/v2.0/.well-known/openid-configuration`],
    authorization: `/${tenant}/oauth2/v2.0/authorize`,
    token: `/${tenant}/oauth2/v2.0/token`,
    keys: `/${tenant}/discovery/v2.0/keys`,
    userInfo: '/oidc/userinfo',
    endSession: `/${tenant}/oauth2/v2.0/logout`,
  },
  metadata: {
    subject_types_supported: ['pairwise'],
    http_logout_supported: true,
    frontchannel_logout_supported: true,
    tenant_region_scope: 'EU',
    cloud_instance_name: 'microsoftonline.com',
  },
  tenant,
  clientIds: { broker: guidOf('app registration of Keycloak'), cli: guidOf('app registration of the MCP client') },
  idToken: {
    scopes: ['openid', 'profile', 'email'],
    lifetimeSeconds: 3600,
    claims: (person, clientId) => ({
      ver: '2.0',
      sub: pairwiseOf(person.subject, clientId),
      tid: tenant,
      oid: guidOf(person.subject),
      name: fullNameOf(person),
      preferred_username: person.email,
      email: person.email,
      // Optional claims and a claims mapping policy, set up by the administrator.
      given_name: person.givenName,
      family_name: person.familyName,
      department: person.department,
      ...placeClaims(person),
      ...(person.groups.length > mostGroups ? overage(person) : { groups: person.groups.map(groupId) }),
    }),
  },
  claimNames: {
    username: 'preferred_username',
    usernameIsAddress: true,
    email: 'email',
    givenName: 'given_name',
    familyName: 'family_name',
    department: 'department',
    zoneinfo: 'zoneinfo',
    country: 'country',
    groups: 'groups',
    required: { claim: 'tid', value: tenant },
  },
  groups: { form: 'ids', valueOf: groupId, most: mostGroups, beyond: overage },
  accessToken: {
    lifetimeSeconds: 4500,
    form: 'entraIdV2',
    audience: () => api,
    added: (person) => ({ department: person.department, ...placeClaims(person) }),
    subject: ({ subject }) => guidOf(subject),
    otherSubject: ({ subject }, clientId) => pairwiseOf(subject, clientId),
  },
  scopes: {
    asked: 'prefixed',
    keepsPrefix: false,
    signIn: [],
    own: ['openid', 'profile', 'email', 'offline_access'],
    granted: 'to everybody',
    unknown: 'refused',
  },
  resource: 'honoured',
  refresh: { askedBy: 'offline_access', rotates: false, lifetimeSeconds: 90 * 24 * 3600 },
  refusals: {
    disabledAtSignIn: 'AADSTS50057: The user account is disabled.',
    refreshEnded:
      'AADSTS50173: The provided grant has expired due to it being revoked, a fresh auth token is needed. The user might have changed or reset their password, or an administrator has revoked the sessions.',
    codeInvalid:
      'AADSTS70008: The provided authorization code or refresh token has expired due to inactivity. Send a new interactive authorization request for this user and resource.',
    unknownScope:
      "AADSTS650053: The application asked for a scope that doesn't exist on the resource. Contact the app vendor.",
    unknownResource:
      "AADSTS9010010: The resource parameter provided in the request doesn't match with the requested scopes.",
    clientInvalid: 'AADSTS7000215: Invalid client secret provided.',
  },
  errorBody: (error, description, at) => {
    const code = Number(/^AADSTS(\d+)/.exec(description)?.[1] ?? 50_000)
    const timestamp = `${at.toISOString().slice(0, 19).replace('T', ' ')}Z`
    const [trace_id, correlation_id] = [guidOf(`trace ${at.getTime()}`), guidOf(`correlation ${at.getTime()}`)]
    return {
      error,
      error_description: `${description} Trace ID: ${trace_id} Correlation ID: ${correlation_id} Timestamp: ${timestamp}`,
      error_codes: [code],
      timestamp,
      trace_id,
      correlation_id,
    }
  },
  verifier: (origin, resource) => ({
    provider: 'entraId',
    audience: api,
    jwksUri: `${origin}/${tenant}/discovery/v2.0/keys`,
    scopePrefix: `${resource}/`,
  }),
  tells: [
    {
      by: 'SCIM',
      when: 'in cycles',
      text: 'active and group memberships, about every 40 minutes',
      source: `${docs}/identity/app-provisioning/how-provisioning-works`,
    },
  ],
  scim: 'with path',
  cannot: [
    {
      only: 'issuer',
      text: 'An access token cannot be revoked: it stays valid for 60 to 90 minutes.',
      source: `${docs}/identity-platform/access-tokens`,
      instead: 'The cut-off feed refuses every token of the person that was issued before she was disabled.',
    },
    {
      only: 'corporate IdP',
      text: 'Provisioning by SCIM runs in cycles of about 40 minutes.',
      source: `${docs}/identity/app-provisioning/how-provisioning-works`,
      instead: 'The leaver process tells the MCP server and Keycloak at once; SCIM only brings them in line later.',
    },
    {
      only: 'corporate IdP',
      text: 'Provisioning words removals from a group in a way of its own, which Keycloak answers with 200 and ignores.',
      source: `${docs}/identity/app-provisioning/application-provisioning-config-problem-scim-compatibility`,
      instead: 'Put ?aadOptscim062020 behind the tenant URL; the full compare finds what slipped through.',
    },
    {
      text: 'There is no OpenID Connect back-channel logout, and continuous access evaluation reaches Microsoft’s own resources only.',
      source: `${docs}/identity/conditional-access/concept-continuous-access-evaluation`,
      instead: 'The leaver process sends the logout token that Entra ID does not send.',
    },
    {
      only: 'issuer',
      text: 'Beyond 200 groups the access token names none of them.',
      source: `${docs}/identity-platform/access-token-claims-reference`,
      instead:
        'Groups are then unknown, never none; microsoftGraphGroups asks Microsoft Graph, or let the claim name groups assigned to the application only.',
    },
    {
      only: 'corporate IdP',
      text: 'Beyond 200 groups the ID token names none of them, so Keycloak takes the person out of all.',
      source: `${docs}/identity-platform/id-token-claims-reference`,
      instead: 'Let the claim name groups assigned to the application only; no token comes near the limit then.',
    },
  ],
  limitsAsIssuer: {},
}

/** Object id of a group: what the claim `groups` holds. */
function groupId(group: string): string {
  return guidOf(`group ${group}`)
}

/** Says where the groups can be asked for; the address has been dead for years. */
function overage({ subject }: DirectoryPerson): Record<string, unknown> {
  const endpoint = `https://graph.windows.net/${tenant}/users/${guidOf(subject)}/getMemberObjects`
  return { _claim_names: { groups: 'src1' }, _claim_sources: { src1: { endpoint } } }
}
