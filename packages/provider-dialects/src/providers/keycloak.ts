import { fullNameOf, type Provider, placeClaims } from '../provider.ts'

const docs = 'https://www.keycloak.org/docs/latest'
/** The realm in which a company that has Keycloak already keeps its people. */
const realm = '/realms/workforce'
const protocol = `${realm}/protocol/openid-connect`

/** Keycloak itself, with the people in a realm of its own. It is never emulated: what is said here is checked on the real one. */
export const keycloak: Provider = {
  name: 'keycloak',
  title: 'Keycloak',
  sources: [`${docs}/server_admin/`, `${docs}/securing_apps/`],
  paths: {
    issuer: realm,
    metadata: [`${realm}/.well-known/openid-configuration`, `/.well-known/oauth-authorization-server${realm}`],
    authorization: `${protocol}/auth`,
    token: `${protocol}/token`,
    keys: `${protocol}/certs`,
    userInfo: `${protocol}/userinfo`,
    endSession: `${protocol}/logout`,
    revocation: `${protocol}/revoke`,
  },
  metadata: { authorization_response_iss_parameter_supported: true },
  clientIds: { broker: 'keycloak-broker', cli: 'mcp-cli' },
  idToken: {
    scopes: ['openid'],
    lifetimeSeconds: 300,
    claims: (person) => ({
      sub: person.subject,
      preferred_username: person.username,
      name: fullNameOf(person),
      given_name: person.givenName,
      family_name: person.familyName,
      email: person.email,
      department: person.department,
      ...placeClaims(person),
      groups: person.groups,
    }),
  },
  claimNames: {
    username: 'preferred_username',
    usernameIsAddress: false,
    email: 'email',
    givenName: 'given_name',
    familyName: 'family_name',
    department: 'department',
    zoneinfo: 'zoneinfo',
    country: 'country',
    groups: 'groups',
  },
  groups: { form: 'names', valueOf: (group) => group },
  accessToken: {
    lifetimeSeconds: 300,
    form: 'keycloak',
    audience: (resource) => resource,
    added: placeClaims,
    subject: ({ subject }) => subject,
  },
  scopes: {
    asked: 'bare',
    keepsPrefix: false,
    signIn: [],
    own: ['openid'],
    granted: 'by group',
    unknown: 'refused',
  },
  resource: 'honoured',
  refresh: { askedBy: 'nothing', rotates: true, lifetimeSeconds: 30 * 24 * 3600 },
  refusals: {
    disabledAtSignIn: 'Account is disabled, contact your administrator.',
    refreshEnded: 'Session not active',
    codeInvalid: 'Code not valid',
    unknownScope: 'Invalid scopes',
    unknownResource: 'Invalid resource',
    clientInvalid: 'Invalid client or Invalid client credentials',
  },
  verifier: (_origin, resource) => ({ provider: 'keycloak', audience: resource }),
  tells: [],
  cannot: [
    {
      text: 'Disabling an account tells nobody; a logout token goes out when an administrator signs the person out.',
      source: `${docs}/server_admin/#_oidc-logout`,
      instead: 'The leaver process disables and signs out; where Keycloak is the issuer, its events are read as well.',
    },
    {
      text: 'A logout by an administrator leaves tokens alone that were issued in the same second.',
      source: `${docs}/server_admin/#revocation-policies`,
      instead: 'The cut-off feed counts tokens of that second as issued before it.',
    },
  ],
  limitsAsIssuer: {},
}
