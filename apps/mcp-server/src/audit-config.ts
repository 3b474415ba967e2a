import { join, resolve } from 'node:path'
import { type ExportFormat, exportFormats } from '@mcp-identity/audit-log'
import { z } from 'zod'
import { absoluteUrl } from './absolute-url.ts'
import { isPostgresUrl, postgresUrl } from './postgres-url.ts'
import { readSecret } from './read-secret.ts'

/** Where the audit log is, who signs it, whose personal data it encrypts, and to whom it is delivered. */
export interface AuditConfig {
  /** A file, or `postgres://…` with its password. Never to be logged. */
  path: string
  tileFolder: string
  signingKeyFile: string
  /** Name of the log in its checkpoints. Undefined: the library's default. */
  origin: string | undefined
  /** Undefined: personal data is stored as it is. */
  personalData: { keyFile: string; keepMonths: number | undefined } | undefined
  deliveries: DeliveryConfig[]
}

export interface DeliveryConfig {
  name: string
  target: { url: string } | { file: string }
  format: ExportFormat
  authorizationHeader: string | undefined
  /** Hand personal data over in the clear; erasing a person does not reach the receiver. */
  withPersonalData: boolean
}

const formats = Object.keys(exportFormats) as [ExportFormat, ...ExportFormat[]]
const delivery = z
  .strictObject({
    name: z.string().regex(/^[a-z0-9-]{1,40}$/, 'must be lower-case letters, digits and dashes'),
    url: absoluteUrl.optional(),
    file: z.string().min(1).optional(),
    format: z.enum(formats),
    authorizationHeaderFile: z.string().min(1).optional(),
    withPersonalData: z.boolean().default(false),
  })
  .refine(({ url, file }) => (url === undefined) !== (file === undefined), { error: 'must have either url or file' })

/** `MCP_AUDIT`. */
export const auditSettings = z.strictObject({
  store: z.string().min(1).default('audit.db'),
  passwordFile: z.string().min(1).optional(),
  signingKeyFile: z.string().min(1).default('audit-signing-key.pem'),
  tileFolder: z.string().min(1).optional(),
  origin: z
    .string()
    .regex(/^[^\s+]+$/, 'must have no spaces and no plus sign')
    .optional(),
  personalData: z
    .union([
      z.literal('plain'),
      z.strictObject({
        keyFile: z.string().min(1).default('audit-personal-data.db'),
        keepMonths: z.number().int().min(1).max(1_200).optional(),
      }),
    ])
    .default({ keyFile: 'audit-personal-data.db' }),
  deliveries: z
    .array(delivery)
    .refine((all) => new Set(all.map(({ name }) => name)).size === all.length, { error: 'must have different names' })
    .default([]),
})

export type AuditSettings = z.output<typeof auditSettings>

/** What the log of a data folder is like when nothing is set. */
export function defaultAuditConfig(dataDirectory: string): AuditConfig {
  return readAuditConfig(auditSettings.parse({}), dataDirectory, [])
}

/**
 * Turns settings into what the server opens; files are relative to the data folder.
 *
 * @param problems Gets what is wrong, each with its next step.
 */
export function readAuditConfig(settings: AuditSettings, dataDirectory: string, problems: string[]): AuditConfig {
  const { store, passwordFile, signingKeyFile, tileFolder, origin, personalData, deliveries } = settings
  const inData = (file: string): string => resolve(dataDirectory, file)
  const isPostgres = isPostgresUrl(store)
  const path = isPostgres ? postgresUrl('MCP_AUDIT', { store, passwordFile }, problems) : inData(store)
  if (!isPostgres && passwordFile !== undefined)
    problems.push('MCP_AUDIT: passwordFile is for a log in PostgreSQL; leave it out')
  return {
    path,
    tileFolder: tileFolder ? inData(tileFolder) : isPostgres ? join(dataDirectory, 'audit.tiles') : `${path}.tiles`,
    signingKeyFile: inData(signingKeyFile),
    origin,
    personalData:
      personalData === 'plain'
        ? undefined
        : { keyFile: inData(personalData.keyFile), keepMonths: personalData.keepMonths },
    deliveries: deliveries.map(({ name, url, file, format, authorizationHeaderFile, withPersonalData }) => ({
      name,
      target: url === undefined ? { file: inData(file ?? '') } : { url },
      format,
      authorizationHeader:
        authorizationHeaderFile && readSecret('MCP_AUDIT', inData(authorizationHeaderFile), problems),
      withPersonalData,
    })),
  }
}

/** Addresses that secrets and personal data are sent to, for the check that they are https. */
export function auditAddresses(settings: AuditSettings | undefined): string[] {
  return (settings?.deliveries ?? []).flatMap(({ url }) => (url === undefined ? [] : [url]))
}
