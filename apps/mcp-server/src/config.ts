import { readFileSync } from 'node:fs'
import { createSecureContext } from 'node:tls'
import { readRedisUrl } from '@mcp-identity/shared-signals/redis'
import { z } from 'zod'
import { type AuditConfig, auditAddresses, auditSettings, readAuditConfig } from './audit-config.ts'
import { type IssuerConfig, isProviderName, issuerProfile, providerNames, scopeNaming } from './issuers.ts'
import { postgresUrl } from './postgres-url.ts'
import { readSecret } from './read-secret.ts'
import type { TracingConfig } from './tracing/tracing.ts'

/** What the environment told, checked and complete. */
export interface Config {
  port: number
  /** Address to listen on. */
  host: string
  /** PEM of the server's certificate chain and its key. Undefined: plain http, behind a proxy that ends TLS. */
  tls: TlsConfig | undefined
  /** The canonical resource URI of `/mcp`. */
  resource: string
  issuers: IssuerConfig[]
  dataDirectory: string
  /** Folder of the policies. Undefined: the demonstration's. */
  policyDirectory: string | undefined
  /** Folder of a candidate set that decides every call beside the live one, without effect. Undefined: none. */
  shadowPolicyDirectory: string | undefined
  /** Read the folders of policies again when a file in them changes. */
  policyWatch: boolean
  audit: AuditConfig
  /** PostgreSQL for approvals, emergencies and access reviews, with its password. Undefined: files in the data folder. */
  sharedStore: string | undefined
  keycloakEvents: KeycloakEventsConfig[]
  /** Who may send signals to `/signals/…`. None: those paths are not served. */
  transmitters: TransmitterConfig[]
  /** Where replicas share signals. Undefined: this server is on its own. */
  redis: RedisConfig | undefined
  /** Known passwords, http and a movable clock are allowed; announced at start. */
  development: boolean
  allowedOrigins: string[]
  /** Values of `Host` beside that of the resource, such as a replica's own: `mcp-2.company.com:8443`. */
  allowedHosts: string[]
  /** File that holds the instant for policies, or nothing for the real time. Development only. */
  developmentClockFile: string | undefined
  /** Make the customer database anew at start. Development only. */
  developmentReseed: boolean
  /** Serve the fixture of the MCP conformance suite. */
  conformance: boolean
  /** Longest life of an access token that is accepted, in seconds. */
  maxTokenLifetimeSeconds: number
  /** A feed of signals that knows nothing newer than this is stale, in milliseconds. */
  feedStalenessBoundMs: number
  /** How long a server that was told to stop says so in `/readyz` and goes on answering, in milliseconds. */
  drainMs: number
  /** Calls of one caller to one tool in a minute. */
  callsPerMinute: number
  logLevel: string
  /** Undefined: no spans are made. */
  tracing: TracingConfig | undefined
}

