import { randomBytes, randomUUID } from 'node:crypto'
import { once } from 'node:events'
import { writeFile } from 'node:fs/promises'
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { fileURLToPath } from 'node:url'
import { createSignalTransmitter, eventTypes, type SignalTransmitter } from '@mcp-identity/shared-signals'
import { createTransmitterStore } from '@mcp-identity/shared-signals/sqlite'
import Database from 'better-sqlite3'
import { exportJWK, generateKeyPair, type JWK } from 'jose'
import { type SignalsToSign, signSignals } from './sign-signals.ts'
import { type SignalSender, serveSender, startSenderProcess } from './signal-sender.ts'

/** A corporate IdP that is polled for what happened. */
export interface PolledTransmitter extends SignalSender {
  /**
   * What it tells once it is told to send: that these have left.
   *
   * @param realm The issuer of whose people they are.
   * @param subjects The `sub` of each of them there.
   */
  offer(realm: string, subjects: readonly string[]): Promise<void>
  /** As an MCP server has to know it. @param realm The issuer of whose people it tells. */
  settingsAbout(realm: string): object
}

interface Setup {
  signingKey: JWK
  clientSecret: string
}

const receiver = 'mcp-server'
const audience = 'urn:company:mcp-server'

type Task = { setup: Setup } | { toSign: SignalsToSign }

/**
 * Streams are set up, verified and looked after as by any transmitter; what is sent was signed before. A transmitter has a
 * machine of its own, and what signing costs here, on that of the servers, is not theirs.
 *
 * @param secretFile Where the secret is written by which the receiver gets access tokens.
 */
export async function startPolledTransmitter(secretFile: string): Promise<PolledTransmitter> {
  const clientSecret = randomBytes(32).toString('base64url')
  await writeFile(secretFile, clientSecret, { mode: 0o600 })
  const { privateKey } = await generateKeyPair('RS256', { extractable: true })
  const signingKey: JWK = { ...(await exportJWK(privateKey)), alg: 'RS256', kid: 'polled' }
  const sender = startSenderProcess(fileURLToPath(import.meta.url))
  const issuer = String(await sender.prepare({ setup: { signingKey, clientSecret } } satisfies Task))
  return {
    ...sender,
    offer: async (realm, subjects) => {
      const toSign = { signer: { issuer, audience, signingKey, realm }, subjects }
      await sender.prepare({ toSign } satisfies Task)
    },
    settingsAbout: (realm) => ({
      issuer,
      jwksUri: `${issuer}/jwks`,
      audience,
      speaksFor: [realm],
      stream: {
        tokenEndpoint: `${issuer}/token`,
        clientId: receiver,
        clientSecretFile: secretFile,
        delivery: 'poll',
      },
    }),
  }
}

/** The other side: what {@link startPolledTransmitter} starts. */
function serve(): void {
  let transmitter: SignalTransmitter | undefined
  let outbox: Outbox | undefined
  serveSender<Task>({
    async prepare(task) {
      if ('toSign' in task) {
        outbox = createOutbox(await signSignals(task.toSign))
        return
      }
      const listening = await listen(task.setup, () => (outbox?.isOpen === true ? outbox : undefined))
      transmitter = listening.transmitter
      return listening.issuer
    },
    async send() {
      if (outbox === undefined) throw new Error('nothing was offered')
      const taken = outbox.open()
      // One more who leaves, of whom the poll is told that waits for news.
      transmitter?.emit({
        type: eventTypes.accountDisabled,
        subject: { format: 'email', email: `${randomUUID()}@example.com` },
      })
      transmitter?.kick()
      await taken
      outbox = undefined
    },
  })
}

interface Outbox {
  readonly isOpen: boolean
  /** Resolves when all were acknowledged. @throws {Error} One was refused. */
  open(): Promise<void>
  /** Answers a poll (RFC 8936 section 2). */
  answer(poll: { maxEvents?: number; ack?: string[]; setErrs?: object }): object
}

function createOutbox(signals: ReadonlyMap<string, string>): Outbox {
  const pending = new Map(signals)
  const { promise, resolve, reject } = newPromise()
  let isOpen = false
  return {
    get isOpen() {
      return isOpen
    },
    open() {
      isOpen = true
      return promise
    },
    answer({ maxEvents = 100, ack = [], setErrs = {} }) {
      for (const tokenId of ack) pending.delete(tokenId)
      if (Object.keys(setErrs).length > 0) reject(new Error(`signals were refused: ${JSON.stringify(setErrs)}`))
      if (pending.size === 0) resolve()
      const sets = Object.fromEntries([...pending].slice(0, maxEvents))
      return { sets, moreAvailable: pending.size > maxEvents }
    },
  }
}

/** @param openOutbox What is told by now; undefined: nothing yet. */
async function listen({ signingKey, clientSecret }: Setup, openOutbox: () => Outbox | undefined) {
  const server = createServer().listen(0, 'localhost')
  await once(server, 'listening')
  const issuer = `http://localhost:${(server.address() as AddressInfo).port}`
  const accessToken = randomBytes(32).toString('base64url')
  const { kty, n, e, alg, kid } = signingKey
  const transmitter = createSignalTransmitter({
    issuer,
    jwksUri: `${issuer}/jwks`,
    signingKey: () => signingKey,
    store: createTransmitterStore(new Database(':memory:')),
    authenticate: async ({ headers }) =>
      headers.get('authorization') === `Bearer ${accessToken}`
        ? { name: receiver, audience, mayManage: true }
        : undefined,
    audienceOf: () => audience,
    eventsSupported: [eventTypes.accountDisabled],
    mayPushTo: () => false,
  })

  async function handle(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const body = await textOf(request)
    if (request.url === '/jwks') return sendJson(response, 200, { keys: [{ kty, n, e, alg, kid, use: 'sig' }] })
    if (request.url === '/token') {
      return request.headers.authorization === basicCredentials(receiver, clientSecret)
        ? sendJson(response, 200, { access_token: accessToken, token_type: 'Bearer', expires_in: 3_600 })
        : sendJson(response, 401, { error: 'invalid_client' })
    }
    const outbox = request.url?.startsWith('/ssf/poll/') ? openOutbox() : undefined
    if (outbox !== undefined) return sendJson(response, 200, outbox.answer(JSON.parse(body)))
    const { method = 'GET', headers } = request
    const web = new Request(new URL(request.url ?? '', issuer), {
      method,
      headers: headers as Record<string, string>,
      ...(body === '' ? {} : { body }),
    })
    const answer = (await transmitter.handle(web)) ?? new Response(null, { status: 404 })
    response.writeHead(answer.status, Object.fromEntries(answer.headers)).end(await answer.text())
  }

  server.on('request', (request, response) => {
    handle(request, response).catch((error: Error) => response.destroy(error))
  })
  return { issuer, transmitter }
}

/** RFC 6749 section 2.3.1. */
function basicCredentials(id: string, secret: string): string {
  return `Basic ${Buffer.from(`${encodeURIComponent(id)}:${encodeURIComponent(secret)}`).toString('base64')}`
}

function sendJson(response: ServerResponse, status: number, content: object): void {
  response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(content))
}

async function textOf(request: IncomingMessage): Promise<string> {
  let text = ''
  for await (const chunk of request.setEncoding('utf8')) text += chunk
  return text
}

function newPromise() {
  let resolve = (): void => {}
  let reject = (_error: Error): void => {}
  const promise = new Promise<void>((fulfil, fail) => {
    resolve = fulfil
    reject = fail
  })
  return { promise, resolve, reject }
}

if (process.argv[1] === fileURLToPath(import.meta.url)) serve()
