import { alphabets, textOf } from '../identifiers.ts'
import { fullNameOf, type Provider, placeClaims } from '../provider.ts'

const docs = 'https://auth0.com/docs'
/** Prefix of the claims that the tenant's Action adds. */
const namespace = 'https://company.com/'

/** Auth0, one tenant, RBAC with permissions in the access token, an Action that adds namespaced claims. */
export const auth0: Provider = {
  name: 'auth0',
  title: 'Auth0',
  sources: [
    `${docs}/secure/tokens/access-tokens/access-token-profiles`,
    `${docs}/secure/tokens/json-web-tokens/create-custom-claims`,
    `${docs}/secure/tokens/refresh-tokens`,
    `${docs}/get-started/apis/enable-role-based-access-control-for-apis`,
  ],
  paths: {
    issuer: '/',
    metadata: ['/.well-known/openid-configuration', '/.well-known/oauth-authorization-server'],
    authorization: '/authorize',
    token: '/oauth/token',
    keys: '/.well-known/jwks.json',
    userInfo: '/userinfo',
    endSession: '/oidc/logout',
    revocation: '/oauth/revoke',
  },
  metadata: {
    subject_types_supported: ['public'],
    authorization_response_iss_parameter_supported: true,
    backchannel_logout_supported: true,
    backchannel_logout_session_supported: true,
  },
  clientIds: {
    broker: textOf('Keycloak at Auth0', alphabets.letters, 32),
    cli: textOf('MCP client at Auth0', alphabets.letters, 32),
  },
  idToken: {
    scopes: ['openid', 'profile', 'email'],
    lifetimeSeconds: 36_000,
    claims: (person) => ({
      sub: subjectOf(person.subject),
      nickname: person.username,
      name: fullNameOf(person),
      given_name: person.givenName,
      family_name: person.familyName,
      picture: `https://s.gravatar.com/avatar/${textOf(person.email, alphabets.hex, 32)}`,
      updated_at: '2026-11-01T08:00:00.000Z',
      email: person.email,
      email_verified: true,
      [`${namespace}department`]: person.department,
      [`${namespace}zoneinfo`]: person.zoneinfo,
      [`${namespace}country`]: person.country,
      [`${namespace}groups`]: person.groups,
    }),
  },
  claimNames: {
    username: 'nickname',
    usernameIsAddress: false,
    email: 'email',
    givenName: 'given_name',
    familyName: 'family_name',
    department: `${namespace}department`,
    zoneinfo: `${namespace}zoneinfo`,
    country: `${namespace}country`,
    groups: `${namespace}groups`,
  },
  groups: { form: 'names', valueOf: (group) => group },
  accessToken: {
    lifetimeSeconds: 86_400,
    form: 'auth0',
    audience: (resource) => resource,
    added: (person) => ({
      [`${namespace}name`]: fullNameOf(person),
      [`${namespace}department`]: person.department,
      [`${namespace}groups`]: person.groups,
      ...placeClaims(person),
    }),
    subject: ({ subject }) => subjectOf(subject),
  },
  scopes: {
    asked: 'bare',
    keepsPrefix: false,
    signIn: [],
    own: ['openid', 'profile', 'email', 'offline_access'],
    granted: 'by group',
    unknown: 'dropped',
  },
  resource: 'honoured',
  refresh: { askedBy: 'offline_access', rotates: true, lifetimeSeconds: 30 * 24 * 3600 },
  refusals: {
    disabledAtSignIn: 'Your account has been blocked: user is blocked.',
    refreshEnded: 'Unknown or invalid refresh token.',
    codeInvalid: 'Invalid authorization code',
    unknownScope: 'Invalid scope',
    unknownResource: 'Service not found',
    clientInvalid: 'Unauthorized',
  },
  verifier: (_origin, resource) => ({ provider: 'auth0', audience: resource, claimNamespace: namespace }),
  tells: [
    {
      by: 'logout token',
      when: 'at once',
      text: 'when an account is deactivated, where the application has that initiator (Enterprise plan)',
      source: `${docs}/authenticate/login/logout/back-channel-logout/oidc-back-channel-logout-initiators`,
    },
  ],
  cannot: [
    {
      only: 'corporate IdP',
      text: 'Nothing is provisioned: a change of groups comes with the next sign-in, a logout token only of the Enterprise plan.',
      source: `${docs}/authenticate/login/logout/back-channel-logout`,
      instead: 'The leaver process tells Keycloak and the MCP server; it also moves people between groups at once.',
    },
    {
      only: 'issuer',
      text: 'An access token cannot be revoked and lives 24 hours unless the API is set to less.',
      source: `${docs}/secure/tokens/revoke-tokens`,
      instead: 'The cut-off feed refuses it at once; set the lifetime of the API to an hour all the same.',
    },
    {
      only: 'issuer',
      text: 'The parameter resource counts only with the Resource Parameter Compatibility Profile.',
      source: `${docs}/get-started/applications/configure-resource-parameter-compatibility-profile`,
      instead: 'Switch it on: MCP clients send resource and no audience.',
    },
    {
      only: 'issuer',
      text: 'There is no introspection endpoint.',
      source: `${docs}/secure/tokens/access-tokens/validate-access-tokens`,
      instead: 'Tokens are verified offline, and the cut-off feed says what ended.',
    },
  ],
  limitsAsIssuer: {},
}

function subjectOf(subject: string): string {
  return `auth0|${textOf(subject, alphabets.hex, 24)}`
}
