import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'
import { mintToken, openVerifier, type Realm } from './realm.ts'
import type { Section } from './report.ts'

/** Most that the cache may grow between the first fifth of the tokens and the last, in MB. */
const bound = 8

/** Sends tokens that are all different through one verifier with its cache on, and watches the memory. */
export async function measureMemory(realm: Realm, tokens: number): Promise<Section> {
  const collect = collector()
  const verifier = openVerifier(realm)
  collect()
  const empty = process.memoryUsage().heapUsed
  const used: number[] = []
  for (let number = 0; number < tokens; number += 1) {
    await verifier.verify(mintToken('ES256', number))
    if ((number + 1) % Math.ceil(tokens / 5) === 0) {
      collect()
      used.push(process.memoryUsage().heapUsed)
    }
  }
  verifier.close()
  const megabytes = (bytes: number): number => bytes / 1024 / 1024
  const [first = 0] = used
  const last = used.at(-1) ?? 0
  return {
    title: `Memory over ${tokens.toLocaleString('en')} different tokens`,
    note: 'heap in use after collection; the cache holds at most 10,000 tokens or 32 MiB by its own reckoning',
    figures: [
      { name: 'a full cache', value: megabytes(last - empty), unit: 'MB' },
      { name: 'growth from the first fifth to the last', value: megabytes(last - first), unit: 'MB', atMost: bound },
    ],
  }
}

function collector(): () => void {
  setFlagsFromString('--expose-gc')
  return runInNewContext('gc') as () => void
}
