import { z } from 'zod'

/** What the console is told at start. All of it is public: the page itself reads it from `/config.json`. */
export interface ConsoleConfig {
  /** Port to listen on, 0 to 65535; 0 takes a free one. */
  port: number
  /** Address to listen on. Default `127.0.0.1`: reachable from this machine only. */
  host: string
  /** Plain http is allowed and HSTS is not sent. */
  development: boolean
  settings: ConsoleSettings
}

/** What the page has to know, as `/config.json` says it. */
export interface ConsoleSettings {
  /** The realm at the authorization server, exactly as in `iss`. */
  issuer: string
  clientId: string
  /** The MCP endpoint: resource URI, and audience of the access tokens. */
  mcp: string
  /** Origins of the MCP server's replicas, each under an address of its own. None: there is one server. */
  replicas: string[]
  /** The corporate IdP, whose admin API the people page uses. */
  corporateIdp: string
  /** Public key of the audit log, `name+hash+key`. Absent: browsers keep the one that they see first. */
  auditKey?: string
  development: boolean
}

/** A setting is missing or wrong. The message names every one of them, one a line. */
export class ConfigError extends TypeError {
  override readonly name = 'ConfigError'
}

/**
 * Reads the settings from the environment: `CONSOLE_PORT`, `CONSOLE_HOST`, `CONSOLE_ISSUER`, `CONSOLE_CLIENT_ID`,
 * `CONSOLE_MCP_URL`, `CONSOLE_MCP_REPLICAS`, `CONSOLE_CORPORATE_IDP_URL`, `CONSOLE_AUDIT_KEY`, `CONSOLE_DEVELOPMENT`.
 *
 * @throws {ConfigError} with all problems at once.
 */
export function readConfig(environment: Readonly<Record<string, string | undefined>>): ConsoleConfig {
  const read = schema.safeParse(environment)
  if (!read.success) {
    throw new ConfigError(read.error.issues.map(({ path, message }) => `${path.join('.')}: ${message}`).join('\n'))
  }
  const { data } = read
  const development = data.CONSOLE_DEVELOPMENT === '1'
  const addresses = {
    CONSOLE_ISSUER: data.CONSOLE_ISSUER,
    CONSOLE_MCP_URL: data.CONSOLE_MCP_URL,
    CONSOLE_CORPORATE_IDP_URL: data.CONSOLE_CORPORATE_IDP_URL,
  }
  const replicas = data.CONSOLE_MCP_REPLICAS.map((replica): [string, string] => ['CONSOLE_MCP_REPLICAS', replica])
  const insecure = [...Object.entries(addresses), ...replicas].filter(
    ([, address]) => !development && !address.startsWith('https:'),
  )
  if (insecure.length > 0) {
    throw new ConfigError(insecure.map(([name]) => `${name}: must be https outside development`).join('\n'))
  }
  return {
    port: data.CONSOLE_PORT,
    host: data.CONSOLE_HOST,
    development,
    settings: {
      issuer: data.CONSOLE_ISSUER,
      clientId: data.CONSOLE_CLIENT_ID,
      mcp: data.CONSOLE_MCP_URL,
      replicas: data.CONSOLE_MCP_REPLICAS,
      corporateIdp: data.CONSOLE_CORPORATE_IDP_URL,
      ...(data.CONSOLE_AUDIT_KEY === undefined ? {} : { auditKey: data.CONSOLE_AUDIT_KEY }),
      development,
    },
  }
}

const address = z
  .string({ error: 'must be set' })
  .refine(isPlainAddress, { error: 'must be an http(s) address without query, fragment, or closing slash' })

const schema = z.object({
  CONSOLE_PORT: z.coerce.number().int().min(0).max(65_535).default(8480),
  CONSOLE_HOST: z.string().min(1).default('127.0.0.1'),
  CONSOLE_ISSUER: address.refine((value) => /\/realms\/[^/]+$/.test(value), {
    error: 'must end in /realms/ and the name of the realm',
  }),
  CONSOLE_CLIENT_ID: z.string().min(1).default('console'),
  CONSOLE_MCP_URL: address,
  CONSOLE_MCP_REPLICAS: z
    .string()
    .default('')
    .transform((text) => text.split(/[\s,]+/).filter((item) => item !== ''))
    .refine((replicas) => replicas.every(isOrigin), { error: 'must list origins such as https://mcp-2.company.com' }),
  CONSOLE_CORPORATE_IDP_URL: address,
  CONSOLE_AUDIT_KEY: z
    .string()
    .regex(/^[^\s+]+\+[0-9a-f]{8}\+[A-Za-z0-9+/=]+( [^\s+]+\+[0-9a-f]{8}\+[A-Za-z0-9+/=]+)*$/, {
      error: 'must be a key of the form name+hash+key, or several of them separated by a space',
    })
    .optional(),
  CONSOLE_DEVELOPMENT: z.enum(['0', '1'], { error: 'must be 1 or 0' }).default('0'),
})

function isOrigin(value: string): boolean {
  return isPlainAddress(value) && new URL(value).origin === value
}

/** An address that may stand in a Content-Security-Policy: nothing in it can open another directive. */
function isPlainAddress(value: string): boolean {
  if (!/^https?:\/\/[\w.:[\]-]+(\/[\w.~%/-]*)?$/.test(value) || value.endsWith('/')) return false
  return URL.canParse(value)
}
