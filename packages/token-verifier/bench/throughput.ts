import { median } from './measure.ts'
import { peers } from './peers.ts'
import { type ComparedAlgorithm, mintToken, openVerifier, type Realm } from './realm.ts'
import type { Figure, Section } from './report.ts'

const waiting = 100
const milliseconds = 250

/** Verifications a second while 100 calls wait at any time. Wall time: threads may help. */
export async function compareThroughput(realm: Realm, rounds: number): Promise<Section> {
  const figures: Figure[] = []
  for (const algorithm of ['RS256', 'ES256', 'EdDSA'] as const)
    figures.push(...(await compare(realm, algorithm, rounds)))
  return {
    title: `${waiting} calls waiting at any time`,
    note: 'verifications a second by the clock on the wall, nothing cached; more is better',
    figures,
  }
}

async function compare(realm: Realm, algorithm: ComparedAlgorithm, rounds: number): Promise<Figure[]> {
  const tokens = Array.from({ length: 64 }, (_, number) => mintToken(algorithm, number))
  const verifier = openVerifier(realm, { cache: false })
  const contenders = [
    { name: '@mcp-identity/token-verifier', run: (token: string) => verifier.verify(token) as unknown },
    ...peers
      .filter(({ name }) => name.startsWith('jose'))
      .map(({ name, open }) => ({ name, run: open(realm, algorithm) })),
  ]
  const speeds = new Map(contenders.map((contender) => [contender, [] as number[]]))
  for (let round = 0; round < rounds; round += 1) {
    for (const contender of contenders) speeds.get(contender)?.push(await speedOf(contender.run, tokens))
  }
  verifier.close()
  return contenders.map((contender) => ({
    name: `${algorithm}: ${contender.name}`,
    value: Math.round(median(speeds.get(contender) ?? [])),
    unit: 'a second',
  }))
}

async function speedOf(run: (token: string) => unknown, tokens: readonly string[]): Promise<number> {
  let done = 0
  const begin = performance.now()
  const end = begin + milliseconds
  const work = async (): Promise<void> => {
    while (performance.now() < end) {
      await run(tokens[done % tokens.length] ?? '')
      done += 1
      if (done % waiting === 0) await new Promise((resolve) => setImmediate(resolve))
    }
  }
  await Promise.all(Array.from({ length: waiting }, work))
  return (done / (performance.now() - begin)) * 1000
}
