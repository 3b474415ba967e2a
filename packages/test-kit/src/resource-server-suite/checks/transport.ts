import type { Check } from '../check.ts'
import { harmOf, problemsOf } from '../expectations.ts'
import { bearer, initialize, sendProbe } from '../messages.ts'

const CANARY = 'suite-canary'
const JSON_TYPE = 'Content-Type: application/json'
const ACCEPT = 'Accept: application/json, text/event-stream'
const METHODS = ['GET', 'HEAD', 'PUT', 'PATCH', 'DELETE', 'TRACE', 'PROPFIND']
const SPELLINGS = ['/%2e', '//', ';a=b', '%20', '%00', '/../mcp', '/.', '?x', '#x', '%2f']

function check(
  name: string,
  level: Check['level'],
  rule: string,
  source: string,
  run: Check['run'],
  needs: Check['needs'] = [],
): Check {
  return { id: `transport.${name}`, rule, source, level, needs, run }
}

const methods = METHODS.map((method) =>
  check(
    `method-${method.toLowerCase()}`,
    'must',
    `does not serve ${method} without a token`,
    'RFC 9110 section 9',
    async (subject) =>
      problemsOf(await subject.send({ method, headers: [] }), { statuses: [0, 400, 401, 403, 404, 405, 501] }),
  ),
)

const spellings = SPELLINGS.map((suffix) =>
  check(
    `path${suffix}`,
    'must',
    `does not serve its path followed by ${suffix} without a token`,
    'CWE-288',
    async (subject) => {
      const target = `${subject.url.pathname}${suffix}`
      const answer = await subject.send({ target, headers: [JSON_TYPE], body: initialize })
      return answer.status >= 200 && answer.status < 300
        ? [`expected a refusal, found ${answer.status}`]
        : harmOf(answer)
    },
  ),
)

/** What concerns the way a request comes, before anybody looks at a token. */
export const transportChecks: readonly Check[] = [
  check(
    'foreign-host',
    'must',
    'refuses a Host that is not its own (DNS rebinding)',
    'MCP Streamable HTTP, "Security Warning"; GHSA-w48q-cv73-mx4w',
    async (subject) => {
      const headers = [JSON_TYPE, ACCEPT, bearer(subject.token())]
      return problemsOf(await subject.send({ host: 'evil.example', headers, body: initialize }), {
        statuses: [0, 400, 403, 404, 421],
      })
    },
    ['token'],
  ),
  check(
    'foreign-origin',
    'must',
    'refuses an Origin that it does not know',
    'MCP Streamable HTTP, "Security Warning"',
    async (subject) =>
      problemsOf(await sendProbe(subject, [bearer(subject.token()), 'Origin: https://evil.example']), {
        statuses: [403],
      }),
    ['token'],
  ),
  check(
    'readable-challenge',
    'should',
    'lets pages of an allowed origin read the challenge',
    'Fetch standard, "CORS protocol"',
    async (subject) => {
      const origin = subject.options.allowedOrigin ?? ''
      const answer = await sendProbe(subject, [`Origin: ${origin}`])
      const exposed = answer.headers.get('access-control-expose-headers')?.join(',').toLowerCase() ?? ''
      const allowed = answer.headers.get('access-control-allow-origin')?.[0]
      return allowed === origin && /\*|www-authenticate/.test(exposed)
        ? []
        : [`allowed ${allowed}, exposed ${exposed || 'nothing'}`]
    },
    ['origin'],
  ),
  check('no-store', 'should', 'keeps its refusals out of caches', 'RFC 9111 section 5.2.2.5', async (subject) => {
    const answers = [await sendProbe(subject), await sendProbe(subject, [bearer('garbage')])]
    return answers.every(({ headers }) => headers.get('cache-control')?.join().includes('no-store'))
      ? []
      : ['there is no Cache-Control: no-store']
  }),
  check('no-banner', 'should', 'does not say what it is made of', 'OWASP ASVS 13.4.6', async (subject) => {
    const { headers } = await sendProbe(subject)
    return headers.has('x-powered-by') ? [`X-Powered-By: ${headers.get('x-powered-by')}`] : []
  }),
  check(
    'bad-json-without-token',
    'must',
    'looks at the token before the body',
    'MCP authorization, "Access Token Usage"',
    async (subject) =>
      problemsOf(await subject.send({ headers: [JSON_TYPE], body: `{"${CANARY}` }), {
        statuses: [401],
        canary: CANARY,
      }),
  ),
  check(
    'bad-json',
    'must',
    'answers bad JSON as a bad request',
    'JSON-RPC 2.0 section 5.1',
    async (subject) =>
      problemsOf(await subject.send({ headers: [JSON_TYPE, ACCEPT, bearer(subject.token())], body: `{"${CANARY}` }), {
        statuses: [400],
        canary: CANARY,
      }),
    ['token'],
  ),
  check(
    'large-body-without-token',
    'must',
    'does not take 10 MB from a caller without a token',
    'CWE-770',
    async (subject) =>
      problemsOf(await subject.send({ headers: [JSON_TYPE], body: new Uint8Array(10_485_760).fill(0x20) }), {
        statuses: [0, 401, 413],
      }),
  ),
  check('large-header', 'must', 'survives headers of 100 kB', 'RFC 6585 section 5', async (subject) =>
    problemsOf(await subject.send({ headers: [`X-Large: ${CANARY.repeat(8000)}`] }), {
      statuses: [0, 400, 401, 413, 431],
      canary: CANARY,
    }),
  ),
  check('no-host', 'must', 'refuses a request without Host', 'RFC 9112 section 3.2', async (subject) =>
    problemsOf(await subject.send({ host: null, headers: [JSON_TYPE], body: initialize }), {
      statuses: [0, 400, 401, 403],
    }),
  ),
  check(
    'two-lengths',
    'must',
    'refuses a body with two lengths (request smuggling)',
    'RFC 9112 section 6.3',
    async (subject) =>
      problemsOf(
        await subject.send({
          headers: ['Content-Length: 0', 'Content-Length: 5', bearer(subject.token())],
          body: 'hello',
        }),
        { statuses: [0, 400] },
      ),
    ['token'],
  ),
  check(
    'length-and-chunks',
    'must',
    'refuses a body with a length and chunks (request smuggling)',
    'RFC 9112 section 6.1',
    async (subject) =>
      problemsOf(
        await subject.send({ headers: ['Content-Length: 4', 'Transfer-Encoding: chunked'], body: '0\r\n\r\n' }),
        { statuses: [0, 400, 401] },
      ),
  ),
  check('method-override', 'must', 'does not let a header change the method', 'CWE-436', async (subject) => {
    const headers = ['X-HTTP-Method-Override: POST', 'X-Method-Override: POST', JSON_TYPE]
    return problemsOf(await subject.send({ method: 'GET', headers, body: initialize }), {
      statuses: [0, 400, 401, 404, 405],
    })
  }),
  ...methods,
  ...spellings,
]
