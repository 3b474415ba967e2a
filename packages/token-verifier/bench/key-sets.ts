import { assembleToken, describeAccessToken, publicKeySet, testKeys } from '@mcp-identity/test-kit'
import { measure } from './measure.ts'
import { algorithms, mintToken, openRealm, openVerifier, type Realm } from './realm.ts'
import type { Figure, Section } from './report.ts'

const manyKeys = 1000

/** How the key set is fetched when many ask, when key ids are invented, when keys rotate, and when the issuer is down. */
export async function measureKeySets(rounds: number): Promise<Section> {
  return {
    title: 'Key sets',
    note: 'fetches, times and cost; each line is a verifier of its own',
    figures: [
      await countStampede(),
      await countFlood(),
      await timeRotation(),
      await countWhileDown(),
      await compareManyKeys(rounds),
    ],
  }
}

async function countStampede(): Promise<Figure> {
  return withRealm(async (realm) => {
    realm.keySet.behave('slow')
    const verifier = openVerifier(realm)
    const token = mintToken('RS256', 1)
    await Promise.all(Array.from({ length: 100 }, () => verifier.verify(token)))
    verifier.close()
    return { name: '100 first calls at once', value: realm.keySet.keySetFetches, unit: 'fetches', atMost: 1 }
  })
}

async function countFlood(): Promise<Figure> {
  return withRealm(async (realm) => {
    const verifier = openVerifier(realm)
    await Promise.all(Array.from({ length: 1000 }, (_, number) => refuse(verifier.verify(unknownKeyToken(number)))))
    verifier.close()
    return { name: '1,000 unknown key ids', value: realm.keySet.keySetFetches, unit: 'fetches', atMost: 2 }
  })
}

/** Unknown key ids arrive without a pause; then a key is rotated in and its first token comes again and again. */
async function timeRotation(): Promise<Figure> {
  return withRealm(async (realm) => {
    const verifier = openVerifier(realm)
    await verifier.verify(mintToken('RS256', 1))
    let number = 0
    const flood = setInterval(() => void refuse(verifier.verify(unknownKeyToken(number++))), 1)
    await pause(500)
    realm.keySet.publish(publicKeySet(...algorithms.ES256, testKeys.p384))
    const rotated = describeAccessToken({
      provider: 'keycloak',
      key: testKeys.p384,
      now: Math.floor(Date.now() / 1000),
    })
    const token = assembleToken({ header: rotated.header, payload: rotated.claims, key: testKeys.p384 })
    const begin = performance.now()
    while ((await refuse(verifier.verify(token))) !== 'accepted') await pause(5)
    const value = performance.now() - begin
    clearInterval(flood)
    verifier.close()
    return { name: 'a rotated key is accepted, in a flood of unknown key ids', value, unit: 'ms', atMost: 2000 }
  })
}

async function countWhileDown(): Promise<Figure> {
  return withRealm(async (realm) => {
    realm.keySet.behave('down')
    const verifier = openVerifier(realm)
    const token = mintToken('RS256', 1)
    for (let call = 0; call < 1000; call += 1) await refuse(verifier.verify(token))
    verifier.close()
    return {
      name: '1,000 calls one after another while the issuer is down',
      value: realm.keySet.keySetFetches,
      unit: 'fetches',
      atMost: 2,
    }
  })
}

/** The cost of a verification with a thousand keys in the set, as a multiple of the cost with one. */
async function compareManyKeys(rounds: number): Promise<Figure> {
  return withRealm(async (one) =>
    withRealm(async (many) => {
      const [key] = algorithms.EdDSA
      one.keySet.publish(publicKeySet(key))
      const others = Array.from({ length: manyKeys - 1 }, (_, number) => ({
        ...testKeys.ed25519Next.publicJwk,
        kid: `key-${number}`,
      }))
      many.keySet.publish({ keys: [...others, key.publicJwk] })
      const tokens = Array.from({ length: 64 }, (_, number) => mintToken('EdDSA', number))
      const [ofOne, ofMany] = [openVerifier(one, { cache: false }), openVerifier(many, { cache: false })]
      const [, measured] = await measure(
        [
          { name: 'one key', run: (turn) => ofOne.verify(tokens[turn % 64] ?? '') },
          { name: 'many keys', run: (turn) => ofMany.verify(tokens[turn % 64] ?? '') },
        ],
        rounds,
      )
      ofOne.close()
      ofMany.close()
      return {
        name: `${manyKeys.toLocaleString('en')} keys in the set, to one`,
        value: measured?.ratio ?? Number.NaN,
        unit: '×',
        atMost: 1.1,
      }
    }),
  )
}

async function withRealm<Result>(use: (realm: Realm) => Promise<Result>): Promise<Result> {
  const realm = await openRealm()
  return use(realm).finally(() => realm.keySet.close())
}

function unknownKeyToken(number: number): string {
  const { header, claims } = describeAccessToken({ provider: 'keycloak', now: Math.floor(Date.now() / 1000) })
  return assembleToken({
    header: { ...header, kid: `unknown-${number}` },
    payload: claims,
    signature: new Uint8Array(256),
  })
}

function refuse(verifying: Promise<unknown>): Promise<string> {
  return verifying.then(
    () => 'accepted',
    () => 'refused',
  )
}

function pause(milliseconds: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, milliseconds))
}
