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
