import { alphabets, guidOf, textOf } from '../identifiers.ts'
import { fullNameOf, type Provider, placeClaims } from '../provider.ts'

const docs = 'https://docs.aws.amazon.com/cognito/latest/developerguide'
const pool = `/eu-central-1_${textOf('user pool', alphabets.letters, 9)}`
const lettersAndDigits = 'abcdefghijklmnopqrstuvwxyz0123456789'
const cli = textOf('MCP client at Cognito', lettersAndDigits, 26)

/** A user pool of Amazon Cognito with managed login, resource binding, and a pre token generation trigger of version 2. */
export const cognito: Provider = {
  name: 'cognito',
  title: 'Amazon Cognito',
  sources: [
    `${docs}/amazon-cognito-user-pools-using-the-access-token.html`,
    `${docs}/amazon-cognito-user-pools-using-the-id-token.html`,
    `${docs}/cognito-user-pools-define-resource-servers.html`,
    `${docs}/user-pool-lambda-pre-token-generation.html`,
  ],
  paths: {
    issuer: pool,
    metadata: [`${pool}/.well-known/openid-configuration`],
    authorization: '/oauth2/authorize',
    token: '/oauth2/token',
    keys: `${pool}/.well-known/jwks.json`,
    userInfo: '/oauth2/userInfo',
    endSession: '/logout',
    revocation: '/oauth2/revoke',
  },
  metadata: { subject_types_supported: ['public'] },
  clientIds: { broker: textOf('Keycloak at Cognito', lettersAndDigits, 26), cli },
  idToken: {
    scopes: ['openid', 'profile', 'email'],
    lifetimeSeconds: 3600,
    claims: (person) => ({
      sub: guidOf(person.subject),
      token_use: 'id',
      'cognito:username': person.username,
      'cognito:groups': person.groups,
      name: fullNameOf(person),
      given_name: person.givenName,
      family_name: person.familyName,
      email: person.email,
      email_verified: true,
      zoneinfo: person.zoneinfo,
      'custom:department': person.department,
      'custom:country': person.country,
    }),
  },
  claimNames: {
    // Not cognito:username: Keycloak would take the colon in its template for a default while it imports the realm.
    username: 'email',
    usernameIsAddress: true,
    email: 'email',
    givenName: 'given_name',
    familyName: 'family_name',
    department: 'custom:department',
    zoneinfo: 'zoneinfo',
    country: 'custom:country',
    groups: 'cognito:groups',
  },
  groups: { form: 'names', valueOf: (group) => group },
  accessToken: {
    lifetimeSeconds: 3600,
    form: 'cognito',
    audience: (resource) => resource,
    added: (person) => ({
      email: person.email,
      name: fullNameOf(person),
      'custom:department': person.department,
      ...placeClaims(person),
    }),
    subject: ({ subject }) => guidOf(subject),
  },
  scopes: {
    asked: 'prefixed',
    keepsPrefix: true,
    signIn: [],
    own: ['openid', 'profile', 'email'],
    granted: 'to everybody',
    unknown: 'refused',
  },
  resource: 'honoured',
  refresh: { askedBy: 'nothing', rotates: false, lifetimeSeconds: 30 * 24 * 3600 },
  refusals: {
    disabledAtSignIn: 'User is disabled.',
    refreshEnded: 'Refresh Token has been revoked',
    codeInvalid: 'invalid_grant',
    unknownScope: 'invalid_scope',
    unknownResource: 'invalid_target',
    clientInvalid: 'invalid_client',
  },
  verifier: (_origin, resource) => ({
    provider: 'cognito',
    audience: resource,
    clientIds: [cli],
    scopePrefix: `${resource}/`,
  }),
  tells: [],
  cannot: [
    {
      only: 'issuer',
      text: 'A revoked access token still verifies offline, and there is no introspection.',
      source: `${docs}/token-revocation.html`,
      instead: 'The cut-off feed refuses it at once.',
    },
    {
      text: 'Nothing is pushed when a person is disabled: no back-channel logout, no shared signals, no SCIM.',
      source: `${docs}/how-to-manage-user-accounts.html`,
      instead: 'The leaver process that calls AdminDisableUser tells the MCP server as well.',
    },
    {
      only: 'issuer',
      text: 'A client cannot register itself.',
      source: `${docs}/user-pool-settings-client-apps.html`,
      instead: 'The client is registered by hand; Keycloak registers MCP clients itself.',
    },
  ],
  limitsAsIssuer: {},
}
