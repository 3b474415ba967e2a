import { readFileSync } from 'node:fs'
import { parseArgs } from 'node:util'
import { explain } from '../explain/explain.ts'
import { guessProvider } from '../explain/guess-provider.ts'
import { explanationText } from '../explain/text.ts'
import { adfs } from '../providers/adfs.ts'
import { auth0 } from '../providers/auth0.ts'
import { cognito } from '../providers/cognito.ts'
import { entraId } from '../providers/entra-id.ts'
import { google } from '../providers/google.ts'
import type { IssuerProfile, IssuerSettings, Provider } from '../providers/issuer-profile.ts'
import { keycloak } from '../providers/keycloak.ts'
import { oauthIssuer } from '../providers/oauth-issuer.ts'
import { okta } from '../providers/okta.ts'
import { readJsonObject } from '../strict-json.ts'
import type { Claims } from '../verified-access-token.ts'

/** What a command leaves behind. */
export interface CommandResult {
  /** 0: the token would be accepted. 1: it is refused, or could not be judged. 2: the command was not understood. */
  readonly exitCode: 0 | 1 | 2
  readonly output: string
}

export const explainHelp = `Says why an access token is refused, and what to change on which side.

  token-verifier explain [options] [FILE]

The token is read from FILE, or from standard input, never from the arguments, which others can see.
Only the keys of the issuer are fetched; the token goes nowhere. What is printed holds no token and no names.

  --audience TEXT   what "aud" must contain; may be given more than once (default: --resource)
  --resource URI    address of the resource server
  --issuer URL      the issuer that is trusted (default: the token's own)
  --provider NAME   keycloak, entra-id, auth0, okta, cognito, google, adfs or oauth (default: guessed)
  --jwks-uri URL    address of the key set (default: where the provider keeps it)
  --client-id TEXT  accept only this client; may be given more than once
  --offline         do not fetch keys; the signature is not judged
  --allow-http      accept http addresses of this machine
  --json            print JSON
  --help            show this

Exit code 0: it would be accepted. 1: it is refused, or could not be judged. 2: wrong usage.
`

const options = {
  audience: { type: 'string', multiple: true },
  resource: { type: 'string' },
  issuer: { type: 'string' },
  provider: { type: 'string' },
  'jwks-uri': { type: 'string' },
  'client-id': { type: 'string', multiple: true },
  offline: { type: 'boolean', default: false },
  'allow-http': { type: 'boolean', default: false },
  json: { type: 'boolean', default: false },
  help: { type: 'boolean', default: false },
} as const

type Presets = Readonly<
  Record<Provider, (settings: IssuerSettings & { audience: string | readonly string[] }) => IssuerProfile>
>

const presets: Presets = { keycloak, 'entra-id': entraId, auth0, okta, cognito, google, adfs, oauth: oauthIssuer }

/** Runs `token-verifier explain`. @param args What stands behind `explain`. */
export async function explainCommand(args: readonly string[], readInput = readStandardInput): Promise<CommandResult> {
  try {
    const { values, positionals } = parseArgs({ args: [...args], options, allowPositionals: true })
    if (values.help) return { exitCode: 0, output: explainHelp }
    const token = readToken(positionals, readInput)
    const explanation = await explain(token, settingsFor(payloadOf(token), values))
    const output = values.json
      ? `${JSON.stringify(explanation, null, 2)}\n`
      : `${explanationText(explanation)}${noteOn(values)}`
    return { exitCode: explanation.verdict === 'accepted' ? 0 : 1, output }
  } catch (error) {
    if (!(error instanceof Error)) throw error
    return { exitCode: 2, output: `${error.message}\nSee token-verifier explain --help\n` }
  }
}

type Values = ReturnType<typeof parseArgs<{ options: typeof options; allowPositionals: true }>>['values']

/** Without an issuer or audience the token's own are taken: then these two are shown and not judged. */
function settingsFor(claims: Claims, values: Values) {
  const issuer = values.issuer ?? String(claims.iss ?? 'https://unknown.invalid')
  const own = [claims.aud ?? claims.client_id ?? []].flat().map(String)
  const resource = values.resource ?? own.find((audience) => URL.canParse(audience)) ?? 'urn:unknown'
  const given = values.audience ?? (values.resource === undefined ? own : [values.resource])
  const settings = {
    issuer,
    audience: given.length > 0 ? given : [resource],
    dangerouslyAllowInsecureHttp: values['allow-http'] === true,
    ...(values['jwks-uri'] !== undefined && { jwksUri: values['jwks-uri'] }),
    ...(values['client-id'] !== undefined && { clientIds: values['client-id'] }),
  }
  const profile = presetNamed(values.provider ?? guessProvider({ ...claims, iss: issuer }))(settings)
  return { resource, issuers: [profile], offline: values.offline === true, onWarning: () => undefined }
}

/** Says what could not be judged because nobody said what is right. */
function noteOn({ issuer, audience, resource }: Values): string {
  const missing = [
    ...(issuer === undefined ? ['--issuer'] : []),
    ...(audience === undefined && resource === undefined ? ['--audience'] : []),
  ]
  return missing.length === 0 ? '' : `Without ${missing.join(' and ')} the token's own was taken for right.\n`
}

function presetNamed(name: string): Presets[Provider] {
  const found = Object.entries(presets).find(([provider]) => provider === name)
  if (found === undefined) throw new TypeError(`--provider must be one of ${Object.keys(presets).join(', ')}`)
  return found[1]
}

function readToken([file, ...others]: readonly string[], readInput: () => string): string {
  if (others.length > 0) throw new TypeError('give one file')
  if (file !== undefined && /^ey[\w-]+\./.test(file)) {
    throw new TypeError('the token must come from a file or standard input: arguments can be seen by others')
  }
  const text = (file === undefined || file === '-' ? readInput() : readFileSync(file, 'utf8')).trim()
  return text.replace(/^(?:authorization:\s*)?(?:bearer|dpop)\s+/i, '')
}

function readStandardInput(): string {
  return readFileSync(0, 'utf8')
}

function payloadOf(compactToken: string): Claims {
  return readJsonObject(Buffer.from(compactToken.split('.')[1] ?? '', 'base64url')) ?? {}
}
