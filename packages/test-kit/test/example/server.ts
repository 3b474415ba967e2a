import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { createRemoteJWKSet, jwtVerify } from 'jose'

/** The server under test of the example: as small as a resource server can be. */
export async function startServer(settings: {
  issuer: string
  jwksUri: string
  audience: string
}): Promise<{ url: string; close: () => void }> {
  const keys = createRemoteJWKSet(new URL(settings.jwksUri))
  const server = createServer(async (request, response) => {
    const token = request.headers.authorization?.replace('Bearer ', '') ?? ''
    const status = await jwtVerify(token, keys, settings).then(
      () => 200,
      () => 401,
    )
    response.writeHead(status).end()
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const { port } = server.address() as AddressInfo
  return { url: `http://127.0.0.1:${port}/`, close: () => server.close() }
}
