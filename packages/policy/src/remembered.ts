import type { PolicyCaller } from './caller.ts'

/** Remembers the newest `limit` answers by key; the oldest one makes room. */
export function createMemory<Value>(limit: number) {
  const answers = new Map<string, Value>()
  return (key: string, compute: () => Value): Value => {
    const known = answers.get(key)
    if (known !== undefined) return known
    const value = compute()
    if (answers.size >= limit) {
      const [oldest] = answers.keys()
      if (oldest !== undefined) answers.delete(oldest)
    }
    answers.set(key, value)
    return value
  }
}

/**
 * Remembers what a caller and a tool alone decide, for as long as the caller's object lives.
 *
 * Only for a frozen caller: another can change, and one that is made for a single call would cost more to remember than
 * to describe again.
 */
export function createCallerMemory<Value>(
  compute: (caller: PolicyCaller, tool: string) => Value,
): (caller: PolicyCaller, tool: string) => Value {
  const known = new WeakMap<PolicyCaller, Map<string, Value>>()
  return (caller, tool) => {
    if (!Object.isFrozen(caller)) return compute(caller, tool)
    const byTool = known.get(caller)
    const found = byTool?.get(tool)
    if (found !== undefined) return found
    const value = compute(caller, tool)
    if (byTool === undefined) known.set(caller, new Map([[tool, value]]))
    else byTool.set(tool, value)
    return value
  }
}
