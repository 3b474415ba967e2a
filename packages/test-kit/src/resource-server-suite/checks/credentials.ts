import type { Check } from '../check.ts'
import { type ExpectedAnswer, problemsOf } from '../expectations.ts'
import { bearer, sendProbe } from '../messages.ts'
import type { Need } from '../need.ts'
import type { Subject } from '../subject.ts'

const CANARY = 'suite-canary'

interface CredentialCase extends ExpectedAnswer {
  readonly name: string
  readonly rule: string
  readonly source: string
  readonly level?: 'must' | 'should'
  readonly needs?: readonly Need[]
  readonly headers: (subject: Subject) => readonly string[]
}

const malformed = { statuses: [400, 401], canary: CANARY }

/** One request each, with the header lines given. */
const cases: readonly CredentialCase[] = [
  {
    name: 'none',
    rule: 'asks for a token when there is none',
    source: 'RFC 6750 section 3',
    headers: () => [],
    statuses: [401],
  },
  {
    name: 'none-without-code',
    rule: 'gives no error code when no token was sent',
    source: 'RFC 6750 section 3.1',
    level: 'should',
    headers: () => [],
    statuses: [401],
    code: null,
  },
  {
    name: 'good',
    rule: 'accepts a good token',
    source: 'RFC 6750 section 2.1',
    needs: ['token'],
    headers: (subject) => [bearer(subject.token())],
    statuses: [200],
  },
  {
    name: 'scheme-in-any-case',
    rule: 'takes the scheme in any case',
    source: 'RFC 9110 section 11.1',
    needs: ['token'],
    headers: (subject) => [`Authorization: bearer ${subject.token()}`],
    statuses: [200],
  },
  {
    name: 'empty',
    rule: 'refuses an empty Authorization header',
    source: 'RFC 6750 section 3',
    headers: () => ['Authorization:'],
    ...malformed,
  },
  {
    name: 'scheme-only',
    rule: 'refuses a scheme without a token',
    source: 'RFC 6750 section 2.1',
    headers: () => ['Authorization: Bearer'],
    ...malformed,
  },
  {
    name: 'basic',
    rule: 'refuses HTTP Basic',
    source: 'RFC 6750 section 3',
    headers: () => ['Authorization: Basic c3VpdGUtY2FuYXJ5OnN1aXRl'],
    statuses: [401],
    canary: 'c3VpdGUtY2FuYXJ5',
  },
  {
    name: 'garbage',
    rule: 'answers garbage with invalid_token',
    source: 'RFC 6750 section 3.1',
    headers: () => [bearer(CANARY)],
    statuses: [401],
    code: 'invalid_token',
    canary: CANARY,
  },
  {
    name: 'two-headers',
    rule: 'refuses two Authorization headers, though both are good',
    source: 'RFC 6750 section 2, RFC 9110 section 5.3',
    needs: ['token'],
    headers: (subject) => [bearer(subject.token()), bearer(subject.token())],
    statuses: [400, 401],
  },
  {
    name: 'two-headers-second-bad',
    rule: 'refuses two Authorization headers of which the first is good',
    source: 'RFC 6750 section 2, RFC 9110 section 5.3',
    needs: ['token'],
    headers: (subject) => [bearer(subject.token()), bearer(CANARY)],
    ...malformed,
  },
  {
    name: 'two-headers-first-bad',
    rule: 'refuses two Authorization headers of which the second is good',
    source: 'RFC 6750 section 2, RFC 9110 section 5.3',
    needs: ['token'],
    headers: (subject) => [bearer(CANARY), bearer(subject.token())],
    ...malformed,
  },
  {
    name: 'comma-list',
    rule: 'refuses two tokens in one header',
    source: 'RFC 6750 section 2.1',
    needs: ['token'],
    headers: (subject) => [`Authorization: Bearer ${CANARY}, Bearer ${subject.token()}`],
    ...malformed,
  },
  {
    name: 'tab',
    rule: 'refuses a tab between scheme and token',
    source: 'RFC 6750 section 2.1',
    level: 'should',
    needs: ['token'],
    headers: (subject) => [`Authorization: Bearer\t${subject.token()}`],
    statuses: [400, 401],
  },
  {
    name: 'folded',
    rule: 'refuses a header folded over two lines',
    source: 'RFC 9112 section 5.2',
    needs: ['token'],
    headers: (subject) => ['Authorization: Bearer', ` ${subject.token()}`],
    statuses: [0, 400, 401],
  },
  {
    name: 'space-before-colon',
    rule: 'refuses a space between a header name and its colon',
    source: 'RFC 9112 section 5.1',
    needs: ['token'],
    headers: (subject) => [`Authorization : Bearer ${subject.token()}`],
    statuses: [0, 400, 401],
  },
  {
    name: 'trailing-text',
    rule: 'refuses text after a good token',
    source: 'RFC 6750 section 2.1',
    needs: ['token'],
    headers: (subject) => [`${bearer(subject.token())} ${CANARY}`],
    ...malformed,
  },
  {
    name: 'cookie',
    rule: 'does not take a token from a cookie',
    source: 'RFC 6750 section 2',
    needs: ['token'],
    headers: (subject) => [`Cookie: access_token=${subject.token()}; Authorization=Bearer ${subject.token()}`],
    statuses: [401],
  },
  {
    name: 'other-header',
    rule: 'does not take a token from another header',
    source: 'RFC 6750 section 2',
    needs: ['token'],
    headers: (subject) =>
      ['X-Access-Token', 'X-Auth-Token', 'Proxy-Authorization'].map((name) => `${name}: Bearer ${subject.token()}`),
    statuses: [401],
  },
  {
    name: 'oversized',
    rule: 'refuses a token of 12 kB that is none',
    source: 'RFC 8725 section 3.12 and good sense',
    headers: () => [bearer(`${CANARY}${'A'.repeat(12_000)}`)],
    statuses: [0, 400, 401, 413, 431],
    canary: CANARY,
  },
]

const inQuery: Check = {
  id: 'credentials.query',
  rule: 'does not take a token from the query',
  source: 'MCP authorization, "Token Requirements"; RFC 9700 section 4.3.2',
  level: 'must',
  needs: ['token'],
  async run(subject) {
    const target = `${subject.url.pathname}?access_token=${subject.token()}`
    const body = '{"jsonrpc":"2.0","id":1,"method":"ping"}'
    return problemsOf(await subject.send({ target, headers: ['Content-Type: application/json'], body }), {
      statuses: [400, 401],
    })
  },
}

const inForm: Check = {
  id: 'credentials.form',
  rule: 'does not take a token from a form',
  source: 'MCP authorization, "Token Requirements"',
  level: 'must',
  needs: ['token'],
  async run(subject) {
    const headers = ['Content-Type: application/x-www-form-urlencoded']
    const answer = await subject.send({ headers, body: `access_token=${subject.token()}` })
    return problemsOf(answer, { statuses: [400, 401, 415] })
  },
}

/** How a token may and may not be presented. */
export const credentialChecks: readonly Check[] = [
  ...cases.map(
    ({ name, rule, source, level = 'must', needs = [], headers, ...expected }): Check => ({
      id: `credentials.${name}`,
      rule,
      source,
      level,
      needs,
      run: async (subject) => problemsOf(await sendProbe(subject, headers(subject)), expected),
    }),
  ),
  inQuery,
  inForm,
]
