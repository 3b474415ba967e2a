import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { answerJson } from '../loopback-server.ts'
import { publicKeySet, testKeys } from '../test-keys.ts'

/** An issuer whose tokens anybody can make: for a server under test on the same machine, never for another. */
export interface SuiteIssuer {
  readonly issuer: string
  readonly jwksUri: string
  close(): Promise<void>
}

/**
 * Plays an issuer on loopback: discovery documents and a key set, signed for by the published test keys.
 *
 * @param port 0 for any. @param path Path of the issuer, for instance `/realms/company`. Default none.
 */
export async function startSuiteIssuer(port = 0, path = ''): Promise<SuiteIssuer> {
  const documents = new Map<string, unknown>()
  const server = createServer((request, response) => {
    const document = documents.get(request.url ?? '')
    answerJson(response, document === undefined ? 404 : 200, document ?? { error: 'not_found' })
  })
  await new Promise<void>((resolve, reject) => server.once('error', reject).listen(port, '127.0.0.1', resolve))
  const issuer = `http://127.0.0.1:${(server.address() as AddressInfo).port}${path}`
  const jwksUri = `${issuer}/jwks`
  const metadata = {
    issuer,
    jwks_uri: jwksUri,
    response_types_supported: ['code'],
    code_challenge_methods_supported: ['S256'],
  }
  documents.set(`${path}/jwks`, publicKeySet(testKeys.rsa, testKeys.p256, testKeys.ed25519))
  documents.set(`/.well-known/oauth-authorization-server${path}`, metadata)
  documents.set(`${path}/.well-known/openid-configuration`, metadata)
  return {
    issuer,
    jwksUri,
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve())
        server.closeAllConnections()
      }),
  }
}
