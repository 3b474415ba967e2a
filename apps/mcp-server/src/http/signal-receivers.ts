import {
  type BrokeredSubjects,
  brokeredSubjects,
  createSignalReceivers,
  type FeedState,
  fromNodeRequest,
  type RefusedSignalError,
  type Signal,
  type SignalOrigin,
  sendToNode,
  type Transmitter,
} from '@mcp-identity/shared-signals'
import type { VerifiedAccessToken } from '@mcp-identity/token-verifier'
import type { Logger } from 'pino'
import { present } from '../audit-events.ts'
import type { Config } from '../config.ts'
import { eventStream } from '../event-stream.ts'
import { inTurns, type Turns } from '../in-turns.ts'
import type { Metrics } from '../metrics.ts'
import type { Signals } from '../signals.ts'
import type { TransmitterConfig } from '../signals-config.ts'
import { type RouteHandler, sendJson } from './answers.ts'

/**
 * A signal costs as much as a call: of very many that come at once only some begin before others have their turn. That
 * somebody's access has ended comes before others' speed, so none waits for long.
 */
const signalTurns: Turns = { most: 4, restTimes: 3, longestWaitMs: 15 }
const gatherLinesMs = 100

export interface SignalReceiversParts {
  config: Config
  signals: Pick<Signals, 'apply'>
  metrics: Metrics
  /** Told when a stream that is polled becomes stale or fresh. */
  onState: (state: FeedState) => void
  logger: Logger
}

export interface SignalReceivers {
  /** The routes below `/signals` by which others tell that access has ended. */
  readonly routes: Map<string, RouteHandler>
  /** Told of each verified token, so that signals about its person need not wait for Keycloak. */
  learn(token: VerifiedAccessToken): void
  /** How the streams that are polled are doing. */
  feeds(): FeedState[]
  /** Those of them, set up or not, that alone tell about an issuer of tokens; of one issuer, or of all. */
  feedsOf(issuer?: string): FeedState[]
  /** Ends the polls and the care for streams. */
  close(): Promise<void>
}

/** The receivers, for those who may send. */
export function signalReceivers({ config, signals, metrics, onState, logger }: SignalReceiversParts): SignalReceivers {
  const { origin } = new URL(config.resource)
  const brokers = config.transmitters.flatMap(({ broker }) =>
    broker === undefined ? [] : [openBroker(broker, config)],
  )
  const transmitters = config.transmitters.map((transmitter) => toTransmitter(transmitter, config, brokers))
  const logReceived = logInSum(logger)
  const onSignals = (received: readonly Signal[], from: SignalOrigin): unknown => {
    logReceived(received.length, from)
    return signals.apply(received)
  }
  const onRefused = (error: RefusedSignalError, receiver: string): void => {
    metrics.refusedSignals.inc({ receiver, code: error.code })
    logger.warn({ receiver, code: error.code, reason: error.message }, 'a signal was refused')
  }
  const streams = config.transmitters.flatMap(({ issuer, stream, speaksFor = [issuer] }) => {
    const transmitter = transmitters.find((each) => each.issuer === issuer)
    if (stream === undefined || transmitter === undefined) return []
    const address = `${origin}/signals/ssf`
    const isPolled = stream.delivery === 'poll'
    // Whose events are read from Keycloak is known about without the stream, only later.
    const tellsAloneAbout = isPolled ? speaksFor.filter((name) => !isReadFromKeycloak(name, config)) : []
    const stalenessBoundMs = tellsAloneAbout.length > 0 ? config.feedStalenessBoundMs : undefined
    const parts = { ...stream, transmitter, address, onSignals, onRefused, onState, stalenessBoundMs, logger }
    return [{ issuer, tellsAloneAbout, ...eventStream(parts) }]
  })
  const receivers = createSignalReceivers({
    baseUrl: `${origin}/signals`,
    transmitters,
    onSignals,
    onStreamEvent: (event) => {
      logger.info({ streamEvent: event }, 'a stream of signals')
      return streams.find(({ issuer }) => issuer === event.transmitter)?.onStreamEvent(event)
    },
    onRefused,
    onDeferred: (error, receiver) => logger.error({ err: error, receiver }, 'a signal has to come again'),
  })
  const myTurn = inTurns(signalTurns)
  const route: RouteHandler = async (request, response, url) => {
    await myTurn()
    const answer = await receivers.answer(fromNodeRequest(request, url.pathname))
    if (answer === undefined) return sendJson(response, 404, { error: 'not_found' })
    sendToNode(response, answer, request)
  }
  return {
    routes: new Map(receivers.paths.map((path) => [path, route])),
    learn({ issuer, subject }) {
      for (const broker of brokers) if (broker.issuer === issuer) broker.subjects.learn(subject)
    },
    feeds: () => streams.flatMap((stream) => stream.feed() ?? []),
    feedsOf: (about) =>
      streams
        .filter(({ tellsAloneAbout }) =>
          about === undefined ? tellsAloneAbout.length > 0 : tellsAloneAbout.includes(about),
        )
        .map(({ issuer, feed }) => feed() ?? notSetUp(issuer)),
    close: async () => void (await Promise.all(streams.map((stream) => stream.close()))),
  }
}

/** One line for those that come at about the same time, since each line is a write that calls wait for. */
function logInSum(logger: Logger): (signals: number, from: SignalOrigin) => void {
  const sums = new Map<string, SignalOrigin & { signals: number }>()
  function write(): void {
    for (const sum of sums.values()) logger.info(sum, 'signals received')
    sums.clear()
  }
  return (signals, from) => {
    if (sums.size === 0) setTimeout(write, gatherLinesMs)
    const origin = `${from.receiver} ${from.transmitter}`
    sums.set(origin, { ...from, signals: signals + (sums.get(origin)?.signals ?? 0) })
  }
}

function isReadFromKeycloak(issuer: string, { keycloakEvents }: Config): boolean {
  return keycloakEvents.some((feed) => feed.issuer === issuer)
}

function notSetUp(issuer: string): FeedState {
  return { feed: 'ssf_poll', issuer, lastSuccessAt: undefined, stale: true, error: 'the stream is not set up yet' }
}

interface Broker {
  issuer: string
  alias: string
  subjects: BrokeredSubjects
}

function openBroker({ issuer, alias }: NonNullable<TransmitterConfig['broker']>, config: Config): Broker {
  const realm = config.keycloakEvents.find((feed) => feed.issuer === issuer)
  if (realm === undefined) throw new TypeError(`${issuer} is asked for people but not in keycloakEvents`)
  return { issuer, alias, subjects: brokeredSubjects({ ...realm, identityProvider: alias }) }
}

function toTransmitter(
  { broker, audience, stream: _, ...transmitter }: TransmitterConfig,
  config: Config,
  brokers: readonly Broker[],
): Transmitter {
  const subjects = brokers.find(({ issuer, alias }) => issuer === broker?.issuer && alias === broker.alias)?.subjects
  return {
    ...transmitter,
    audience: audience ?? config.resource,
    ...present({ resolveSubject: subjects?.resolve, recallSubject: subjects?.recall }),
  }
}
