import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { createSignalTransmitter, eventTypes, type SignalTransmitter } from '@mcp-identity/shared-signals'
import { createTransmitterStore } from '@mcp-identity/shared-signals/sqlite'
import { publicKeySet, testKeys } from '@mcp-identity/test-kit'
import Database from 'better-sqlite3'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { eventually } from './fixtures/eventually.ts'
import { startTestServer, type TestServer, toolCall } from './fixtures/test-server.ts'

let app: TestServer
let idp: Awaited<ReturnType<typeof startIdp>>

/** The company's IdP as far as streams go: its keys, its token endpoint, its transmitter. */
async function startIdp() {
  let transmitter: SignalTransmitter
  let tokensGiven = 0
  let isAway = false
  const server = createServer(async (request, response) => {
    const url = new URL(request.url ?? '/', issuer)
    const { method = 'GET' } = request
    const body = Buffer.concat(await request.toArray()).toString()
    if (isAway) return void response.writeHead(502).end()
    const answer =
      url.pathname === '/jwks'
        ? Response.json(publicKeySet(testKeys.rsa))
        : url.pathname === '/token'
          ? Response.json({ access_token: `token-${++tokensGiven}`, expires_in: 300, token_type: 'Bearer' })
          : await transmitter.handle(
              new Request(url, {
                method,
                headers: { authorization: request.headers.authorization ?? '' },
                ...(body === '' ? {} : { body }),
              }),
            )
    const content = Buffer.from((await answer?.arrayBuffer()) ?? new ArrayBuffer(0))
    response.writeHead(answer?.status ?? 404, { 'content-type': 'application/json' }).end(content)
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const issuer = `http://localhost:${(server.address() as AddressInfo).port}`
  const database = new Database(':memory:')
  const audience: string[] = []
  transmitter = createSignalTransmitter({
    issuer,
    jwksUri: `${issuer}/jwks`,
    signingKey: () => testKeys.rsa.privateJwk as never,
    store: createTransmitterStore(database),
    authenticate: async (request) =>
      request.headers.get('authorization')?.startsWith('Bearer token-')
        ? { name: 'mcp-server', audience, mayManage: true }
        : undefined,
    audienceOf: () => audience,
    eventsSupported: [eventTypes.accountDisabled, eventTypes.sessionRevoked],
    mayPushTo: () => true,
  })
  return {
    issuer,
    transmitter,
    /** Who the SETs are for: known once the MCP server has its port. */
    audience,
    /** Answers nothing from now on, or again. */
    setAway(away: boolean): void {
      isAway = away
    },
    disable(sub: string): void {
      transmitter.emit({ type: eventTypes.accountDisabled, subject: { format: 'iss_sub', iss: issuer, sub } })
      transmitter.kick()
    },
    async close() {
      await transmitter.stop()
      server.closeAllConnections()
      await new Promise((resolve) => server.close(resolve))
      database.close()
    },
  }
}

beforeEach(async () => {
  idp = await startIdp()
})
afterEach(async () => {
  await app.stop()
  await idp.close()
})

describe.each(['push', 'poll'] as const)('a stream of the corporate IdP by %s', (delivery) => {
  it('is set up by the server itself, and ends the access of whoever is disabled there', async () => {
    app = await startTestServer({}, ({ keycloak }) => ({
      transmitters: [
        {
          issuer: idp.issuer,
          jwksUri: `${idp.issuer}/jwks`,
          speaksFor: [keycloak],
          broker: { issuer: keycloak, alias: 'corporate' },
          authorizationHeader: 'Bearer of-the-pushes',
          stream: { tokenEndpoint: `${idp.issuer}/token`, clientId: 'mcp-server', clientSecret: 'secret', delivery },
        },
      ],
    }))
    idp.audience.push(app.resource)
    app.keycloak.addBrokeredPerson('idp-alice', 'leaver-by-stream')
    const token = app.tokenOf('alice', { subject: 'leaver-by-stream', issuedAt: Math.floor(Date.now() / 1000) - 10 })
    const status = async () => (await app.post(token, toolCall('whoami'))).status
    await eventually(async () => expect(await status()).toBe(200))
    await eventually(() => expect(idp.transmitter.countPending()).toBe(0))
    await eventually(() => expect(app.logLines.join('\n')).toContain('a stream of signals is set up'))
    idp.disable('idp-alice')
    await eventually(async () => expect(await status()).toBe(401))
    await eventually(async () =>
      expect(await app.auditLines()).toContain('revocation received for leaver-by-stream: account_disabled'),
    )
  })
})

describe('when the transmitter of a polled stream is away', () => {
  const boundMs = 2_000
  const streamOf = (keycloak: string) => ({
    transmitters: [
      {
        issuer: idp.issuer,
        jwksUri: `${idp.issuer}/jwks`,
        speaksFor: [keycloak],
        stream: {
          tokenEndpoint: `${idp.issuer}/token`,
          clientId: 'mcp-server',
          clientSecret: 'secret',
          delivery: 'poll' as const,
        },
      },
    ],
  })
  const statusOf = async () => (await app.post(app.tokenOf('alice'), toolCall('whoami'))).status

  it('tokens of an issuer that nobody else tells about are answered 503, and again when it is back', async () => {
    app = await startTestServer({ keycloakEvents: [], feedStalenessBoundMs: boundMs }, ({ keycloak }) =>
      streamOf(keycloak),
    )
    idp.audience.push(app.resource)
    await eventually(async () => expect(await statusOf()).toBe(200))
    idp.setAway(true)
    await eventually(async () => expect(await statusOf()).toBe(503))
    const readiness = await app.get('/readyz')
    expect([readiness.status, await readiness.text()]).toEqual([503, expect.stringContaining(idp.issuer)])
    idp.setAway(false)
    await eventually(async () => expect(await statusOf()).toBe(200))
    const actions = (await app.auditRecords()).map(({ event }) => event.action)
    expect(actions).toEqual(expect.arrayContaining(['signal_feed_stale', 'signal_feed_current']))
  })

  it('tokens are answered 503 until the stream was set up and asked once', async () => {
    idp.setAway(true)
    app = await startTestServer({ keycloakEvents: [] }, ({ keycloak }) => streamOf(keycloak))
    idp.audience.push(app.resource)
    expect(await statusOf()).toBe(503)
    idp.setAway(false)
    await eventually(async () => expect(await statusOf()).toBe(200))
  })

  it('tokens go on where the events of their issuer are read as well', async () => {
    idp.setAway(true)
    app = await startTestServer({}, ({ keycloak }) => streamOf(keycloak))
    await eventually(async () => expect(await statusOf()).toBe(200))
    expect((await app.get('/readyz')).status).toBe(200)
  })
})
