import { execFileSync, spawnSync } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { createFrozenClock, dialects, frozenNow, known, mintAccessToken, serveKeySet } from '@mcp-identity/test-kit'
import { describe, expect, it, onTestFinished } from 'vitest'
import { explainCommand } from '../src/cli/explain-command.ts'
import { adviceFor } from '../src/explain/advice.ts'
import { guessProvider } from '../src/explain/guess-provider.ts'
import {
  type ExplainSettings,
  entraId,
  explain,
  explanationText,
  google,
  keycloak,
  type Provider,
  tokenRefusalReasons,
} from '../src/index.ts'

const { issuer, audience } = dialects.keycloak
const providers: readonly Provider[] = ['keycloak', 'entra-id', 'auth0', 'okta', 'cognito', 'google', 'adfs', 'oauth']

async function explainMinted(
  options: Partial<Parameters<typeof mintAccessToken>[0]> = {},
  settings: Partial<ExplainSettings> = {},
) {
  const keySet = await serveKeySet()
  onTestFinished(() => keySet.close())
  return explain(mintAccessToken({ provider: 'keycloak', ...options }), {
    resource: audience,
    issuers: [keycloak({ issuer, audience, jwksUri: keySet.jwksUri, dangerouslyAllowInsecureHttp: true })],
    clock: createFrozenClock(),
    onWarning: () => undefined,
    ...settings,
  })
}

function failedOf(explanation: Awaited<ReturnType<typeof explain>>) {
  return explanation.checks
    .filter(({ outcome }) => outcome === 'failed')
    .map(({ check, reason }) => `${check}: ${reason}`)
}

