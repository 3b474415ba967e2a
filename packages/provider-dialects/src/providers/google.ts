import { alphabets, textOf } from '../identifiers.ts'
import { companyDomain, fullNameOf, type Provider } from '../provider.ts'

const docs = 'https://developers.google.com/identity'
const clientId = (name: string): string =>
  `${textOf(`${name} project`, alphabets.digits, 12)}-${textOf(name, alphabets.hex, 32)}.apps.googleusercontent.com`
const cli = clientId('MCP client')

/** Google Identity with a Workspace domain. Access tokens are opaque and for Google's own APIs. */
export const google: Provider = {
  name: 'google',
  title: 'Google Identity',
  sources: [`${docs}/openid-connect/openid-connect`, `${docs}/protocols/oauth2/web-server`, `${docs}/protocols/risc`],
  paths: {
    issuer: '',
    metadata: ['/.well-known/openid-configuration'],
    authorization: '/o/oauth2/v2/auth',
    token: '/token',
    keys: '/oauth2/v3/certs',
    userInfo: '/v1/userinfo',
    endSession: '/Logout',
    revocation: '/revoke',
    tokenInfo: '/tokeninfo',
  },
  metadata: { subject_types_supported: ['public'] },
  clientIds: { broker: clientId('Keycloak'), cli },
  idToken: {
    scopes: ['openid', 'profile', 'email'],
    lifetimeSeconds: 3600,
    claims: (person, audience) => ({
      sub: subjectOf(person.subject),
      azp: audience,
      hd: companyDomain,
      name: fullNameOf(person),
      given_name: person.givenName,
      family_name: person.familyName,
      email: person.email,
      email_verified: true,
    }),
  },
  claimNames: {
    username: 'email',
    usernameIsAddress: true,
    email: 'email',
    givenName: 'given_name',
    familyName: 'family_name',
    required: { claim: 'hd', value: companyDomain },
  },
  groups: { form: 'none', valueOf: (group) => group },
  accessToken: {
    lifetimeSeconds: 3600,
    form: 'opaque',
    prefix: 'ya29.',
    audience: () => cli,
    added: () => ({}),
    subject: ({ subject }) => subjectOf(subject),
  },
  scopes: {
    asked: 'none',
    keepsPrefix: false,
    signIn: ['openid', 'email', 'profile'],
    own: ['openid', 'email', 'profile'],
    granted: 'to everybody',
    unknown: 'refused',
  },
  resource: 'ignored',
  refresh: { askedBy: 'nothing', rotates: false, lifetimeSeconds: 180 * 24 * 3600 },
  refusals: {
    disabledAtSignIn: 'This account has been disabled. Contact your domain administrator.',
    refreshEnded: 'Token has been expired or revoked.',
    codeInvalid: 'Malformed auth code.',
    unknownScope: 'Some requested scopes were invalid.',
    unknownResource: 'Some requested scopes were invalid.',
    clientInvalid: 'The OAuth client was not found.',
  },
  verifier: (origin) => ({
    provider: 'google',
    audience: cli,
    hostedDomains: [companyDomain],
    tokenInfoUri: `${origin}/tokeninfo`,
    userInfoUri: `${origin}/v1/userinfo`,
    cacheSeconds: 60,
    signInScopes: ['openid', 'email', 'profile'],
  }),
  tells: [],
  cannot: [
    {
      only: 'issuer',
      text: 'An access token is opaque and carries Google’s own scopes: an MCP server gets neither scopes nor groups from it.',
      source: `${docs}/protocols/oauth2/scopes`,
      instead: 'Put Google behind Keycloak, which gives both; directly it is good for tools that need no scope.',
    },
    {
      only: 'corporate IdP',
      text: 'No ID token names groups, department or time zone.',
      source: `${docs}/openid-connect/openid-connect#an-id-tokens-payload`,
      instead: 'Provisioning brings them into Keycloak.',
    },
    {
      only: 'issuer',
      text: 'A client cannot register itself, and resource is ignored.',
      source: 'https://github.com/google/mcp/issues/39',
      instead: 'The client is registered by hand; Keycloak registers MCP clients itself.',
    },
    {
      text: 'Suspending a person ends her tokens at Google, and nobody else hears of it unless Cross-Account Protection is set up.',
      source: `${docs}/protocols/risc`,
      instead: 'The leaver process feeds the cut-offs, which count before an answer of Google that is kept for 60 s.',
    },
  ],
  limitsAsIssuer: {
    'identity claims': {
      text: 'name and e-mail address only, neither department nor groups',
      source: `${docs}/openid-connect/openid-connect#an-id-tokens-payload`,
    },
    'group → tool': {
      text: 'no groups and no scopes of an API',
      source: `${docs}/protocols/oauth2/scopes`,
    },
    'step-up': { text: 'an API has no scopes here', source: `${docs}/protocols/oauth2/scopes` },
    'key rotation': {
      text: 'access tokens are opaque, no key signs them',
      source: `${docs}/protocols/oauth2`,
    },
  },
}

function subjectOf(subject: string): string {
  return `1${textOf(subject, alphabets.digits, 20)}`
}
