import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { openCheckpoint, type RecordClaimText, verifyClaim } from '../src/browser/verify-claim.ts'
import { openAuditLog } from '../src/index.ts'
import { aliceDeletes } from './events.ts'
import { temporaryFolder } from './temporary-folder.ts'

async function claimsOf(
  size: number,
  folder = temporaryFolder(),
): Promise<{ claims: RecordClaimText[]; verifierKey: string }> {
  const path = join(folder, 'audit.jsonl')
  const log = await openAuditLog({ path, signingKeyFile: join(dirname(path), 'key.pem') })
  await Promise.all(Array.from({ length: size }, (_, index) => log.append({ ...aliceDeletes, name: `Zoë ${index}` })))
  const claims: RecordClaimText[] = []
  for (let sequence = 1; sequence <= size; sequence++) {
    const { line, proof, checkpoint } = await log.prove(sequence)
    claims.push({ line, checkpoint, proof: proof.map((hash) => Buffer.from(hash).toString('base64')) })
  }
  const verifierKey = await log.verifierKey()
  await log.close()
  return { claims, verifierKey }
}

describe('a claim about one record, checked with Web Crypto alone', () => {
  it.each([1, 2, 3, 5, 7, 8, 255, 257, 300])('holds for every record of a log of %i', async (size) => {
    const { claims, verifierKey } = await claimsOf(size)
    for (const [index, claim] of claims.entries()) {
      expect(await verifyClaim(claim, verifierKey)).toMatchObject({
        origin: 'mcp-identity/audit',
        size,
        record: { sequence: index + 1, event: { name: `Zoë ${index}` } },
      })
    }
  })

  describe('does not hold', () => {
    let claims: RecordClaimText[]
    let verifierKey: string
    let claim: RecordClaimText
    const folder = mkdtempSync(join(tmpdir(), 'audit-claims-'))
    beforeAll(async () => {
      ;({ claims, verifierKey } = await claimsOf(11, folder))
      claim = claims[4] as RecordClaimText
    })
    afterAll(() => rmSync(folder, { recursive: true }))

    it.each<[string, (claim: RecordClaimText) => Partial<RecordClaimText>, string]>([
      ['a changed record', ({ line }) => ({ line: line.replace('alice', 'malic') }), 'its hash does not match'],
      ['another record', () => ({ line: claims[5]?.line ?? '' }), 'record 6 is not in the log'],
      ['a proof that is too short', ({ proof }) => ({ proof: proof.slice(1) }), 'record 5 is not in the log'],
      ['a proof that is too long', ({ proof }) => ({ proof: [...proof, ...proof] }), 'record 5 is not in the log'],
      ['a proof in another order', ({ proof }) => ({ proof: proof.toReversed() }), 'record 5 is not in the log'],
      [
        'another size in the checkpoint',
        ({ checkpoint }) => ({ checkpoint: checkpoint.replace('\n11\n', '\n12\n') }),
        'carries no right signature',
      ],
      ['no signature', ({ checkpoint }) => ({ checkpoint: checkpoint.split('\u2014')[0] ?? '' }), 'no right signature'],
      ['no checkpoint', () => ({ checkpoint: 'hello' }), 'not a signed note'],
    ])('for %s', async (_what, change, message) => {
      await expect(verifyClaim({ ...claim, ...change(claim) }, verifierKey)).rejects.toThrow(message)
    })

    it('under the key of another log', async () => {
      const other = await claimsOf(1)
      await expect(verifyClaim(claim, other.verifierKey)).rejects.toThrow('no right signature')
    })

    it.each(['', 'mcp-identity/audit+00000000+AQ==', 'a+b'])('under no key: %j', async (key) => {
      await expect(verifyClaim(claim, key)).rejects.toThrow(TypeError)
    })

    it('under a key whose name was changed', async () => {
      await expect(openCheckpoint(claim.checkpoint, verifierKey.replace('audit', 'other'))).rejects.toThrow(
        'the key does not match its hash',
      )
    })
  })
})

describe('a log that proves', () => {
  it('knows no record before the first or after the newest', async () => {
    const path = join(temporaryFolder(), 'audit.db')
    const log = await openAuditLog({ path, signingKeyFile: join(dirname(path), 'key.pem') })
    await log.append(aliceDeletes)
    for (const sequence of [0, 2, 1.5, Number.NaN]) await expect(log.prove(sequence)).rejects.toThrow(RangeError)
    expect((await log.prove(1)).line).toContain('"sequence":1,')
    await log.close()
  })

  it('needs a signing key', async () => {
    const log = await openAuditLog({ path: join(temporaryFolder(), 'audit.db') })
    await log.append(aliceDeletes)
    await expect(log.prove(1)).rejects.toThrow('no signing key')
    await expect(log.checkpoint()).rejects.toThrow('no signing key')
    await log.close()
  })

  it('is not opened with another key than its checkpoints were signed with', async () => {
    const path = join(temporaryFolder(), 'audit.db')
    const log = await openAuditLog({ path, signingKeyFile: join(dirname(path), 'key.pem') })
    await log.append(aliceDeletes)
    await log.close()
    const other = openAuditLog({ path, signingKeyFile: join(dirname(path), 'other.pem') })
    await expect(other).rejects.toThrow('the audit log cannot be signed: the note carries no right signature')
    await (await openAuditLog({ path })).close()
  })

  it('does not sign anew what is signed', async () => {
    const path = join(temporaryFolder(), 'audit.db')
    const log = await openAuditLog({ path, signingKeyFile: join(dirname(path), 'key.pem') })
    await log.append(aliceDeletes)
    const note = await log.checkpoint()
    await log.append(aliceDeletes)
    expect((await log.prove(1)).checkpoint).toBe(note)
    expect((await log.prove(2)).checkpoint).not.toBe(note)
    expect(readFileSync(`${path}.tiles/checkpoint`, 'utf8')).toBe(await log.checkpoint())
    await log.close()
  })
})
