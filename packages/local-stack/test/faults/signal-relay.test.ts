import { createServer, type IncomingMessage } from 'node:http'
import type { AddressInfo } from 'node:net'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { createRandom } from '../../faults/random.ts'
import { noLoss, type SignalRelay, startSignalRelay } from '../../faults/signal-relay.ts'

const ssf = '/signals/ssf'
let received: string[]
let receiver: ReturnType<typeof createServer>
let relay: SignalRelay
let origin: string

beforeEach(async () => {
  received = []
  receiver = createServer(async (request, answer) => {
    received.push(await textOf(request))
    answer.writeHead(request.url === ssf ? 400 : 200).end('told')
  })
  const targetPort = await listen(receiver)
  const port = await freePort()
  origin = `http://localhost:${port}`
  relay = await startSignalRelay({ port, targetPort, random: createRandom(1) })
})
afterEach(async () => {
  await relay.close()
  receiver.closeAllConnections()
  receiver.close()
})

const send = (body: string, path = ssf) => fetch(`${origin}${path}`, { method: 'POST', body })

describe('a relay of signals', () => {
  it('passes everything as it is without loss', async () => {
    const answer = await send('one')
    expect([answer.status, await answer.text()]).toEqual([400, 'told'])
    expect(received).toEqual(['one'])
  })

  it('passes what is no signal, whatever the loss', async () => {
    relay.loss = { ...noLoss, dropped: 1 }
    expect((await send('call', '/mcp')).status).toBe(200)
    expect(received).toEqual(['call'])
  })

  it('says of what it drops that it was taken', async () => {
    relay.loss = { ...noLoss, dropped: 1 }
    expect((await send('one')).status).toBe(202)
    expect((await send('two', '/signals/backchannel-logout')).status).toBe(200)
    await relay.settled()
    expect(received).toEqual([])
    expect(relay.counts).toMatchObject({ received: 2, dropped: 2 })
  })

  it('delivers twice, and counts what the receiver refuses', async () => {
    relay.loss = { ...noLoss, duplicated: 1 }
    await send('one')
    await relay.settled()
    expect(received).toEqual(['one', 'one'])
    expect(relay.counts).toMatchObject({ duplicated: 1, refused: 2 })
  })

  it('lets later ones overtake', async () => {
    relay.loss = { ...noLoss, reordered: 1, delayedMs: 200 }
    await send('slow')
    relay.loss = { ...noLoss, delayedMs: 1 }
    await send('fast')
    await relay.settled()
    expect(received).toEqual(['fast', 'slow'])
    expect(relay.counts.overtaken).toBe(1)
  })

  it('remembers what passed, to be sent again', async () => {
    await send('one')
    expect(relay.sent.map(({ path, body }) => [path, body.toString()])).toEqual([[ssf, 'one']])
  })
})

function listen(server: ReturnType<typeof createServer>): Promise<number> {
  return new Promise((resolve) => server.listen(0, '127.0.0.1', () => resolve((server.address() as AddressInfo).port)))
}

async function freePort(): Promise<number> {
  const server = createServer()
  const port = await listen(server)
  await new Promise((resolve) => server.close(resolve))
  return port
}

async function textOf(request: IncomingMessage): Promise<string> {
  let text = ''
  for await (const chunk of request) text += chunk
  return text
}
