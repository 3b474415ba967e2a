import { openCorporateDirectory } from '../demo/corporate-directory.ts'
import { accessTokenOf, sessionOf } from '../demo/person-of-stack.ts'
import { callWithToken } from '../demo/stopwatch.ts'
import type { StackFile } from '../stack-file.ts'

/** One rule that a stack in a cluster has to keep, and the function that sees whether it does. */
export interface ClusterRule {
  title: string
  /** @returns what was seen. @throws {Error} The rule is broken; the message says how. */
  check(): Promise<string>
}

/** From the answer to who disables somebody until every replica refuses her. */
const refusalBoundMs = 5_000
const callsAfterwards = 20

/** What has to hold for who calls the release from inside its cluster, in order: each may rely on those before it. */
export function clusterRules(stack: StackFile): ClusterRule[] {
  const { mcp, issuer } = stack.urls
  const replicas = stack.urls.replicas ?? []
  const tokens = { anna: '', ivan: '' }
  return [
    {
      title: 'the metadata names the resource and who issues tokens for it (RFC 9728)',
      async check() {
        const { pathname } = new URL(mcp)
        const metadata = await readJson(new URL(`/.well-known/oauth-protected-resource${pathname}`, mcp))
        expect(metadata.resource === mcp, `resource is ${metadata.resource}`)
        expect(String(metadata.authorization_servers) === issuer, `issuers are ${metadata.authorization_servers}`)
        return `${mcp}, ${issuer}`
      },
    },
    {
      title: 'a call without a token is challenged',
      async check() {
        const { status, headers } = await fetch(mcp, { method: 'POST', body: '{}' })
        const challenge = headers.get('www-authenticate') ?? ''
        expect(status === 401 && challenge.includes('resource_metadata='), `it is answered ${status}: ${challenge}`)
        return '401'
      },
    },
    {
      title: 'every replica is ready',
      async check() {
        for (const replica of replicas) {
          const { status } = await fetch(new URL('/readyz', replica))
          expect(status === 200, `${replica} is answered ${status}`)
        }
        return `${replicas.length} replicas`
      },
    },
    {
      title: 'anna signs in through the corporate IdP and Keycloak, and calls a tool through the Service',
      async check() {
        const session = sessionOf(stack, 'anna')
        const answer = await session.callTool('whoami')
        expect(!answer.isError, answer.text)
        tokens.anna = session.accessToken()
        await session.close()
        return answer.text.split('\n')[0] ?? ''
      },
    },
    {
      title: 'her token is good at every replica',
      async check() {
        for (const replica of replicas) {
          const { status } = await callWithToken(replica, tokens.anna)
          expect(status === 200, `${replica} answers ${status}`)
        }
        return `${replicas.length} replicas`
      },
    },
    {
      title: 'once bob is disabled at the corporate IdP every replica refuses his token, and none allows it again',
      check: () => disabled(stack, 'bob', replicas),
    },
    {
      title: 'whoever asks for the audit log sees those of all replicas',
      async check() {
        tokens.ivan = await accessTokenOf(stack, 'ivan')
        const page = await readJson(new URL('/audit?tool=whoami&limit=1000', mcp), tokens.ivan)
        const logs = new Set((page.records as { log: string }[]).map(({ log }) => log))
        const unread = JSON.stringify(page.unread)
        expect(unread === '[]', `unread: ${unread}`)
        expect(logs.size === replicas.length, `records come from ${[...logs]}`)
        return [...logs].sort().join(', ')
      },
    },
    {
      title: 'the console hands out its page',
      async check() {
        // It speaks plain http to the ingress.
        const response = await fetch(stack.urls.console.replace('https:', 'http:'))
        expect(response.ok && (await response.text()).includes('<html'), `it is answered ${response.status}`)
        return String(response.status)
      },
    },
  ]
}

/** Disables a person and calls every replica with her token until all refuse, and then some. Leaves her enabled. */
async function disabled(stack: StackFile, username: string, replicas: readonly string[]): Promise<string> {
  const token = await accessTokenOf(stack, username)
  const directory = openCorporateDirectory(stack.urls.corporateIdp, stack.clients.directoryAdmin.secret)
  const statuses = () => Promise.all(replicas.map(async (replica) => (await callWithToken(replica, token)).status))
  try {
    expect(
      (await statuses()).every((status) => status === 200),
      'the token is not good before',
    )
    const clickedAt = performance.now()
    await directory.disable(username)
    while (!(await statuses()).every((status) => status === 401))
      expect(performance.now() - clickedAt < refusalBoundMs, `a replica still answers ${await statuses()}`)
    const milliseconds = Math.round(performance.now() - clickedAt)
    for (let call = 0; call < callsAfterwards; call += 1)
      expect(
        (await statuses()).every((status) => status === 401),
        'a replica allows it again',
      )
    return `${replicas.length} replicas refuse, ${milliseconds} ms after the click`
  } finally {
    await directory.enable(username)
    await directory.close()
  }
}

async function readJson(address: URL, token?: string): Promise<Record<string, unknown>> {
  const response = await fetch(address, token === undefined ? {} : { headers: { authorization: `Bearer ${token}` } })
  expect(response.ok, `${address.pathname} is answered ${response.status}`)
  return (await response.json()) as Record<string, unknown>
}

function expect(holds: boolean, problem: string): void {
  if (!holds) throw new Error(problem)
}
