import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, describe, expect, it } from 'vitest'
import { readSecretFile, SecretFileError } from '../src/read-secret-file.ts'

const folder = mkdtempSync(join(tmpdir(), 'secret-file-'))
afterAll(() => rmSync(folder, { recursive: true }))

function fileWith(secret: string): string {
  const path = join(folder, 'secret')
  writeFileSync(path, secret)
  return path
}

describe('a secret', () => {
  it.each([
    ['of 16 characters', 'p7Qx2mVd9LkR4tYw'],
    ['of 6 different characters', 'a1b2c3a1b2c3a1b2'],
    ['with a word of examples in it', 'my-password-p7Qx2mVd9LkR4tYw'],
    ['of digits', '8302746519283746'],
  ])('%s is read', (_title, secret) => expect(readSecretFile(fileWith(secret))).toBe(secret))

  it('is read without the space around it', () => {
    expect(readSecretFile(fileWith(' p7Qx2mVd9LkR4tYw\n'))).toBe('p7Qx2mVd9LkR4tYw')
  })

  it.each([
    ['of 15 characters', 'p7Qx2mVd9LkR4tY', 'fewer than 16'],
    ['that is empty', '', 'fewer than 16'],
    ['of 15 characters and space', 'p7Qx2mVd9LkR4tY   \n', 'fewer than 16'],
    ['of 5 different characters', 'a1b2ca1b2ca1b2ca1b2c', 'again and again'],
    ['of one word of examples, twice', 'changeme-changeme-2026', 'stand in examples'],
    ['of several words of examples', 'Your-Client-Secret-1', 'stand in examples'],
  ])('%s is refused, and not told', (_title, secret, fault) => {
    const read = () => readSecretFile(fileWith(secret))
    expect(read).toThrow(SecretFileError)
    expect(read).toThrow(fault)
    expect(read).toThrow('openssl rand')
    if (secret !== '') expect(read).not.toThrow(secret.trim())
  })

  it('that is not there is told by its file', () => {
    expect(() => readSecretFile(join(folder, 'none'))).toThrow(/none cannot be read \(ENOENT\); put the secret there/)
  })
})
