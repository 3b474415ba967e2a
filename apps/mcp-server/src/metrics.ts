import { Counter, Gauge, Histogram, Registry } from 'prom-client'
import type { LogState } from './unread-logs.ts'

export interface Metrics {
  readonly registry: Registry
  readonly toolCalls: Counter<'tool' | 'outcome'>
  readonly toolSeconds: Histogram<'tool'>
  readonly refusals: Counter<'reason'>
  readonly signals: Counter<'kind' | 'cause'>
  readonly policyReloads: Counter<'outcome'>
  readonly shadowDifferences: Counter<'tool' | 'live' | 'candidate'>
  readonly cutOffDelay: Histogram<'cause'>
  readonly refusedSignals: Counter<'receiver' | 'code'>
}

export interface MetricSources {
  cutOffs: () => { size: number; bytes: number }
  /** Seconds since what each feed knows. */
  feeds: () => { feed: string; issuer: string; ageSeconds: number }[]
  openCalls: () => number
  auditWritable: () => boolean
  /** The newest policy files were refused. */
  policiesStale: () => boolean
  /** How many audit records each receiver still has to get, and how many it refused for good. */
  auditDeliveries: () => { name: string; behind: number; refused: number }[]
  /** Whether the logs of other replicas can be read. */
  otherLogs: () => readonly LogState[]
}

/** The server's own figures, for Prometheus. No label holds anything about a person. */
export function createMetrics(sources: MetricSources): Metrics {
  const registry = new Registry()
  const registers = [registry]
  const gauge = (name: string, help: string, read: () => number): void => {
    new Gauge({
      name,
      help,
      registers,
      collect() {
        this.set(read())
      },
    })
  }
  gauge('mcp_cut_offs', 'Cut-offs held', () => sources.cutOffs().size)
  gauge('mcp_cut_off_bytes', 'Memory of the cut-off table', () => sources.cutOffs().bytes)
  gauge('mcp_open_calls', 'Calls and streams under way', sources.openCalls)
  gauge('mcp_audit_writable', '1 when the last audit record could be written', () => (sources.auditWritable() ? 1 : 0))
  gauge('mcp_policies_stale', '1 when the newest policy files were refused', () => (sources.policiesStale() ? 1 : 0))
  gauge('process_resident_memory_bytes', 'Resident memory', () => process.memoryUsage.rss())
  new Gauge({
    name: 'mcp_signal_feed_age_seconds',
    help: 'Time since everything was known that a feed tells',
    labelNames: ['feed', 'issuer'],
    registers,
    collect() {
      for (const { ageSeconds, ...labels } of sources.feeds()) this.set(labels, ageSeconds)
    },
  })
  new Gauge({
    name: 'mcp_audit_delivery_behind',
    help: 'Audit records that a receiver has not got yet',
    labelNames: ['delivery'],
    registers,
    collect() {
      for (const { name, behind } of sources.auditDeliveries()) this.set({ delivery: name }, behind)
    },
  })
  new Gauge({
    name: 'mcp_audit_delivery_refused',
    help: 'Audit records that a receiver refused for good since the server started',
    labelNames: ['delivery'],
    registers,
    collect() {
      for (const { name, refused } of sources.auditDeliveries()) this.set({ delivery: name }, refused)
    },
  })
  new Gauge({
    name: 'mcp_audit_log_unread',
    help: '1 when the audit log of another replica could not be read from here',
    labelNames: ['log'],
    registers,
    collect() {
      this.reset()
      for (const { log, isUnread } of sources.otherLogs()) this.set({ log: log ?? 'not known' }, isUnread ? 1 : 0)
    },
  })
  return {
    registry,
    toolCalls: new Counter({
      name: 'mcp_tool_calls_total',
      help: 'Tool calls by outcome',
      labelNames: ['tool', 'outcome'],
      registers,
    }),
    toolSeconds: new Histogram({
      name: 'mcp_tool_seconds',
      help: 'Time a tool took',
      labelNames: ['tool'],
      buckets: [0.001, 0.005, 0.02, 0.1, 0.5, 2, 10],
      registers,
    }),
    refusals: new Counter({
      name: 'mcp_refusals_total',
      help: 'Requests that the gate refused',
      labelNames: ['reason'],
      registers,
    }),
    policyReloads: new Counter({
      name: 'mcp_policy_reloads_total',
      help: 'Times that policy files were read again',
      labelNames: ['outcome'],
      registers,
    }),
    shadowDifferences: new Counter({
      name: 'mcp_shadow_differences_total',
      help: 'Kinds of calls that the candidate policies would decide otherwise',
      labelNames: ['tool', 'live', 'candidate'],
      registers,
    }),
    cutOffDelay: new Histogram({
      name: 'mcp_cut_off_delay_seconds',
      help: 'From the second in which access ended, on the clock of who ended it, until this server refused',
      labelNames: ['cause'],
      buckets: [1, 2, 5, 15, 60],
      registers,
    }),
    refusedSignals: new Counter({
      name: 'mcp_refused_signals_total',
      help: 'Signals that a receiver refused',
      labelNames: ['receiver', 'code'],
      registers,
    }),
    signals: new Counter({
      name: 'mcp_signals_total',
      help: 'Signals that changed something',
      labelNames: ['kind', 'cause'],
      registers,
    }),
  }
}
