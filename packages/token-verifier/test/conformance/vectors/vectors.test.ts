import { createFrozenClock, dialects, serveKeySet } from '@mcp-identity/test-kit'
import { describe, expect, it } from 'vitest'
import { createAccessTokenVerifier, keycloak, TokenError } from '../../../src/index.ts'
import { deviations } from './deviations.ts'
import { publishedVectors } from './published-vectors.ts'
import { howToGetVectors, vectorFolder } from './vector-folder.ts'

const vectors = vectorFolder === undefined ? [] : publishedVectors()

describe('the published vectors', () => {
  it('are there, wherever all checks have to run', ({ skip }) => {
    if (vectorFolder === undefined && process.env.CI !== 'true') {
      console.info(howToGetVectors)
      skip(howToGetVectors)
    }
    expect(vectorFolder, howToGetVectors).toBeDefined()
  })

  describe.skipIf(vectorFolder === undefined)('of Wycheproof and the JOSE cookbook', () => {
    it('number more than 1,500', () => {
      expect(vectors.length).toBeGreaterThan(1500)
    })

    it('come out as published, but for the listed deviations', () => {
      const others = vectors.filter(({ accept, isValid }) => accept() !== isValid)
      expect(others.map(({ id }) => id).sort()).toEqual(listedIds().sort())
    })

    it('are never accepted where they must not be, deviations or not', () => {
      const accepted = vectors.filter(({ accept, isValid }) => !isValid && accept())
      expect(accepted.map(({ id, comment }) => `${id} ${comment}`)).toEqual([])
    })

    it('are all refused as access tokens, by a TokenError', async () => {
      const { issuer, audience } = dialects.keycloak
      const server = await serveKeySet()
      const settings = { issuer, audience, jwksUri: server.jwksUri, dangerouslyAllowInsecureHttp: true }
      const verifier = createAccessTokenVerifier({
        resource: audience,
        issuers: [keycloak(settings)],
        clock: createFrozenClock(),
        onWarning: () => undefined,
      })
      for (const { compact, id } of vectors) {
        if (compact === undefined) continue
        const outcome: unknown = await verifier.verify(compact).catch((error: unknown) => error)
        expect(outcome instanceof TokenError ? id : outcome).toBe(id)
      }
      verifier.close()
      await server.close()
    })
  })
})

function listedIds(): string[] {
  return deviations.flatMap((deviation) =>
    Object.entries(deviation.vectors).flatMap(([file, numbers]) =>
      numbers.flatMap((range) => spread(range).map((number) => `${file} ${number}`)),
    ),
  )
}

function spread(range: number | string): (number | string)[] {
  const [first = 0, last] = String(range).split('-').map(Number)
  return last === undefined ? [range] : Array.from({ length: last - first + 1 }, (_, index) => first + index)
}
