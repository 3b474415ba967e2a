import * as z from 'zod/mini'

const keptSchema = z.object({ key: z.string(), since: z.string() })

/** What is signed by a key that has to stay the same: `audit` the audit log, of a replica each its own; `evidence` access reviews. */
export type SignedThing = 'audit' | `audit of ${string}` | 'evidence'

/** The public key that something has to be signed with. */
export interface TrustedKey {
  key: string
  /** When this browser saw it first; undefined when whoever runs the console named it. */
  since: Date | undefined
}

/**
 * The key that the console was told, else the one that this browser saw first: the MCP server's own word for its key
 * counts once. A public key is no secret; it is kept so that a log that was replaced as a whole is noticed.
 *
 * @param offered What the MCP server says now.
 * @param named What the console was told: the keys of all logs, separated by spaces. The one of the same name counts.
 */
export function trustedKey(thing: SignedThing, offered: string, named?: string): TrustedKey {
  if (named !== undefined) return { key: ofSameName(offered, named.split(' ')), since: undefined }
  return readKept(thing) ?? keepKey(thing, offered)
}

/** Trusts another key from now on. For a person who knows why it changed. */
export function keepKey(thing: SignedThing, key: string): TrustedKey {
  const since = new Date()
  localStorage.setItem(storageKey(thing), JSON.stringify({ key, since: since.toISOString() }))
  return { key, since }
}

function ofSameName(offered: string, keys: readonly string[]): string {
  const [name] = offered.split('+')
  return keys.find((key) => key.split('+')[0] === name) ?? keys[0] ?? ''
}

function readKept(thing: SignedThing): TrustedKey | undefined {
  try {
    const { key, since } = keptSchema.parse(JSON.parse(localStorage.getItem(storageKey(thing)) ?? 'null'))
    return { key, since: new Date(since) }
  } catch {
    return undefined
  }
}

const storageKey = (thing: SignedThing): string => `console.${thing}-key`
