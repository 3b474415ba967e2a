import type { TestProject } from 'vitest/node'
import { runStack } from './running-stack.ts'

/** A stack whose corporate IdP signs people in over SAML 2.0. */
export default function samlStack(project: TestProject): Promise<() => Promise<void>> {
  return runStack(project, { trust: { provider: 'generic', issuer: 'keycloak', protocol: 'saml' } })
}
