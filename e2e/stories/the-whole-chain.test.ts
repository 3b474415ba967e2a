import { readdir, readFile } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { buildStory, type Observer, refusalBoundMs, summarise } from '@mcp-identity/local-stack/demo'
import { afterAll, describe, expect, inject, it } from 'vitest'

const stack = inject('stack')
const logs = inject('logs')
const secrets = new Map<string, string>()
const pages: string[] = []
const observe: Observer = (kind, value, name) => {
  if (kind === 'page') pages.push(value)
  // Names the sign-in that is under way. The address of the page carries it as well; it opens nothing by itself.
  else if (name?.startsWith('company_sign_in')) return
  else if (value.length >= 16) secrets.set(value, name === undefined ? kind : `${kind} ${name}`)
}
const story = buildStory(stack, observe)
const rounds = 10

afterAll(() => story.restore())

describe('corporate sign-in → Keycloak → MCP tool → audit line → disabled → denied', () => {
  for (const step of story.steps) it(step.asked, () => step.run())
})

describe('disabled means denied', () => {
  it(`refuses the access token of a disabled person within ${refusalBoundMs} ms, ${rounds} times in a row`, {
    timeout: rounds * 30_000,
  }, async () => {
    const measured: number[] = []
    for (let round = 0; round < rounds; round += 1) measured.push(await story.disableRound())
    const { minimum, median, p95, maximum } = summarise(measured.map(Math.round))
    console.log(`click to refusal, ${rounds} rounds: min ${minimum}, median ${median}, p95 ${p95}, max ${maximum} ms`)
    expect(maximum).toBeLessThan(refusalBoundMs)
  })
})

describe('nothing that opens a door is written down', () => {
  it('keeps tokens, codes, cookies and secrets out of every log and audit record', async () => {
    const kinds = new Set([...secrets.values()].map((kind) => kind.replace(/^cookie .*/, 'cookie')))
    expect([...kinds].sort()).toEqual(['access token', 'code', 'cookie', 'refresh token'])
    const found = await placesOf(await everySecret(), await everyLog())
    expect(found).toEqual([])
  })

  it('keeps tokens and secrets out of every page', async () => {
    expect(pages.length).toBeGreaterThan(5)
    const onPages = [...(await everySecret())].filter(([, kind]) => kind !== 'code')
    expect(
      await placesOf(
        new Map(onPages),
        pages.map((text, index) => ({ name: `page ${index}`, text })),
      ),
    ).toEqual([])
  })
})

interface Text {
  name: string
  text: string
}

/** What the browser and the clients met, and the secrets that the stack made for itself. */
async function everySecret(): Promise<Map<string, string>> {
  const all = new Map(secrets)
  const folder = dirname(stack.clients.service.privateKeyFile)
  for (const name of await readdir(folder)) {
    const content = (await readFile(join(folder, name), 'utf8')).trim()
    all.set(content.startsWith('{') ? (JSON.parse(content) as { d: string }).d : content, `secret ${name}`)
  }
  return all
}

async function everyLog(): Promise<Text[]> {
  const names = await readdir(logs)
  const texts = names.map(async (name) => ({ name, text: await readFile(join(logs, name), 'utf8') }))
  return [...(await Promise.all(texts)), { name: 'audit log', text: await readFile(stack.auditLog, 'latin1') }]
}

/** Also where only the signature of a token, its last part, was written. */
async function placesOf(needles: Map<string, string>, texts: Text[]): Promise<string[]> {
  return texts.flatMap(({ name, text }) =>
    [...needles].flatMap(([needle, kind]) =>
      text.includes(needle) || text.includes(needle.split('.').at(-1) ?? needle) ? [`${kind} in ${name}`] : [],
    ),
  )
}
