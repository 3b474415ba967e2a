import { readRedisUrl } from '@mcp-identity/shared-signals/redis'
import { z } from 'zod'
import { absoluteUrl } from './absolute-url.ts'
import { readSecret } from './read-secret.ts'
import { readText } from './read-text.ts'

/** Who tells this server that somebody lost access. */
export interface SignalsConfig {
  keycloakEvents: KeycloakEventsConfig[]
  /** Who may send signals to `/signals/…`. None: those paths are not served. */
  transmitters: TransmitterConfig[]
  /** Where replicas share signals. Undefined: this server is on its own. */
  redis: RedisConfig | undefined
}

export interface KeycloakEventsConfig {
  issuer: string
  clientId: string
  clientSecret: string
  adminBaseUrl?: string | undefined
  tokenEndpoint?: string | undefined
  intervalMs?: number | undefined
}

export interface TransmitterConfig {
  issuer: string
  jwksUri: string
  /** What it puts into `aud`. Default: the resource. */
  audience?: string | undefined
  /** Issuers of access tokens that it may speak about. Default: itself. */
  speaksFor?: string[] | undefined
  /** The realm and the alias under which it signs people in there, to find whom its subjects are. */
  broker?: { issuer: string; alias: string } | undefined
  /** Value of the `Authorization` header of its pushes. */
  authorizationHeader?: string | undefined
  /** The stream that this server sets up there; absent: the transmitter needs none, or it was set up by hand. */
  stream?: StreamConfig | undefined
}

export interface StreamConfig {
  /** This server as a client of the transmitter's authorization server, for scope `ssf.manage` and `ssf.read`. */
  tokenEndpoint: string
  clientId: string
  clientSecret: string
  delivery: 'push' | 'poll'
}

export interface RedisConfig {
  url: string
  username?: string | undefined
  password?: string | undefined
  /** PEM of the authority that signed the store's certificate. */
  ca?: string | undefined
  /** Names the replicas that belong together. */
  name?: string | undefined
}

/** `MCP_SIGNALS`. */
export const signalsSettings = z.strictObject({
  keycloakEvents: z
    .array(
      z.strictObject({
        issuer: absoluteUrl,
        clientId: z.string().min(1),
        clientSecretFile: z.string().min(1),
        adminBaseUrl: absoluteUrl.optional(),
        tokenEndpoint: absoluteUrl.optional(),
        intervalMs: z.number().int().min(50).max(5_000).optional(),
      }),
    )
    .default([]),
  transmitters: z
    .array(
      z.strictObject({
        issuer: absoluteUrl,
        jwksUri: absoluteUrl,
        audience: z.string().min(1).optional(),
        speaksFor: z.array(absoluteUrl).min(1).optional(),
        broker: z.strictObject({ issuer: absoluteUrl, alias: z.string().min(1) }).optional(),
        authorizationHeaderFile: z.string().min(1).optional(),
        stream: z
          .strictObject({
            tokenEndpoint: absoluteUrl,
            clientId: z.string().min(1),
            clientSecretFile: z.string().min(1),
            delivery: z.enum(['push', 'poll']).default('push'),
          })
          .optional(),
      }),
    )
    .default([]),
  redis: z
    .strictObject({
      url: z.string().min(1),
      username: z.string().min(1).optional(),
      passwordFile: z.string().min(1).optional(),
      caFile: z.string().min(1).optional(),
      name: z
        .string()
        .regex(/^[\w.-]{1,64}$/, 'must be up to 64 letters, digits, dots and hyphens')
        .optional(),
      dangerouslyAllowUnencrypted: z.boolean().optional(),
    })
    .optional(),
})

export type SignalsSettings = z.output<typeof signalsSettings>

/** What else decides whether the settings are right. */
export interface SignalsSurroundings {
  issuers: readonly { issuer: string }[]
  development: boolean
}

/**
 * Reads the secrets that the settings name, and finds what does not fit together.
 *
 * @param problems Gets what is wrong, each with its next step.
 */
export function readSignalsConfig(
  settings: SignalsSettings,
  { issuers, development }: SignalsSurroundings,
  problems: string[],
): SignalsConfig {
  return {
    keycloakEvents: readFeeds(settings, issuers, problems),
    transmitters: readTransmitters(settings, problems),
    redis: readRedis(settings, development, problems),
  }
}

/** Addresses that decide about tokens or get secrets, for the check that they are https. */
export function signalAddresses(settings: SignalsSettings | undefined): string[] {
  return (settings?.transmitters ?? []).flatMap(({ jwksUri, stream }) => [
    jwksUri,
    ...(stream === undefined ? [] : [stream.tokenEndpoint]),
  ])
}

function readFeeds(
  { keycloakEvents }: SignalsSettings,
  issuers: SignalsSurroundings['issuers'],
  problems: string[],
): KeycloakEventsConfig[] {
  return keycloakEvents.map(({ clientSecretFile, ...feed }) => {
    const known = issuers.some(({ issuer }) => issuer === feed.issuer)
    if (!known) problems.push(`MCP_SIGNALS: ${feed.issuer} feeds signals but is not in MCP_ISSUERS; add it there`)
    return { ...feed, clientSecret: readSecret('MCP_SIGNALS', clientSecretFile, problems) }
  })
}

function readTransmitters({ transmitters, keycloakEvents }: SignalsSettings, problems: string[]): TransmitterConfig[] {
  return transmitters.map(({ authorizationHeaderFile, stream, ...transmitter }) => {
    const { broker } = transmitter
    if (broker !== undefined && !keycloakEvents.some(({ issuer }) => issuer === broker.issuer)) {
      problems.push(`MCP_SIGNALS: ${broker.issuer} is asked for people but not in keycloakEvents; add it there`)
    }
    const authorizationHeader = authorizationHeaderFile && readSecret('MCP_SIGNALS', authorizationHeaderFile, problems)
    return { ...transmitter, authorizationHeader, stream: stream && readStream(stream, problems) }
  })
}

function readStream(
  { clientSecretFile, ...stream }: Omit<StreamConfig, 'clientSecret'> & { clientSecretFile: string },
  problems: string[],
): StreamConfig {
  return { ...stream, clientSecret: readSecret('MCP_SIGNALS', clientSecretFile, problems) }
}

const loopback = ['localhost', '127.0.0.1', '::1']

/** Between replicas go names of people and the news that decides about their tokens. */
function readRedis(
  { redis, keycloakEvents, transmitters }: SignalsSettings,
  development: boolean,
  problems: string[],
): RedisConfig | undefined {
  if (redis === undefined) return undefined
  const { passwordFile, caFile, dangerouslyAllowUnencrypted = development, ...rest } = redis
  try {
    const { hostname, isEncrypted } = readRedisUrl(rest.url)
    if (!isEncrypted && !dangerouslyAllowUnencrypted && !loopback.includes(hostname))
      problems.push(`MCP_SIGNALS: ${rest.url} is not encrypted; use rediss://, or "dangerouslyAllowUnencrypted": true`)
  } catch (error) {
    problems.push(`MCP_SIGNALS: redis: ${error instanceof Error ? error.message : String(error)}`)
  }
  if (keycloakEvents.length + transmitters.length === 0)
    problems.push('MCP_SIGNALS: redis shares signals, but nothing brings any; name keycloakEvents or transmitters')
  return {
    ...rest,
    password: passwordFile && readSecret('MCP_SIGNALS', passwordFile, problems),
    ca: caFile && readText('MCP_SIGNALS', caFile, "the authority's certificate", problems),
  }
}
