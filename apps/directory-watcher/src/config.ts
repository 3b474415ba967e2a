import { readFileSync } from 'node:fs'
import type { DirectoryConnection, DirectoryTree } from '@mcp-identity/active-directory'
import { readSecretFile, type SecretFileError } from '@mcp-identity/secret-file'
import { z } from 'zod'

export interface WatcherConfig {
  /** For `/healthz` and `/readyz`. */
  port: number
  host: string
  /** Holds what was told, so that nothing is lost while nobody watches. */
  dataDirectory: string
  directory: DirectoryConnection & DirectoryTree
  keycloak: { issuer: string; adminBaseUrl: string; clientId: string; clientSecret: string }
}

/** A setting is missing or wrong. The message names every one of them, one a line. */
export class ConfigError extends TypeError {
  override readonly name = 'ConfigError'
}

const file = z.string({ error: 'must be set' }).min(1)
const secret = file.transform(readSecret)
const dn = z.string({ error: 'must be set' }).regex(/^\s*\w+\s*=/, 'must be a distinguished name')
const address = z
  .string({ error: 'must be set' })
  .refine((text) => URL.canParse(text) && !text.endsWith('/'), 'must be an absolute address without a slash at its end')

const schema = z.object({
  WATCHER_PORT: z.coerce.number().int().min(0).max(65_535).default(8482),
  WATCHER_HOST: z.string().min(1).default('127.0.0.1'),
  WATCHER_DATA_DIR: z.string({ error: 'must be set' }).min(1),
  WATCHER_DEVELOPMENT: z.enum(['0', '1'], { error: 'must be 1 or 0' }).default('0'),
  AD_URL: z.string({ error: 'must be set' }).startsWith('ldaps://', 'must be an ldaps:// address'),
  AD_CA_FILE: file.transform(readText).optional(),
  AD_BIND_DN: z.string({ error: 'must be set' }).min(1),
  AD_PASSWORD_FILE: secret,
  AD_PEOPLE_DN: dn,
  AD_GROUPS_DN: dn,
  KEYCLOAK_ISSUER: address.refine((text) => /\/realms\/[^/]+$/.test(text), 'must end in /realms/ and a name'),
  KEYCLOAK_CLIENT_ID: z.string().min(1).default('corporate-idp-provisioner'),
  KEYCLOAK_CLIENT_SECRET_FILE: secret,
})

/**
 * Reads the settings from the environment; secrets come from files.
 *
 * @throws {ConfigError} with all problems at once.
 */
export function readConfig(environment: Readonly<Record<string, string | undefined>>): WatcherConfig {
  const read = schema.safeParse(environment)
  if (!read.success)
    throw new ConfigError(read.error.issues.map(({ path, message }) => `${path.join('.')}: ${message}`).join('\n'))
  const { data } = read
  const issuer = data.KEYCLOAK_ISSUER
  if (data.WATCHER_DEVELOPMENT !== '1' && !issuer.startsWith('https:'))
    throw new ConfigError('KEYCLOAK_ISSUER: must be https outside development')
  return {
    port: data.WATCHER_PORT,
    host: data.WATCHER_HOST,
    dataDirectory: data.WATCHER_DATA_DIR,
    directory: {
      url: data.AD_URL,
      ca: data.AD_CA_FILE,
      bindDn: data.AD_BIND_DN,
      password: data.AD_PASSWORD_FILE,
      peopleDn: data.AD_PEOPLE_DN,
      groupsDn: data.AD_GROUPS_DN,
    },
    keycloak: {
      issuer,
      adminBaseUrl: issuer.replace(/\/realms\/(?=[^/]+$)/, '/admin/realms/'),
      clientId: data.KEYCLOAK_CLIENT_ID,
      clientSecret: data.KEYCLOAK_CLIENT_SECRET_FILE,
    },
  }
}

function readSecret(path: string, context: z.RefinementCtx): string {
  try {
    return readSecretFile(path)
  } catch (error) {
    context.addIssue({ code: 'custom', message: (error as SecretFileError).message })
    return z.NEVER
  }
}

function readText(path: string, context: z.RefinementCtx): string {
  try {
    return readFileSync(path, 'utf8')
  } catch {
    context.addIssue({ code: 'custom', message: `must name a readable file, found ${path}` })
    return z.NEVER
  }
}
