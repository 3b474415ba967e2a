import type { VerifiedAccessToken } from '@mcp-identity/token-verifier'

/** A handler that asks for a token that passed every check. */
function deleteCustomer(_token: VerifiedAccessToken): void {}

const claims = JSON.parse('{}') as Record<string, unknown>

// The claims of a token that nobody verified.
deleteCustomer(claims)

// A token made by hand, with everything that a verified one has but the proof that it was verified.
deleteCustomer({
  issuer: 'https://keycloak.company.com/realms/company',
  subject: 'alice',
  clientId: 'mcp-cli',
  audiences: [],
  scopes: ['write:customers'],
  issuedAt: 0,
  expiresAt: 0,
  tokenId: undefined,
  sessionId: undefined,
  caller: {
    kind: 'person',
    email: undefined,
    name: undefined,
    department: undefined,
    groups: [],
    roles: [],
    tenant: undefined,
    actors: [],
  },
  confirmation: undefined,
  claims: {},
})

// The compact form.
deleteCustomer('eyJhbGciOiJSUzI1NiJ9.e30.AA')

// What is frozen cannot be changed either.
export function grow(token: VerifiedAccessToken): void {
  token.scopes.push('write:customers')
}
