import {
  createClientCredentials,
  createStreamClient,
  eventTypes,
  type FeedState,
  maintainStream,
  type PolledStream,
  pollSecurityEvents,
  type RefusedSignalError,
  type Signal,
  type SignalOrigin,
  type StreamEvent,
  type Transmitter,
} from '@mcp-identity/shared-signals'
import type { Logger } from 'pino'
import type { StreamConfig } from './signals-config.ts'

export interface EventStreamOptions extends StreamConfig {
  transmitter: Transmitter
  /** Where this server takes pushes. */
  address: string
  onSignals: (signals: readonly Signal[], origin: SignalOrigin) => void
  onRefused: (error: RefusedSignalError, receiver: string) => void
  onState: (state: FeedState) => void
  /**
   * Given where nobody else tells about an issuer of tokens: a stream that is polled counts as stale after so long, in
   * milliseconds, and is asked often enough to know. Undefined: each poll waits for news, and may hang for a minute.
   */
  stalenessBoundMs: number | undefined
  logger: Logger
}

export interface EventStream {
  /** To be told of what comes by the stream about the stream; false refuses it. */
  onStreamEvent(event: StreamEvent): boolean
  /** How the polls are doing; undefined for a stream that is pushed, or is not set up yet. */
  feed(): FeedState | undefined
  close(): Promise<void>
}

/** What is asked for: the events that end or narrow somebody's access. */
const eventsRequested = [
  eventTypes.accountDisabled,
  eventTypes.accountPurged,
  eventTypes.assuranceLevelChange,
  eventTypes.credentialChange,
  eventTypes.credentialCompromise,
  eventTypes.deviceComplianceChange,
  eventTypes.sessionRevoked,
  eventTypes.sessionsRevoked,
  eventTypes.tokenClaimsChange,
]

/**
 * Each answer has to be waited for, and ten thousand people may leave at once. What one of a thousand holds is kept for so long
 * that V8 takes it for old.
 */
const mostSetsAtOnce = 250

/** From the end of one short poll to the next. */
const shortPollMs = 500

/** Sets up this server's stream of security events at a transmitter and keeps it up; polls it where it is not pushed. */
export function eventStream(options: EventStreamOptions): EventStream {
  const { transmitter, address, onSignals, onRefused, onState, stalenessBoundMs, logger } = options
  const { issuer } = transmitter
  const credentials = createClientCredentials({ ...options, scope: 'ssf.manage ssf.read' })
  const authorization = async () => `Bearer ${await credentials.accessToken()}`
  const audience = [transmitter.audience].flat()[0]
  let polled: PolledStream | undefined
  let lastProblem = ''

  const stream = maintainStream({
    client: createStreamClient({ issuer, audience, authorization }),
    wanted: {
      description: 'MCP server',
      events_requested: eventsRequested,
      delivery:
        options.delivery === 'push'
          ? {
              method: 'urn:ietf:rfc:8935',
              endpoint_url: address,
              ...(transmitter.authorizationHeader === undefined
                ? {}
                : { authorization_header: transmitter.authorizationHeader }),
            }
          : { method: 'urn:ietf:rfc:8936' },
    },
    onStream: ({ delivery: { method, endpoint_url: endpointUrl = '' }, stream_id: streamId }) => {
      lastProblem = ''
      logger.info({ issuer, streamId, method }, 'a stream of signals is set up')
      if (method === 'urn:ietf:rfc:8936') polled ??= poll(endpointUrl)
    },
    onProblem: ({ message }) => {
      // A token that is no longer good is one of the reasons that pass by themselves.
      credentials.forget()
      if (message !== lastProblem) logger.warn({ issuer, problem: message }, 'a stream of signals is not set up')
      lastProblem = message
    },
  })

  function poll(endpointUrl: string): PolledStream {
    return pollSecurityEvents({
      transmitter,
      endpointUrl,
      authorization,
      onSignals,
      onStreamEvent: stream.onStreamEvent,
      onRefused: (error) => onRefused(error, 'ssf_poll'),
      maxEvents: mostSetsAtOnce,
      onState,
      ...(stalenessBoundMs === undefined
        ? {}
        : {
            polling: 'short',
            intervalMs: shortPollMs,
            // After one that was not answered there is time for another.
            requestTimeoutMs: Math.max(1_000, Math.floor((stalenessBoundMs - shortPollMs) / 2)),
            stalenessBoundMs,
          }),
    })
  }

  return {
    onStreamEvent: stream.onStreamEvent,
    feed: () => polled?.state(),
    async close() {
      await stream.stop()
      await polled?.stop()
    },
  }
}
