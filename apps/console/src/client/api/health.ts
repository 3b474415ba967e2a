import * as z from 'zod/mini'
import { mcpOrigin, type Settings } from '../settings.ts'

/** What a part of the stack said about itself, or that it said nothing. */
export interface PartHealth {
  state: 'well' | 'not ready' | 'away'
  /** How long the answer took. Undefined when there was none. */
  ms?: number
  /** What is waited for, when it is not ready. */
  waitsFor?: string[]
  /** Age of what the MCP server knows about ended sessions. */
  feedAgeSeconds?: number
}

export interface StackHealth {
  corporateIdp: PartHealth
  keycloak: PartHealth
  mcp: PartHealth
}

const patienceMs = 4000

/** Asks every part of the stack how it is. Never throws: a part that does not answer is away. */
export async function askStack(settings: Settings): Promise<StackHealth> {
  const [corporateIdp, keycloak, mcp] = await Promise.all([
    // Its health page lets no other origin read the answer, so all that shows here is that there is one.
    ask(async () => {
      await get(`${settings.corporateIdp}/healthz`, 'no-cors')
      return { state: 'well' }
    }),
    ask(async () => {
      const response = await get(`${settings.issuer}/.well-known/openid-configuration`)
      return { state: response.ok ? 'well' : 'not ready' }
    }),
    ask(() => askMcpServer(settings)),
  ])
  return { corporateIdp, keycloak, mcp }
}

const readinessSchema = z.object({
  ready: z.boolean(),
  checks: z.array(
    z.object({
      name: z.string(),
      ready: z.boolean(),
      waitsFor: z.optional(z.string()),
      ageSeconds: z.optional(z.number()),
    }),
  ),
})

async function askMcpServer(settings: Settings): Promise<Omit<PartHealth, 'ms'>> {
  const answer = await get(`${mcpOrigin(settings)}/readyz`)
  const { ready, checks } = readinessSchema.parse(await answer.json())
  const feedAgeSeconds = checks.find(({ ageSeconds }) => ageSeconds !== undefined)?.ageSeconds
  return {
    state: ready ? 'well' : 'not ready',
    waitsFor: checks.flatMap(({ name, waitsFor }) => (waitsFor === undefined ? [] : [`${name}: ${waitsFor}`])),
    ...(feedAgeSeconds === undefined ? {} : { feedAgeSeconds }),
  }
}

async function ask(question: () => Promise<Omit<PartHealth, 'ms'>>): Promise<PartHealth> {
  const startedAt = performance.now()
  try {
    const answer = await question()
    return { ...answer, ms: performance.now() - startedAt }
  } catch {
    return { state: 'away' }
  }
}

function get(address: string, mode: RequestMode = 'cors'): Promise<Response> {
  return fetch(address, { mode, credentials: 'omit', cache: 'no-store', signal: AbortSignal.timeout(patienceMs) })
}
