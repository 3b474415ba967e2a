import type { Check } from '../check.ts'
import { challengesOf } from '../expectations.ts'
import { sendProbe } from '../messages.ts'
import type { Subject } from '../subject.ts'

const WELL_KNOWN = '/.well-known/oauth-protected-resource'

type Metadata = Readonly<Record<string, unknown>>

function check(
  name: string,
  level: Check['level'],
  rule: string,
  source: string,
  run: Check['run'],
  needs: Check['needs'] = [],
): Check {
  return { id: `metadata.${name}`, rule, source, level, needs, run }
}

/** The chain from the first challenge over the metadata to the authorization server (RFC 9728). */
export const metadataChecks: readonly Check[] = [
  check(
    'parseable-challenge',
    'must',
    'sends a challenge that keeps the grammar',
    'RFC 9110 section 11.6.1',
    async (subject) => {
      const challenges = challengesOf(await sendProbe(subject))
      if (challenges === undefined) return ['the challenge does not keep the grammar']
      const schemes = challenges.map((challenge) => challenge.scheme)
      return schemes.some((scheme) => scheme === 'bearer' || scheme === 'dpop')
        ? []
        : ['there is no challenge of Bearer or DPoP']
    },
  ),
  check(
    'found',
    'must',
    'leads to its metadata, by the challenge or by the well-known path',
    'MCP authorization, "Protected Resource Metadata Discovery Requirements"',
    async (subject) => {
      const found = await findMetadata(subject)
      return found === undefined
        ? ['neither resource_metadata in the challenge nor the well-known path leads to metadata']
        : []
    },
  ),
  check(
    'named-in-challenge',
    'should',
    'names the address of its metadata in the challenge',
    'RFC 9728 section 5.1',
    async (subject) => {
      const url = await metadataUrl(subject)
      if (url === undefined) return ['there is no resource_metadata in the challenge']
      return (await readJson(subject, url)) === undefined ? [`${url} does not answer with JSON`] : []
    },
  ),
  check('path-form', 'should', 'serves its metadata with the path inserted', 'RFC 9728 section 3.1', (subject) =>
    expectDocument(subject, WELL_KNOWN + pathOf(subject)),
  ),
  check(
    'root-form',
    'should',
    'serves its metadata at the root, where some clients look',
    'MCP authorization, "Protected Resource Metadata Discovery Requirements"',
    (subject) => expectDocument(subject, WELL_KNOWN),
  ),
  check('resource', 'must', 'names exactly the address it is asked at', 'RFC 9728 section 3.3', (subject) =>
    inspect(subject, ({ resource }) =>
      resource === subject.options.url ? [] : [`expected ${subject.options.url}, found ${String(resource)}`],
    ),
  ),
  check(
    'authorization-servers',
    'must',
    'names at least one authorization server',
    'MCP authorization, "Authorization Server Location"',
    (subject) =>
      inspect(subject, ({ authorization_servers: servers }) =>
        Array.isArray(servers) && servers.length > 0 && servers.every((server) => URL.canParse(String(server)))
          ? []
          : ['authorization_servers holds no issuer'],
      ),
  ),
  check(
    'authorization-server-metadata',
    'must',
    'names authorization servers whose metadata say the same issuer',
    'RFC 8414 section 3.3',
    (subject) =>
      inspect(subject, async ({ authorization_servers: servers }) => {
        if (!Array.isArray(servers)) return ['authorization_servers is missing']
        return (await Promise.all(servers.map((issuer) => issuerProblems(String(issuer))))).flat()
      }),
  ),
  check(
    'header-only',
    'must',
    'does not offer to take tokens from queries or bodies',
    'RFC 9728 section 2, MCP authorization, "Token Requirements"',
    (subject) =>
      inspect(subject, ({ bearer_methods_supported: methods }) =>
        methods === undefined || (Array.isArray(methods) && methods.every((method) => method === 'header'))
          ? []
          : [`found ${JSON.stringify(methods)}`],
      ),
  ),
  check(
    'no-offline-access',
    'should',
    'does not ask for offline_access',
    'MCP authorization, "Refresh Tokens"',
    async (subject) => {
      const asked =
        challengesOf(await sendProbe(subject))?.flatMap(
          ({ parameters }) => parameters.get('scope')?.split(' ') ?? [],
        ) ?? []
      const problems = await inspect(subject, ({ scopes_supported: scopes }) =>
        Array.isArray(scopes) && scopes.includes('offline_access') ? ['scopes_supported lists offline_access'] : [],
      )
      return asked.includes('offline_access') ? [...problems, 'the challenge asks for offline_access'] : problems
    },
  ),
  check(
    'known-scopes',
    'should',
    'asks only for scopes that its metadata list',
    'RFC 9728 section 2',
    async (subject) => {
      const asked =
        challengesOf(await sendProbe(subject))?.flatMap(
          ({ parameters }) => parameters.get('scope')?.split(' ') ?? [],
        ) ?? []
      return inspect(subject, ({ scopes_supported: scopes }) => {
        if (!Array.isArray(scopes)) return []
        return asked.filter((scope) => !scopes.includes(scope)).map((scope) => `${scope} is asked for and not listed`)
      })
    },
  ),
  check(
    'readable-from-pages',
    'should',
    'lets pages of any origin read its metadata',
    'Fetch standard, "CORS protocol"',
    async (subject) => {
      const target = WELL_KNOWN + pathOf(subject)
      const answer = await subject.send({ method: 'GET', target, headers: ['Origin: https://client.example'] })
      const allowed = answer.headers.get('access-control-allow-origin')?.[0]
      return allowed === '*' || allowed === 'https://client.example' ? [] : ['there is no Access-Control-Allow-Origin']
    },
  ),
  check(
    'not-from-the-request',
    'must',
    'takes nothing of its metadata from what the request says about its host',
    'CWE-644',
    async (subject) => {
      const headers = [
        'X-Forwarded-Host: evil.example',
        'X-Forwarded-Proto: https',
        'Forwarded: host=evil.example;proto=https',
      ]
      const answer = await subject.send({ method: 'GET', target: WELL_KNOWN + pathOf(subject), headers })
      const challenge = await sendProbe(subject, headers)
      return [answer, challenge].some(({ text }) => text.includes('evil.example')) ? ['evil.example comes back'] : []
    },
  ),
]

