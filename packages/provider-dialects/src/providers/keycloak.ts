import type { Provider } from '../provider.ts'
import { generic } from './generic.ts'

const docs = 'https://www.keycloak.org/docs/latest'
/** The realm in which a company that has Keycloak already keeps its people. */
const realm = '/realms/workforce'
const protocol = `${realm}/protocol/openid-connect`
const { scim: _provisionsNobody, ...byTheBook } = generic

/**
 * Keycloak itself, with the people in a realm of its own: by the book but for what stands here. It is never emulated: what
 * is said is checked on the real one.
 */
export const keycloak: Provider = {
  ...byTheBook,
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
  idToken: { ...generic.idToken, scopes: ['openid'] },
  accessToken: { ...generic.accessToken, form: 'keycloak' },
  scopes: { ...generic.scopes, own: ['openid'], unknown: 'refused' },
  refresh: { ...generic.refresh, askedBy: 'nothing' },
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
