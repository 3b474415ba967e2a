import { otherTokens } from '../../other-tokens.ts'
import { type TokenFaultName, tokenFaults } from '../../token-faults.ts'
import type { Check } from '../check.ts'
import { problemsOf } from '../expectations.ts'
import { bearer, sendProbe } from '../messages.ts'
import type { Subject } from '../subject.ts'

/** Faults whose bytes an HTTP server may refuse before anybody reads a token. */
const REFUSED_EARLIER: readonly string[] = ['oversized', 'surroundingWhitespace']

const faults = (Object.keys(tokenFaults) as TokenFaultName[]).map((fault): Check => {
  const { rule, source } = tokenFaults[fault]
  const isEarlier = REFUSED_EARLIER.includes(fault)
  return {
    id: `tokens.${kebab(fault)}`,
    rule,
    source,
    level: 'must',
    needs: ['issuer'],
    async run(subject) {
      const token = subject.mint({ fault })
      const answer = await sendProbe(subject, [bearer(token)])
      const canary = token.trim().slice(0, 60) || undefined
      if (isEarlier) return problemsOf(answer, { statuses: [0, 400, 401, 413, 431], ...(canary ? { canary } : {}) })
      return problemsOf(answer, { statuses: [401], code: 'invalid_token', ...(canary ? { canary } : {}) })
    },
  }
})

const wrongKinds = otherTokens.keycloak.map(
  ({ kind, source }): Check => ({
    id: `tokens.${kind.replaceAll(' ', '-')}`,
    rule: `rejects ${kind} of the same issuer and key`,
    source,
    level: 'must',
    needs: ['issuer'],
    async run(subject) {
      // Each provider has its own kinds; the dialect in use decides what they look like.
      const own = otherTokens[subject.options.provider ?? 'keycloak'].find((other) => other.kind === kind)
      if (own === undefined) return []
      const minted = own.header === undefined ? { claims: own.claims } : { header: own.header, claims: own.claims }
      return problemsOf(await sendProbe(subject, [bearer(subject.mint(minted))]), {
        statuses: [401],
        code: 'invalid_token',
      })
    },
  }),
)

/** Ways to change a token without knowing any key; they need a good token only. */
const alterations: readonly {
  readonly name: string
  readonly rule: string
  readonly alter: (token: string) => string
}[] = [
  {
    name: 'first-signature-character',
    rule: 'rejects a token with a changed signature',
    alter: (token) => changePart(token, 2, flipFirst),
  },
  {
    name: 'no-signature',
    rule: 'rejects a token without its signature',
    alter: (token) => changePart(token, 2, () => ''),
  },
  { name: 'two-parts', rule: 'rejects a token of two parts', alter: (token) => token.split('.').slice(0, 2).join('.') },
  {
    name: 'changed-claims',
    rule: 'rejects a token with changed claims',
    alter: (token) => changePart(token, 1, addClaim),
  },
  {
    name: 'changed-header',
    rule: 'rejects a token with a changed header',
    alter: (token) => changePart(token, 0, addClaim),
  },
  {
    name: 'algorithm-none-over-good-claims',
    rule: 'rejects good claims under alg none',
    alter: (token) => withAlgorithmNone(token),
  },
  { name: 'in-upper-case', rule: 'rejects a token in upper case', alter: (token) => token.toUpperCase() },
]

const altered = alterations.map(
  ({ name, rule, alter }): Check => ({
    id: `tokens.${name}`,
    rule,
    source: 'RFC 7515 section 5.2, RFC 8725 section 3.1',
    level: 'must',
    needs: ['token'],
    run: async (subject: Subject) =>
      problemsOf(await sendProbe(subject, [bearer(alter(subject.token()))]), {
        statuses: [401],
        code: 'invalid_token',
      }),
  }),
)

/** What must be refused although it looks like an access token. */
export const tokenChecks: readonly Check[] = [...altered, ...faults, ...wrongKinds]

function kebab(name: string): string {
  return name.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`)
}

function changePart(token: string, index: number, change: (part: string) => string): string {
  return token
    .split('.')
    .map((part, at) => (at === index ? change(part) : part))
    .join('.')
}

function flipFirst(part: string): string {
  return `${part.startsWith('A') ? 'B' : 'A'}${part.slice(1)}`
}

function addClaim(part: string): string {
  const members = JSON.parse(Buffer.from(part, 'base64url').toString())
  return Buffer.from(JSON.stringify({ ...members, added: true })).toString('base64url')
}

function withAlgorithmNone(token: string): string {
  const header = Buffer.from(JSON.stringify({ alg: 'none', typ: 'JWT' })).toString('base64url')
  return `${header}.${token.split('.')[1]}.`
}
