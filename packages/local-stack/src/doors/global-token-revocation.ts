import { randomUUID } from 'node:crypto'
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { importJWK, SignJWT } from 'jose'
import { type Door, type DoorStack, expectSuccess } from './door.ts'
import { createSettling } from './settling.ts'

/**
 * The company's threat detection revokes every token of the person at the MCP server, as Okta's Universal Logout does
 * (draft-parecki-oauth-global-token-revocation). It signs with the key of the corporate IdP, which it is part of.
 */
export function globalTokenRevocation(stack: DoorStack): Door {
  const { urls, clients, dataDir } = stack
  const settling = createSettling()
  const endpoint = `${new URL(urls.mcp).origin}/signals/global-token-revocation`
  let signing: Promise<(claims: Record<string, unknown>) => Promise<string>> | undefined

  async function subjectOf(username: string): Promise<string> {
    const response = await fetch(`${urls.corporateIdp}/admin/people/${encodeURIComponent(username)}`, {
      headers: { authorization: `Bearer ${clients.directoryAdmin.secret}` },
    })
    const person = (await (await expectSuccess('look-up in the directory', response)).json()) as { subject: string }
    return person.subject
  }

  return {
    name: 'global-token-revocation',
    title: 'Global Token Revocation, as Okta’s Universal Logout sends it',
    ends: 'tokens',
    async open({ username }) {
      const subject = await subjectOf(username)
      signing ??= openSigning(dataDir)
      const now = Math.floor(Date.now() / 1000)
      const iss = urls.corporateIdp
      const claims = { iss, sub: iss, aud: endpoint, iat: now, exp: now + 60, jti: randomUUID() }
      const response = await fetch(endpoint, {
        method: 'POST',
        headers: { authorization: `Bearer ${await (await signing)(claims)}`, 'content-type': 'application/json' },
        body: JSON.stringify({ sub_id: { format: 'iss_sub', iss, sub: subject } }),
      })
      await expectSuccess('Global Token Revocation', response)
      settling.opened(username)
      return performance.now()
    },
    restore: ({ username }) => settling.settled(username),
  }
}

async function openSigning(dataDir: string): Promise<(claims: Record<string, unknown>) => Promise<string>> {
  const { signing } = JSON.parse(await readFile(join(dataDir, 'corporate-idp', 'keys.json'), 'utf8'))
  const key = await importJWK(signing)
  const header = { alg: signing.alg, kid: signing.kid, typ: 'global-token-revocation+jwt' }
  return (claims) => new SignJWT(claims).setProtectedHeader(header).sign(key)
}