export interface TlsConfig {
  certificate: string
  key: string
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

/** The settings are wrong; `problems` holds all of them, each with its next step. */
export class ConfigError extends Error {
  readonly problems: readonly string[]
  constructor(problems: readonly string[]) {
    super(`the configuration has ${problems.length} ${problems.length === 1 ? 'problem' : 'problems'}`)
    this.name = 'ConfigError'
    this.problems = problems
  }
}

const flag = z
  .enum(['0', '1'])
  .default('0')
  .transform((value) => value === '1')
const list = z
  .string()
  .default('')
  .transform((text) => text.split(/[\s,]+/).filter((item) => item !== ''))
const wholeNumber = (least: number, most: number) => z.coerce.number().int().min(least).max(most)
const absoluteUrl = z.url({ protocol: /^https?$/, error: 'must be an absolute http(s) URL' })

const issuerConfig = z.looseObject({
  provider: z.string().refine(isProviderName, { error: `must be one of ${providerNames.join(', ')}` }),
  issuer: z.string().min(1),
  audience: z.union([z.string().min(1), z.array(z.string().min(1)).min(1)]).optional(),
  jwksUri: absoluteUrl.optional(),
})

const signalsConfig = z.strictObject({
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

const environmentSchema = z.object({
  MCP_PORT: wholeNumber(0, 65_535).default(8481),
  MCP_HOST: z.string().min(1).default('127.0.0.1'),
  MCP_TLS_CERTIFICATE_FILE: z.string().min(1).optional(),
  MCP_TLS_KEY_FILE: z.string().min(1).optional(),
  MCP_RESOURCE: absoluteUrl,
  MCP_ISSUERS: json(z.array(issuerConfig).min(1, 'must name at least one issuer')),
  MCP_DATA_DIR: z.string({ error: 'must name a folder for the databases' }).min(1),
  MCP_AUDIT: json(auditSettings).optional(),
  MCP_SHARED_STORE: json(
    z.strictObject({ store: z.string().min(1), passwordFile: z.string().min(1).optional() }),
  ).optional(),
  MCP_POLICY_DIR: z.string().optional(),
  MCP_SHADOW_POLICY_DIR: z.string().optional(),
  MCP_POLICY_WATCH: flag,
  MCP_SIGNALS: json(signalsConfig).optional(),
  MCP_DEVELOPMENT: flag,
  MCP_ALLOWED_ORIGINS: list,
  MCP_ALLOWED_HOSTS: list.refine((hosts) => hosts.every((host) => /^[\w.:[\]-]+$/.test(host)), {
    error: 'must list hosts such as mcp-2.company.com:8443, without scheme',
  }),
  MCP_DEVELOPMENT_CLOCK_FILE: z.string().optional(),
  MCP_DEVELOPMENT_RESEED: flag,
  MCP_CONFORMANCE: flag,
  MCP_MAX_TOKEN_LIFETIME_SECONDS: wholeNumber(60, 86_400).default(86_400),
  MCP_FEED_STALENESS_BOUND_MS: wholeNumber(500, 60_000).default(5_000),
  MCP_DRAIN_MS: wholeNumber(0, 60_000).default(0),
  MCP_CALLS_PER_MINUTE: wholeNumber(1, 10_000_000).default(30_000),
  MCP_LOG_LEVEL: z.enum(['trace', 'debug', 'info', 'warn', 'error', 'silent']).default('info'),
  OTEL_EXPORTER_OTLP_ENDPOINT: absoluteUrl.optional(),
  OTEL_SERVICE_NAME: z.string().min(1).default('mcp-server'),
  OTEL_TRACES_SAMPLER_ARG: z.coerce.number().min(0).max(1).default(1),
})

type ParsedEnvironment = z.output<typeof environmentSchema>

/**
 * Reads the environment once.
 *
 * @throws {ConfigError} With every problem at once, not only the first.
 */
export function readConfig(environment: NodeJS.ProcessEnv): Config {
  const given = Object.fromEntries(Object.entries(environment).filter(([, value]) => value !== ''))
  const parsed = environmentSchema.safeParse(given)
  if (!parsed.success) throw new ConfigError(parsed.error.issues.map(describeIssue))
  const problems = [
    ...developmentProblems(parsed.data),
    ...productionProblems(parsed.data),
    ...issuerProblems(parsed.data),
  ]
  const { MCP_AUDIT, MCP_DATA_DIR, MCP_SHARED_STORE } = parsed.data
  const audit = readAuditConfig(MCP_AUDIT ?? auditSettings.parse({}), MCP_DATA_DIR, problems)
  const sharedStore = MCP_SHARED_STORE && postgresUrl('MCP_SHARED_STORE', MCP_SHARED_STORE, problems)
  const keycloakEvents = readFeeds(parsed.data, problems)
  const transmitters = readTransmitters(parsed.data, problems)
  const redis = readRedis(parsed.data, problems)
  const tls = readTls(parsed.data, problems)
  if (problems.length > 0) throw new ConfigError(problems)
  return { ...toConfig(parsed.data), tls, audit, sharedStore, keycloakEvents, transmitters, redis }
}

function toConfig(
  environment: ParsedEnvironment,
): Omit<Config, 'tls' | 'audit' | 'sharedStore' | 'keycloakEvents' | 'transmitters' | 'redis'> {
  return {
    port: environment.MCP_PORT,
    host: environment.MCP_HOST,
    resource: environment.MCP_RESOURCE,
    issuers: environment.MCP_ISSUERS,
    dataDirectory: environment.MCP_DATA_DIR,
    policyDirectory: environment.MCP_POLICY_DIR,
    shadowPolicyDirectory: environment.MCP_SHADOW_POLICY_DIR,
    policyWatch: environment.MCP_POLICY_WATCH,
    development: environment.MCP_DEVELOPMENT,
    allowedOrigins: environment.MCP_ALLOWED_ORIGINS,
    allowedHosts: environment.MCP_ALLOWED_HOSTS,
    developmentClockFile: environment.MCP_DEVELOPMENT_CLOCK_FILE,
    developmentReseed: environment.MCP_DEVELOPMENT_RESEED,
    conformance: environment.MCP_CONFORMANCE,
    maxTokenLifetimeSeconds: environment.MCP_MAX_TOKEN_LIFETIME_SECONDS,
    feedStalenessBoundMs: environment.MCP_FEED_STALENESS_BOUND_MS,
    drainMs: environment.MCP_DRAIN_MS,
    callsPerMinute: environment.MCP_CALLS_PER_MINUTE,
    logLevel: environment.MCP_LOG_LEVEL,
    tracing: toTracing(environment),
  }
}

/** The names that every program with OpenTelemetry has. */
function toTracing(environment: ParsedEnvironment): TracingConfig | undefined {
  const { OTEL_EXPORTER_OTLP_ENDPOINT: endpoint, OTEL_SERVICE_NAME: serviceName } = environment
  return endpoint === undefined
    ? undefined
    : { endpoint, serviceName, sampledShare: environment.OTEL_TRACES_SAMPLER_ARG }
}

/** Both or none; a pair that does not fit together is found here and not by the first caller. */
function readTls(environment: ParsedEnvironment, problems: string[]): TlsConfig | undefined {
  const { MCP_TLS_CERTIFICATE_FILE: certificateFile, MCP_TLS_KEY_FILE: keyFile } = environment
  if (certificateFile === undefined && keyFile === undefined) return undefined
  if (certificateFile === undefined || keyFile === undefined) {
    problems.push('MCP_TLS_CERTIFICATE_FILE and MCP_TLS_KEY_FILE belong together; set both, or none')
    return undefined
  }
  const certificate = readText(certificateFile, problems, "the server's certificate", 'MCP_TLS_CERTIFICATE_FILE')
  const key = readText(keyFile, problems, "the certificate's key", 'MCP_TLS_KEY_FILE')
  if (certificate === undefined || key === undefined) return undefined
  try {
    createSecureContext({ cert: certificate, key })
    return { certificate, key }
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error)
    problems.push(`MCP_TLS_CERTIFICATE_FILE: ${certificateFile} and ${keyFile} are no pair in PEM (${reason})`)
    return undefined
  }
}

function readFeeds(environment: ParsedEnvironment, problems: string[]): KeycloakEventsConfig[] {
  return (environment.MCP_SIGNALS?.keycloakEvents ?? []).map(({ clientSecretFile, ...feed }) => {
    const known = environment.MCP_ISSUERS.some(({ issuer }) => issuer === feed.issuer)
    if (!known) problems.push(`MCP_SIGNALS: ${feed.issuer} feeds signals but is not in MCP_ISSUERS; add it there`)
    return { ...feed, clientSecret: readSecret('MCP_SIGNALS', clientSecretFile, problems) }
  })
}

function readTransmitters(environment: ParsedEnvironment, problems: string[]): TransmitterConfig[] {
  const feeds = environment.MCP_SIGNALS?.keycloakEvents ?? []
  return (environment.MCP_SIGNALS?.transmitters ?? []).map(({ authorizationHeaderFile, stream, ...transmitter }) => {
    const { broker } = transmitter
    if (broker !== undefined && !feeds.some(({ issuer }) => issuer === broker.issuer)) {
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

/** Between replicas go names of people and the news that decides about their tokens. */
function readRedis(environment: ParsedEnvironment, problems: string[]): RedisConfig | undefined {
  const { redis, keycloakEvents = [], transmitters = [] } = environment.MCP_SIGNALS ?? {}
  if (redis === undefined) return undefined
  const { passwordFile, caFile, dangerouslyAllowUnencrypted = environment.MCP_DEVELOPMENT, ...rest } = redis
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
    ca: caFile && readText(caFile, problems, "the authority's certificate"),
  }
}

const loopback = ['localhost', '127.0.0.1', '::1']

function readText(file: string, problems: string[], what: string, setting = 'MCP_SIGNALS'): string | undefined {
  try {
    return readFileSync(file, 'utf8').trim()
  } catch (cause) {
    problems.push(`${setting}: ${file} cannot be read (${(cause as NodeJS.ErrnoException).code}); put ${what} there`)
    return undefined
  }
}

/** What is allowed on one's own machine only. */
function productionProblems(environment: ParsedEnvironment): string[] {
  if (environment.MCP_DEVELOPMENT) return []
  const next = 'use https, or MCP_DEVELOPMENT=1 on your own machine'
  const addresses = [
    ['MCP_RESOURCE', environment.MCP_RESOURCE],
    ...environment.MCP_ISSUERS.flatMap(({ provider, issuer, jwksUri = '' }) => [
      // The issuer of AD FS is a name that begins with http, not an address that is asked.
      ['MCP_ISSUERS', provider === 'adfs' ? '' : issuer],
      ['MCP_ISSUERS', jwksUri],
    ]),
    ...(environment.MCP_SIGNALS?.transmitters ?? []).flatMap(({ jwksUri, stream }) => [
      ['MCP_SIGNALS', jwksUri],
      ['MCP_SIGNALS', stream?.tokenEndpoint ?? ''],
    ]),
    ...auditAddresses(environment.MCP_AUDIT).map((url) => ['MCP_AUDIT', url]),
    ...environment.MCP_ALLOWED_ORIGINS.map((origin) => ['MCP_ALLOWED_ORIGINS', origin]),
  ]
  const insecure = addresses.filter(([, address]) => address?.startsWith('http://'))
  return insecure.map(([name, address]) => `${name}: ${address} is not https; ${next}`)
}

/** What the presets of the verifier say about their settings. */
function issuerProblems(environment: ParsedEnvironment): string[] {
  const problemOf = (check: () => unknown, where: string): string[] => {
    try {
      check()
      return []
    } catch (error) {
      return [`MCP_ISSUERS: ${where}${error instanceof Error ? error.message : String(error)}`]
    }
  }
  return [
    ...environment.MCP_ISSUERS.flatMap((issuer) =>
      problemOf(() => issuerProfile(issuer, true), `${issuer.provider}: `),
    ),
    ...problemOf(() => scopeNaming(environment.MCP_ISSUERS), ''),
  ]
}

function developmentProblems(environment: ParsedEnvironment): string[] {
  if (environment.MCP_DEVELOPMENT) return []
  const next = 'leave it out, or set MCP_DEVELOPMENT=1'
  return [
    environment.MCP_DEVELOPMENT_CLOCK_FILE === undefined
      ? ''
      : `MCP_DEVELOPMENT_CLOCK_FILE is for development; ${next}`,
    environment.MCP_DEVELOPMENT_RESEED ? `MCP_DEVELOPMENT_RESEED is for development; ${next}` : '',
    environment.MCP_CONFORMANCE ? `MCP_CONFORMANCE is for tests; ${next}` : '',
  ].filter((problem) => problem !== '')
}

function describeIssue(issue: z.core.$ZodIssue): string {
  const [name, ...rest] = issue.path
  const where = rest.length === 0 ? '' : ` at ${rest.join('.')}`
  const missing = issue.code === 'invalid_type' && issue.message.includes('undefined')
  return missing && rest.length === 0
    ? `${String(name)} is not set; see the README for an example`
    : `${String(name)}${where}: ${issue.message}`
}

function json<Schema extends z.ZodType>(schema: Schema) {
  return z
    .string()
    .transform((text, context) => {
      try {
        return JSON.parse(text) as unknown
      } catch {
        context.addIssue({ code: 'custom', message: 'must be JSON' })
        return z.NEVER
      }
    })
    .pipe(schema)
}
