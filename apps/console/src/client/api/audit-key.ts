import * as z from 'zod/mini'
import type { Settings } from '../settings.ts'

const storageKey = 'console.audit-key'
const keptSchema = z.object({ verifierKey: z.string(), since: z.string() })

/** The public key that the audit log has to be signed with. */
export interface TrustedAuditKey {
  /** `name+hash+key` (C2SP signed-note). */
  verifierKey: string
  /** When this browser saw it first; undefined when whoever runs the console named it. */
  since: Date | undefined
}

/**
 * The key that the console was told, else the one that this browser saw first: the log's own word for its key counts
 * once. A public key is no secret; it is kept so that a log that was replaced as a whole is noticed.
 *
 * @param offered What the MCP server says now.
 */
export function trustedAuditKey({ auditKey }: Settings, offered: string): TrustedAuditKey {
  if (auditKey !== undefined) return { verifierKey: auditKey, since: undefined }
  return readKept() ?? keepAuditKey(offered)
}

/** Trusts another key from now on. For a person who knows why it changed. */
export function keepAuditKey(verifierKey: string): TrustedAuditKey {
  const since = new Date()
  localStorage.setItem(storageKey, JSON.stringify({ verifierKey, since: since.toISOString() }))
  return { verifierKey, since }
}

function readKept(): TrustedAuditKey | undefined {
  try {
    const { verifierKey, since } = keptSchema.parse(JSON.parse(localStorage.getItem(storageKey) ?? 'null'))
    return { verifierKey, since: new Date(since) }
  } catch {
    return undefined
  }
}
