import { alphabets, textOf } from '../identifiers.ts'
import { fullNameOf, type Provider, placeClaims } from '../provider.ts'

const docs = 'https://developer.okta.com/docs'
const issuer = '/oauth2/default'

/** Okta, a custom authorization server. The org authorization server issues nothing that anybody else may verify. */
export const okta: Provider = {
  name: 'okta',
  title: 'Okta',
  sources: [
    `${docs}/api/openapi/okta-oauth/guides/overview/`,
    `${docs}/guides/customize-tokens-groups-claim/main/`,
    `${docs}/guides/refresh-tokens/main/`,
    `${docs}/concepts/auth-servers/`,
  ],
  paths: {
    issuer,
    metadata: [
      `${issuer}/.well-known/openid-configuration`,
      `${issuer}/.well-known/oauth-authorization-server`,
      `/.well-known/oauth-authorization-server${issuer}`,
    ],
    authorization: `${issuer}/v1/authorize`,
    token: `${issuer}/v1/token`,
    keys: `${issuer}/v1/keys`,
    userInfo: `${issuer}/v1/userinfo`,
    endSession: `${issuer}/v1/logout`,
    revocation: `${issuer}/v1/revoke`,
  },
  metadata: { subject_types_supported: ['public'], request_parameter_supported: true },
  clientIds: {
    broker: `0oa${textOf('Keycloak', alphabets.letters, 17)}`,
    cli: `0oa${textOf('MCP client', alphabets.letters, 17)}`,
  },
  idToken: {
    scopes: ['openid', 'profile', 'email', 'groups'],
    lifetimeSeconds: 3600,
    claims: (person) => ({
      ver: 1,
      sub: userId(person.subject),
      amr: ['pwd'],
      idp: '00o1companyidp0example',
      name: fullNameOf(person),
      given_name: person.givenName,
      family_name: person.familyName,
      preferred_username: person.email,
      email: person.email,
      email_verified: true,
      zoneinfo: person.zoneinfo,
      // Custom claims from the profile, and a groups claim with a filter.
      department: person.department,
      country: person.country,
      groups: person.groups,
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
  },
  groups: { form: 'names', valueOf: (group) => group, most: 100 },
  accessToken: {
    lifetimeSeconds: 3600,
    form: 'okta',
    idPrefix: 'AT.',
    audience: (resource) => resource,
    added: placeClaims,
    subject: ({ subject }) => userId(subject),
    otherSubject: ({ email }) => email,
  },
  scopes: {
    asked: 'bare',
    keepsPrefix: false,
    signIn: [],
    own: ['openid', 'profile', 'email', 'groups', 'offline_access'],
    granted: 'to everybody',
    unknown: 'refused',
  },
  resource: 'ignored',
  refresh: { askedBy: 'offline_access', rotates: true, lifetimeSeconds: 7 * 24 * 3600 },
  refusals: {
    disabledAtSignIn: 'Unable to sign in. Your account is deactivated or suspended.',
    refreshEnded: 'The refresh token is invalid or expired.',
    codeInvalid: 'The authorization code is invalid or has expired.',
    unknownScope: 'One or more scopes are not configured for the authorization server resource.',
    unknownResource: 'The resource is not known to the authorization server.',
    clientInvalid: 'The client secret supplied for a confidential client is invalid.',
  },
  verifier: (_origin, resource) => ({ provider: 'okta', audience: resource, groupsWhenAbsent: 'none' }),
  tells: [
    {
      by: 'SCIM',
      when: 'at once',
      text: 'active, from the application that provisions Keycloak',
      source: 'https://developer.okta.com/docs/api/openapi/okta-scim/guides/scim-20/',
    },
  ],
  scim: 'without path',
  cannot: [
    {
      only: 'corporate IdP',
      text: 'A deactivation reaches Keycloak as active: false, and leaves its sessions and their refresh tokens in place.',
      source: 'https://developer.okta.com/docs/api/openapi/okta-scim/guides/scim-20/',
      instead: 'The leaver process ends them, so that nothing comes back to life when the person is activated again.',
    },
    {
      only: 'issuer',
      text: 'The parameter resource is ignored: every token of one authorization server has the same audience.',
      source: `${docs}/concepts/auth-servers/`,
      instead: 'One custom authorization server for each MCP server, its audience set to the resource URI.',
    },
    {
      text: 'A request fails when more than 100 groups match the filter of the groups claim.',
      source: `${docs}/guides/customize-tokens-groups-claim/main/`,
      instead: 'A filter that matches the groups of the MCP server only.',
    },
    {
      only: 'issuer',
      text: 'A revoked access token still verifies offline; only introspection knows.',
      source: `${docs}/guides/revoke-tokens/main/`,
      instead: 'Universal Logout or the leaver process feeds the cut-offs of the MCP server.',
    },
  ],
  limitsAsIssuer: {},
}

function userId(subject: string): string {
  return `00u${textOf(subject, alphabets.letters, 17)}`
}
