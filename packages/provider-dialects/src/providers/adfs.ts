import { guidOf, pairwiseOf } from '../identifiers.ts'
import { fullNameOf, type Provider, placeClaims } from '../provider.ts'

const docs = 'https://learn.microsoft.com/en-us/windows-server/identity/ad-fs'
const cli = guidOf('native application of the MCP client')

/** Active Directory Federation Services in front of Active Directory. */
export const adfs: Provider = {
  name: 'adfs',
  title: 'AD FS',
  sources: [
    `${docs}/overview/ad-fs-openid-connect-oauth-concepts`,
    `${docs}/operations/create-rule-to-send-group-membership-as-claim`,
    `${docs}/overview/ad-fs-openid-connect-oauth-flows-scenarios`,
  ],
  paths: {
    issuer: '/adfs',
    metadata: ['/adfs/.well-known/openid-configuration'],
    authorization: '/adfs/oauth2/authorize/',
    token: '/adfs/oauth2/token/',
    keys: '/adfs/discovery/keys',
    userInfo: '/adfs/userinfo',
    endSession: '/adfs/oauth2/logout',
  },
  accessTokenIssuer: (host) => `http://${host}/adfs/services/trust`,
  metadata: { subject_types_supported: ['pairwise'], frontchannel_logout_supported: true },
  clientIds: { broker: guidOf('server application of Keycloak'), cli },
  idToken: {
    scopes: ['openid', 'allatclaims'],
    lifetimeSeconds: 3600,
    claims: (person, clientId) => ({
      sub: pairwiseOf(person.subject, clientId),
      upn: person.email,
      unique_name: `COMPANY\\${person.username}`,
      // Issuance transform rules: LDAP attributes as claims, and token groups by unqualified name.
      email: person.email,
      given_name: person.givenName,
      family_name: person.familyName,
      name: fullNameOf(person),
      department: person.department,
      ...placeClaims(person),
      group: person.groups.length === 1 ? person.groups[0] : person.groups,
    }),
  },
  claimNames: {
    username: 'upn',
    usernameIsAddress: true,
    email: 'email',
    givenName: 'given_name',
    familyName: 'family_name',
    department: 'department',
    zoneinfo: 'zoneinfo',
    country: 'country',
    groups: 'group',
  },
  groups: { form: 'names', valueOf: (group) => group },
  accessToken: {
    lifetimeSeconds: 3600,
    form: 'adfs',
    audience: (resource) => resource,
    added: (person) => ({ name: fullNameOf(person), ...placeClaims(person) }),
    subject: ({ subject }) => pairwiseOf(subject, cli),
  },
  scopes: {
    asked: 'bare',
    keepsPrefix: false,
    signIn: [],
    own: ['openid', 'profile', 'email', 'allatclaims', 'offline_access'],
    granted: 'to everybody',
    unknown: 'dropped',
  },
  resource: 'honoured',
  refresh: { askedBy: 'nothing', rotates: false, lifetimeSeconds: 7 * 24 * 3600 },
  refusals: {
    disabledAtSignIn: 'The user account is disabled. Contact your administrator.',
    refreshEnded: 'MSIS9615: The refresh token received in refresh_token parameter has expired or is no longer valid.',
    codeInvalid: 'MSIS9609: The authorization code received in code parameter is invalid or has expired.',
    unknownScope: 'MSIS9604: An error occurred. The requested scope is not permitted for the client.',
    unknownResource:
      'MSIS9602: The received resource parameter is invalid. No registered resource with this identifier.',
    clientInvalid:
      'MSIS9607: The client_id parameter in the request is invalid. No registered client is found with this identifier.',
  },
  verifier: (_origin, resource) => ({ provider: 'adfs', audience: resource }),
  tells: [],
  cannot: [
    {
      only: 'issuer',
      text: 'No token can be revoked, and there is neither revocation nor introspection.',
      source: `${docs}/overview/ad-fs-openid-connect-oauth-concepts`,
      instead:
        'The cut-off feed refuses tokens at once; disabling the account in Active Directory alone stops refreshes only.',
    },
    {
      text: 'Nobody is told when an account is disabled in Active Directory: no back-channel logout, no SCIM.',
      source: `${docs}/overview/ad-fs-openid-connect-oauth-concepts`,
      instead: 'The leaver process tells Keycloak and the MCP server.',
    },
    {
      only: 'issuer',
      text: 'Access tokens name another issuer than the metadata does, and it begins with http.',
      source: `${docs}/overview/ad-fs-openid-connect-oauth-concepts`,
      instead: 'The preset takes the access_token_issuer of the metadata.',
    },
    {
      only: 'issuer',
      text: 'A client cannot register itself.',
      source: `${docs}/overview/ad-fs-openid-connect-oauth-flows-scenarios`,
      instead: 'The client is registered by hand; Keycloak registers MCP clients itself.',
    },
  ],
  limitsAsIssuer: {},
}
