import { resolve } from 'node:path'
import { z } from 'zod'
import { absoluteUrl } from './absolute-url.ts'
import { type AuditConfig, auditAddresses, auditSettings, readAuditConfig } from './audit-config.ts'
import { type IssuerConfig, isProviderName, issuerProfile, providerNames, scopeNaming } from './issuers.ts'
import { postgresUrl } from './postgres-url.ts'
import { type ReplicaConfig, readReplicaConfig, replicaSettings } from './replicas/replica-config.ts'
import { readSignalsConfig, type SignalsConfig, signalAddresses, signalsSettings } from './signals-config.ts'
import { readTlsConfig, type TlsConfig } from './tls-config.ts'
import type { TracingConfig } from './tracing/tracing.ts'

/** What the environment told, checked and complete. */
export interface Config extends SignalsConfig {
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
  /** This server among others that share that store. Undefined: it is on its own. */
  replica: ReplicaConfig | undefined
  /** Ed25519 key, PKCS #8 in PEM, that signs evidence of access reviews; made when the file is not there. */
  evidenceKeyFile: string
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

const issuerConfig = z.looseObject({
  provider: z.string().refine(isProviderName, { error: `must be one of ${providerNames.join(', ')}` }),
  issuer: z.string().min(1),
  audience: z.union([z.string().min(1), z.array(z.string().min(1)).min(1)]).optional(),
  jwksUri: absoluteUrl.optional(),
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
  MCP_REPLICA: json(replicaSettings).optional(),
  MCP_EVIDENCE_KEY_FILE: z.string().min(1).default('evidence-signing-key.pem'),
  MCP_POLICY_DIR: z.string().optional(),
  MCP_SHADOW_POLICY_DIR: z.string().optional(),
  MCP_POLICY_WATCH: flag,
  MCP_SIGNALS: json(signalsSettings).optional(),
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
  const { MCP_AUDIT, MCP_DATA_DIR, MCP_SHARED_STORE, MCP_SIGNALS, MCP_ISSUERS, MCP_DEVELOPMENT } = parsed.data
  const audit = readAuditConfig(MCP_AUDIT ?? auditSettings.parse({}), MCP_DATA_DIR, problems)
  const sharedStore = MCP_SHARED_STORE && postgresUrl('MCP_SHARED_STORE', MCP_SHARED_STORE, problems)
  const replica = readReplicaConfig(parsed.data.MCP_REPLICA, sharedStore, problems)
  const surroundings = { issuers: MCP_ISSUERS, development: MCP_DEVELOPMENT }
  const signals = readSignalsConfig(MCP_SIGNALS ?? signalsSettings.parse({}), surroundings, problems)
  const tls = readTlsConfig(parsed.data, problems)
  if (problems.length > 0) throw new ConfigError(problems)
  return { ...toConfig(parsed.data), ...signals, tls, audit, sharedStore, replica }
}

function toConfig(
  environment: ParsedEnvironment,
): Omit<Config, keyof SignalsConfig | 'tls' | 'audit' | 'sharedStore' | 'replica'> {
  return {
    port: environment.MCP_PORT,
    host: environment.MCP_HOST,
    resource: environment.MCP_RESOURCE,
    issuers: environment.MCP_ISSUERS,
    dataDirectory: environment.MCP_DATA_DIR,
    evidenceKeyFile: resolve(environment.MCP_DATA_DIR, environment.MCP_EVIDENCE_KEY_FILE),
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
    ...signalAddresses(environment.MCP_SIGNALS).map((url) => ['MCP_SIGNALS', url]),
    ...auditAddresses(environment.MCP_AUDIT).map((url) => ['MCP_AUDIT', url]),
    ['MCP_REPLICA', environment.MCP_REPLICA?.address ?? ''],
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