function pathOf({ url }: Subject): string {
  return url.pathname === '/' ? '' : url.pathname
}

async function metadataUrl(subject: Subject): Promise<URL | undefined> {
  const challenges = challengesOf(await sendProbe(subject)) ?? []
  const named = challenges
    .map(({ parameters }) => parameters.get('resource_metadata'))
    .find((value) => value !== undefined)
  return named !== undefined && URL.canParse(named) ? new URL(named) : undefined
}

async function findMetadata(subject: Subject): Promise<Metadata | undefined> {
  const named = await metadataUrl(subject)
  const origin = subject.url.origin
  for (const url of [named, new URL(WELL_KNOWN + pathOf(subject), origin), new URL(WELL_KNOWN, origin)]) {
    const document = url && (await readJson(subject, url))
    if (document !== undefined) return document
  }
  return undefined
}

async function inspect(subject: Subject, look: (metadata: Metadata) => readonly string[] | Promise<readonly string[]>) {
  const metadata = await findMetadata(subject)
  return metadata === undefined ? ['there is no metadata'] : look(metadata)
}

async function expectDocument(subject: Subject, path: string): Promise<readonly string[]> {
  const document = await readJson(subject, new URL(path, subject.url.origin))
  return document === undefined ? [`${path} does not answer with a JSON document`] : []
}

/** Fetches a document; undefined unless it is a JSON object that was answered with 200. */
async function readJson(subject: Subject, url: URL): Promise<Metadata | undefined> {
  if (url.origin !== subject.url.origin) return fetchJson(url)
  const answer = await subject.send({
    method: 'GET',
    target: url.pathname + url.search,
    headers: ['Accept: application/json'],
  })
  const isJson = answer.headers.get('content-type')?.[0]?.startsWith('application/json') === true
  return answer.status === 200 && isJson ? parseObject(answer.body) : undefined
}

async function fetchJson(url: URL): Promise<Metadata | undefined> {
  try {
    const response = await fetch(url, { redirect: 'error', signal: AbortSignal.timeout(5000) })
    return response.status === 200 ? parseObject(await response.text()) : undefined
  } catch {
    return undefined
  }
}

function parseObject(text: string): Metadata | undefined {
  try {
    const value: unknown = JSON.parse(text)
    return typeof value === 'object' && value !== null && !Array.isArray(value) ? (value as Metadata) : undefined
  } catch {
    return undefined
  }
}

/** RFC 8414 section 3.1 and OpenID Connect Discovery, in the order in which MCP clients try them. */
async function issuerProblems(issuer: string): Promise<string[]> {
  const { origin, pathname } = new URL(issuer)
  const path = pathname === '/' ? '' : pathname.replace(/\/$/, '')
  const addresses = [
    `${origin}/.well-known/oauth-authorization-server${path}`,
    `${origin}/.well-known/openid-configuration${path}`,
    `${origin}${path}/.well-known/openid-configuration`,
  ]
  for (const address of addresses) {
    const document = await fetchJson(new URL(address))
    if (document === undefined) continue
    return document.issuer === issuer ? [] : [`${address} says the issuer is ${String(document.issuer)}`]
  }
  return [`no metadata of ${issuer} can be found`]
}