describe('explain', () => {
  it('finds nothing wrong with a valid token', async () => {
    const explanation = await explainMinted()
    expect(explanation).toMatchObject({ verdict: 'accepted', provider: 'keycloak' })
    expect(explanation.checks.map(({ check, outcome }) => `${check} ${outcome}`)).toEqual([
      'shape and header passed',
      'issuer passed',
      'signature passed',
      'claims passed',
      'sender constraint passed',
      'lifetime passed',
    ])
  })

  it('names what is wrong beside the token having expired', async () => {
    const clock = createFrozenClock(frozenNow + 100_000)
    expect(failedOf(await explainMinted({ audience: 'account' }, { clock }))).toEqual([
      'claims: expired',
      'claims: audience_mismatch',
    ])
    expect(failedOf(await explainMinted({}, { clock }))).toEqual(['claims: expired'])
  })

  it('goes on to the claims when the signature is wrong', async () => {
    expect(failedOf(await explainMinted({ fault: 'foreignKey', claims: { typ: 'ID' } }))).toEqual([
      'signature: signature_invalid',
      'claims: not_an_access_token',
    ])
  })

  it('stops at an issuer that is not trusted, and says which provider it looks like', async () => {
    const explanation = await explainMinted({ provider: 'okta' })
    expect(explanation.provider).toBe('okta')
    expect(failedOf(explanation)).toEqual(['issuer: issuer_unknown'])
  })

  it('stops at what is no token', async () => {
    const issuers = [keycloak({ issuer })]
    for (const text of ['nothing', '', 'a.b.c', 'ya29.opaque']) {
      expect(failedOf(await explain(text, { resource: audience, issuers }))).toEqual(['shape and header: malformed'])
    }
  })

  it('says of a token bound to a key what each request must bring', async () => {
    const explanation = await explainMinted({ claims: { cnf: { jkt: 'a'.repeat(43) } } })
    expect(explanation.verdict).toBe('not judged')
    expect(explanation.checks.find(({ check }) => check === 'sender constraint')).toMatchObject({
      outcome: 'not judged',
      finding: expect.stringContaining('a DPoP proof'),
    })
  })

  it('fails an unbound token where a bound one is required, and one that lives too long', async () => {
    const settings = { requireSenderConstraint: true, maxTokenLifetimeSeconds: 299 }
    expect(failedOf(await explainMinted({ lifetimeSeconds: 300 }, settings))).toEqual([
      'sender constraint: sender_constraint_required',
      'lifetime: lifetime_too_long',
    ])
    expect(failedOf(await explainMinted({ lifetimeSeconds: 299 }, { maxTokenLifetimeSeconds: 299 }))).toEqual([])
  })

  it('judges no signature while keys cannot be had, and fetches none when told so', async () => {
    const keySet = await serveKeySet()
    onTestFinished(() => keySet.close())
    const jwksUri = keySet.jwksUri
    const issuers = [keycloak({ issuer, jwksUri, dangerouslyAllowInsecureHttp: true })]
    const settings = { resource: audience, issuers, clock: createFrozenClock(), onWarning: () => undefined }
    const token = mintAccessToken({ provider: 'keycloak' })
    expect((await explain(token, { ...settings, offline: true })).verdict).toBe('not judged')
    expect(keySet.requestedPaths).toEqual([])
    keySet.behave('notFound')
    expect((await explain(token, settings)).verdict).toBe('not judged')
  })

  it('refuses a signed token of Google, whatever is in it', async () => {
    const issuers = [google({ audience: known.googleClient })]
    const token = mintAccessToken({ provider: 'google' })
    const explanation = await explain(token, { resource: audience, issuers, clock: createFrozenClock(), offline: true })
    expect(failedOf(explanation)).toContain('signature: not_an_access_token')
  })

  it('shows no token, no signature and nothing that says who she is', async () => {
    for (const provider of [
      'keycloak',
      'entraIdV2',
      'okta',
      'auth0',
      'cognito',
      'adfs',
      'google',
      'oauthIssuer',
    ] as const) {
      const token = mintAccessToken({ provider })
      const { output } = await explainCommand(['--offline'], () => token)
      const secrets = [...token.split('.'), known.email, known.name, known.subject, known.sessionId, 'alice']
      for (const secret of secrets) expect(output.toLowerCase()).not.toContain(secret.toLowerCase())
    }
  })

  it('prints nothing that a terminal would obey', async () => {
    const { checks, facts } = await explainMinted({ claims: { azp: 'a\u001b[31mred\n\u202e', '\u001b[2J': 1 } })
    expect(JSON.stringify(facts) + JSON.stringify(checks)).not.toMatch(/\\u001b|\\n|\u202e/)
  })
})

