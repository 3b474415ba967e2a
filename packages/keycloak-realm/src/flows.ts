import type AuthenticationExecutionExportRepresentation from '@keycloak/keycloak-admin-client/lib/defs/authenticationExecutionExportRepresentation.js'
import type AuthenticationFlowRepresentation from '@keycloak/keycloak-admin-client/lib/defs/authenticationFlowRepresentation.js'
import { identityProviderAlias } from './names.ts'
import type { CheckedRealmSettings } from './settings.ts'

export const browserFlowAlias = 'corp-browser'
export const firstSignInFlowAlias = 'corp-first-login'
const redirectAlias = 'to the corporate IdP'

/**
 * How people get in: an existing session, else straight to the corporate IdP. Keycloak shows no sign-in page of its
 * own, so there is no password to guess here. The first sign-in makes the account without asking the person to review
 * it, and fails when the name is taken: accounts are never joined by name or e-mail address.
 */
export function buildAuthenticationFlows({
  activeDirectory,
}: Pick<CheckedRealmSettings, 'activeDirectory'>): AuthenticationFlowRepresentation[] {
  if (activeDirectory !== undefined) return [directoryFlow()]
  return [
    flow(browserFlowAlias, 'An existing session, else the corporate IdP', [
      { authenticator: 'auth-cookie', requirement: 'ALTERNATIVE' },
      {
        authenticator: 'identity-provider-redirector',
        authenticatorConfig: redirectAlias,
        requirement: 'ALTERNATIVE',
      },
    ]),
    flow(firstSignInFlowAlias, 'Makes the account from the corporate IdP, without a review page', [
      { authenticator: 'idp-create-user-if-unique', requirement: 'REQUIRED' },
    ]),
  ]
}

/** With a directory of Keycloak's own: an existing session, else the password, which a domain controller checks. */
function directoryFlow(): AuthenticationFlowRepresentation {
  return flow(browserFlowAlias, 'An existing session, else name and password', [
    { authenticator: 'auth-cookie', requirement: 'ALTERNATIVE' },
    { authenticator: 'auth-username-password-form', requirement: 'ALTERNATIVE' },
  ])
}

export function buildAuthenticatorConfigs({ activeDirectory }: Pick<CheckedRealmSettings, 'activeDirectory'>) {
  if (activeDirectory !== undefined) return []
  return [{ alias: redirectAlias, config: { defaultProvider: identityProviderAlias } }]
}

function flow(
  alias: string,
  description: string,
  executions: AuthenticationExecutionExportRepresentation[],
): AuthenticationFlowRepresentation {
  return {
    alias,
    description,
    providerId: 'basic-flow',
    topLevel: true,
    builtIn: false,
    authenticationExecutions: executions.map((execution, index) => ({
      ...execution,
      priority: (index + 1) * 10,
      userSetupAllowed: false,
      autheticatorFlow: false,
    })),
  }
}
