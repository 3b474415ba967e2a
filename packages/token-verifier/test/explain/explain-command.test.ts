import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { dialects, known, mintAccessToken, serveKeySet } from '@mcp-identity/test-kit'
import { describe, expect, it, onTestFinished } from 'vitest'
import { explainCommand, explainHelp } from '../../src/cli/explain-command.ts'
import type { Explanation } from '../../src/index.ts'

const { issuer, audience } = dialects.keycloak
const now = Math.floor(Date.now() / 1000)
const token = mintAccessToken({ provider: 'keycloak', now })

/** The reasons for which the checks failed, without fetching keys. */
async function failuresOf(args: readonly string[], text = token): Promise<readonly string[]> {
  const { output } = await explainCommand([...args, '--offline', '--json'], () => text)
  const { checks } = JSON.parse(output) as Explanation
  return checks.flatMap(({ reason }) => reason ?? [])
}

describe('what the command reads', () => {
  it.each([
    ['alone', token],
    ['with white space around it', `\n  ${token} \n`],
    ['after its scheme', `Bearer ${token}`],
    ['after the scheme DPoP and several spaces', `DPoP   ${token}`],
    ['in a whole header', `authorization: bearer ${token}`],
    ['in a whole header without a space after its name', `Authorization:Bearer ${token}`],
    ['in a whole header with more spaces', `Authorization:   Bearer ${token}`],
  ])('is a token %s', async (_how, text) => {
    expect(await failuresOf([], text)).toEqual([])
  })

  it('is nothing from the middle of a text', async () => {
    expect(await failuresOf([], `see Bearer ${token}`)).toEqual(['malformed'])
  })

  it('is a file, or standard input when that is called -', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'explain-'))
    onTestFinished(() => rmSync(folder, { recursive: true }))
    const file = join(folder, 'token.txt')
    writeFileSync(file, `${token}\n`)
    expect(await failuresOf([file], 'nothing')).toEqual([])
    expect(await failuresOf(['-'])).toEqual([])
  })

  it('may be in a file whose name looks like the middle of a token', async () => {
    const { output, exitCode } = await explainCommand(['./money.key.txt'], () => token)
    expect({ output, exitCode }).toEqual({ output: expect.stringContaining('ENOENT'), exitCode: 2 })
  })

  it('is nothing when only help is wanted', async () => {
    const readNothing = () => expect.unreachable('it must not read')
    expect(await explainCommand(['--help'], readNothing)).toEqual({ exitCode: 0, output: explainHelp })
  })
})

describe('what the command judges by', () => {
  it('is the audience that is given, any of them', async () => {
    expect(await failuresOf(['--audience', 'https://other.example'])).toEqual(['audience_mismatch'])
    expect(await failuresOf(['--audience', 'https://other.example', '--audience', audience])).toEqual([])
  })

  it('is the resource, where no audience is given', async () => {
    expect(await failuresOf(['--resource', 'https://other.example/mcp'])).toEqual(['audience_mismatch'])
    expect(await failuresOf(['--resource', audience])).toEqual([])
    expect(await failuresOf(['--resource', 'https://other.example/mcp', '--audience', audience])).toEqual([])
  })

  it('is the issuer that is given', async () => {
    expect(await failuresOf(['--issuer', issuer])).toEqual([])
    expect(await failuresOf(['--issuer', 'https://other.example/realms/company'])).toEqual(['issuer_unknown'])
  })

  it('is the clients that are given', async () => {
    expect(await failuresOf(['--client-id', 'other'])).toEqual(['client_not_allowed'])
    expect(await failuresOf(['--client-id', 'other', '--client-id', known.clientId])).toEqual([])
  })

  it('is the provider that is given', async () => {
    expect(await failuresOf(['--provider', 'oauth'])).toContain('claim_missing')
    expect(await failuresOf(['--provider', 'keycloak'])).toEqual([])
  })

  it('is the dialect of the issuer that is given, not of the token', async () => {
    const { output } = await explainCommand(['--offline', '--json', '--issuer', dialects.okta.issuer], () => token)
    expect(JSON.parse(output)).toMatchObject({ provider: 'keycloak', verdict: 'refused' })
  })

  it('is a token without issuer and audience all the same', async () => {
    const bare = mintAccessToken({ provider: 'keycloak', now, claims: { iss: undefined, aud: undefined } })
    expect(await failuresOf([], bare)).toEqual(['issuer_unknown'])
    const withoutAudience = mintAccessToken({ provider: 'keycloak', now, claims: { aud: undefined } })
    expect(await failuresOf([], withoutAudience)).toEqual(['audience_missing'])
  })

  it('is an audience that is no address, as the token of Cognito names its client', async () => {
    expect(await failuresOf([], mintAccessToken({ provider: 'cognito', now }))).toEqual([])
    expect(await failuresOf([], mintAccessToken({ provider: 'keycloak', now, audience: 'api' }))).toEqual([])
  })

  it('is a text that is no token', async () => {
    for (const text of ['', 'opaque', 'a.b.c']) expect(await failuresOf([], text)).toEqual(['malformed'])
  })

  it('is the key set that is given, by http only if that is allowed', async () => {
    const keySet = await serveKeySet()
    onTestFinished(() => keySet.close())
    const args = ['--jwks-uri', keySet.jwksUri]
    expect(await explainCommand(args, () => token)).toMatchObject({ exitCode: 2 })
    expect(await explainCommand([...args, '--allow-http'], () => token)).toMatchObject({ exitCode: 0 })
    expect(keySet.keySetFetches).toBe(1)
  })

  it('is said where it was taken from the token itself', async () => {
    const noteOf = async (...args: string[]) =>
      (await explainCommand(['--offline', ...args], () => token)).output.split('\n').at(-2)
    expect(await noteOf()).toBe("Without --issuer and --audience the token's own was taken for right.")
    expect(await noteOf('--issuer', issuer)).toBe("Without --audience the token's own was taken for right.")
    expect(await noteOf('--audience', audience)).toBe("Without --issuer the token's own was taken for right.")
    expect(await noteOf('--issuer', issuer, '--resource', audience)).toBe('No check failed, but not all could be made.')
  })
})