describe('advice', () => {
  it('is there for every reason and every provider', () => {
    for (const reason of tokenRefusalReasons) {
      for (const provider of [undefined, ...providers])
        expect(adviceFor(reason, provider).change).toMatch(/^["A-Z].+\.$/)
    }
  })

  it('is the provider’s own where it differs', () => {
    expect(adviceFor('audience_mismatch', 'keycloak')).toMatchObject({ side: 'authorization server' })
    expect(adviceFor('audience_mismatch', 'oauth')).toMatchObject({ side: 'client' })
  })
})

describe('the provider of a token', () => {
  it.each([
    ['keycloak', 'keycloak'],
    ['entraIdV2', 'entra-id'],
    ['entraIdV1', 'entra-id'],
    ['okta', 'okta'],
    ['auth0', 'auth0'],
    ['cognito', 'cognito'],
    ['google', 'google'],
    ['adfs', 'adfs'],
    ['oauthIssuer', 'oauth'],
  ] as const)('%s is told by its issuer', (dialect, provider) => {
    expect(guessProvider({ iss: dialects[dialect].issuer })).toBe(provider)
  })

  it.each([
    ['cid', 'okta'],
    ['token_use', 'cognito'],
    ['gty', 'auth0'],
    ['apptype', 'adfs'],
    ['xms_act_fct', 'entra-id'],
  ])('where the issuer says nothing, %s is a mark of %s', (claim, provider) => {
    expect(guessProvider({ iss: 'https://sign-in.company.com', [claim]: 'x' })).toBe(provider)
  })
})

describe('the command', () => {
  const token = mintAccessToken({ provider: 'keycloak' })
  const explainToken = (...args: string[]) => explainCommand(args, () => token)

  it('leaves 1 for a refused token, and says what to change', async () => {
    const { exitCode, output } = await explainToken(
      '--offline',
      '--audience',
      'https://other.example/mcp',
      '--issuer',
      issuer,
    )
    expect(exitCode).toBe(1)
    expect(output).toContain('audience_mismatch')
    expect(output).toContain('change at the authorization server: Add an audience mapper')
    expect(output).toContain('It is refused.')
    expect(output).not.toContain('Without')
  })

  it('leaves 0 for a token that would be accepted', async () => {
    const now = Math.floor(Date.now() / 1000)
    const keySet = await serveKeySet()
    onTestFinished(() => keySet.close())
    const args = ['--allow-http', '--jwks-uri', keySet.jwksUri, '--audience', audience, '--issuer', issuer]
    const { exitCode, output } = await explainCommand(args, () => mintAccessToken({ provider: 'keycloak', now }))
    expect(output).toContain('It would be accepted.')
    expect(exitCode).toBe(0)
  })

  it('says what it took from the token itself', async () => {
    expect((await explainToken('--offline')).output).toContain("Without --issuer and --audience the token's own")
  })

  it('takes a whole Authorization header', async () => {
    const { output } = await explainCommand(['--offline'], () => `Authorization: Bearer ${token}\n`)
    expect(output).toContain('Read as a token of keycloak')
  })

  it('prints JSON that is the explanation', async () => {
    const { output } = await explainToken('--offline', '--json')
    expect(JSON.parse(output)).toMatchObject({ verdict: 'refused', provider: 'keycloak' })
  })

  it.each([
    [[token], 'must come from a file or standard input'],
    [['--unknown'], 'Unknown option'],
    [['--provider', 'nobody'], '--provider must be one of keycloak, entra-id'],
    [['a', 'b'], 'give one file'],
    [['/nowhere/token'], 'ENOENT'],
    [['--issuer', 'http://keycloak.company.com/realms/company'], 'must be an https address'],
  ])('leaves 2 when it is not understood', async (args, message) => {
    const { exitCode, output } = await explainCommand(args, () => token)
    expect(exitCode).toBe(2)
    expect(output).toContain(message)
    expect(output).not.toContain(token)
  })

  const main = fileURLToPath(new URL('../src/cli/main.ts', import.meta.url))

  it('reads standard input when it is run', () => {
    const { stdout, status } = spawnSync(process.execPath, [main, 'explain', '--offline'], {
      input: token,
      encoding: 'utf8',
    })
    expect(stdout).toContain('Read as a token of keycloak')
    expect(status).toBe(1)
  })

  it('shows its help', () => {
    expect(execFileSync(process.execPath, [main, 'explain', '--help'], { encoding: 'utf8' })).toContain('--audience')
    expect(execFileSync(process.execPath, [main, '--help'], { encoding: 'utf8' })).toContain('--audience')
    expect(spawnSync(process.execPath, [main, 'other']).status).toBe(2)
  })
})

it('writes an explanation as text without trailing decoration', async () => {
  const tenants = ['9a1c2f5e-4d58-4d3a-8f0b-6f1f0a2b3c44']
  const settings = { resource: audience, issuers: [entraId({ tenants, audience: 'a' })] }
  const text = explanationText(await explain('nothing', settings))
  expect(text.split('\n')).toEqual([
    'Not readable as a token',
    '',
    expect.stringMatching(/^failed {6}shape and header {3}malformed: /),
    expect.stringMatching(/^ {12}change at the client: Send the access token/),
    '',
    'It is refused.',
    '',
  ])
})
