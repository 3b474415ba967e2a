import { type FSWatcher, watch } from 'node:fs'
import {
  buildSchema,
  companyModel,
  loadPolicies,
  type PolicyEngine,
  type PolicyModel,
  type PolicyReload,
  type ShadowDifference,
  withShadow,
} from '@mcp-identity/policy'
import { present } from './audit-events.ts'
import type { Config } from './config.ts'

export interface PoliciesParts {
  config: Pick<Config, 'policyDirectory' | 'shadowPolicyDirectory' | 'policyWatch'>
  /** What policies can speak of. Default: the demonstration's tools and records. */
  model?: PolicyModel | undefined
  /** Seconds since the epoch, for business hours. */
  clock: () => number
  onReload: (result: PolicyReload) => void
  /** A call that the candidate set would decide otherwise; the same one is told once until either set changes. */
  onDifference: (difference: ShadowDifference) => void
  /** The candidate failed where the live set decided, or the folder can no longer be watched. */
  onError: (cause: unknown) => void
}

/** The policies in force, a candidate set beside them where one is named, and how they are read again. */
export interface Policies {
  engine: PolicyEngine
  /** The candidate set by itself; undefined where none is named. */
  candidate: PolicyEngine | undefined
  /** Reads both sets again; a set that is wrong leaves the one before in force. */
  reload(): void
  /** Why the newest reload was refused; undefined when the files are what is in force. */
  readonly problem: string | undefined
  close(): void
}

const settleMs = 200
const mostDifferences = 1_000

/**
 * Loads the policies, and the candidate set.
 *
 * @throws {PolicySetError} Either is wrong: the server does not start.
 */
export function openPolicies(parts: PoliciesParts): Policies {
  const { config, clock, onReload, onDifference, onError } = parts
  const { policyDirectory, shadowPolicyDirectory, policyWatch } = config
  let problem: string | undefined
  const schema = buildSchema(parts.model ?? companyModel)
  const live = loadPolicies({ ...present({ directory: policyDirectory }), schema, clock, onReload: note })
  const candidate =
    shadowPolicyDirectory === undefined
      ? undefined
      : loadPolicies({ directory: shadowPolicyDirectory, schema, clock, onReload: note })
  const told = new Set<string>()
  const engine = candidate === undefined ? live : withShadow(live, candidate, tellOnce, onError)

  function note(result: PolicyReload): void {
    if (result.outcome === 'refused') problem ??= result.problem
    onReload(result)
  }

  function reload(): void {
    problem = undefined
    told.clear()
    live.reload()
    candidate?.reload()
  }

  function tellOnce(difference: ShadowDifference): void {
    const { call, live: decided, candidate: other } = difference
    const { issuer, subject } = call.caller
    const key = JSON.stringify([
      issuer,
      subject,
      call.tool,
      decided.outcome,
      decided.policies,
      other.outcome,
      other.policies,
    ])
    if (told.has(key)) return
    if (told.size >= mostDifferences) told.clear()
    told.add(key)
    onDifference(difference)
  }

  const folders = policyWatch ? [policyDirectory, shadowPolicyDirectory] : []
  const watchers = folders.flatMap((folder) => (folder === undefined ? [] : [watchFolder(folder, reload, onError)]))
  return {
    engine,
    candidate,
    reload,
    get problem() {
      return problem
    },
    close() {
      for (const stop of watchers) stop()
    },
  }
}

/** Several files change together, and an editor writes one in several steps: what settles is read once. */
function watchFolder(folder: string, changed: () => void, onError: (cause: unknown) => void): () => void {
  let timer: NodeJS.Timeout | undefined
  const watcher: FSWatcher = watch(folder, { recursive: true }, () => {
    clearTimeout(timer)
    timer = setTimeout(changed, settleMs)
  })
  watcher.on('error', onError)
  return () => {
    clearTimeout(timer)
    watcher.close()
  }
}
