import type { IncomingMessage, ServerResponse } from 'node:http'
import { describe, expect, it } from 'vitest'
import { listenOnLoopback } from '../../src/loopback-server.ts'
import {
  type CheckResult,
  describeResults,
  resourceServerChecks,
  runResourceServerSuite,
  startSuiteIssuer,
  summarize,
} from '../../src/resource-server-suite/index.ts'

type Answer = (request: IncomingMessage, response: ServerResponse) => void

async function resultsFor(answer: Answer, only = ''): Promise<readonly CheckResult[]> {
  const server = await listenOnLoopback(answer)
  const issuer = await startSuiteIssuer()
  const tool = { name: 'tool', scopes: ['read'] }
  try {
    return await runResourceServerSuite({ url: `${server.origin}/mcp`, issuer: issuer.issuer, tool, dpop: true }, only)
  } finally {
    await issuer.close()
    await server.close()
  }
}

const letsEverybodyIn: Answer = (_request, response) => {
  response.writeHead(200, { 'content-type': 'application/json', 'x-powered-by': 'Express' }).end('{}')
}
const breaks: Answer = (request, response) => {
  response.writeHead(500).end(`<html>Error: ${request.headers.authorization}\n    at verify (/srv/app.js:10:5)</html>`)
}

describe('the resource-server suite', () => {
  it('has ids that are not used twice', () => {
    const ids = resourceServerChecks.map(({ id }) => id)
    expect(new Set(ids).size).toBe(ids.length)
  })

  it('finds nearly every rule broken by a server that lets everybody in', async () => {
    const results = await resultsFor(letsEverybodyIn)
    const passed = results.filter(({ outcome }) => outcome === 'passed').map(({ id }) => id)
    // Good requests it serves, and what no server on Node lets through.
    expect(passed.filter((id) => !/^(?:metadata|transport)\./.test(id))).toEqual([
      'credentials.good',
      'credentials.scheme-in-any-case',
      'credentials.folded',
      'credentials.space-before-colon',
      'tokens.oversized',
      'tools.allowed-2025-11-25',
      'tools.unknown-2025-11-25',
      'tools.allowed-2026-07-28',
      'tools.unknown-2026-07-28',
      'dpop.good',
    ])
    expect(summarize(results).failedMust).toBeGreaterThan(100)
  })

  it('finds nothing good in a server that breaks', async () => {
    const results = await resultsFor(breaks, 'credentials.')
    // Node refuses these two by itself.
    const passed = results.filter(({ outcome }) => outcome === 'passed').map(({ id }) => id)
    expect(passed).toEqual(['credentials.folded', 'credentials.space-before-colon'])
    const garbage = results.find(({ id }) => id === 'credentials.garbage')
    expect(garbage?.details).toEqual([
      'the server broke: status 500',
      'the answer is HTML',
      'the answer holds a stack trace',
      'the answer repeats what was sent',
      'expected status 401, found 500',
      'expected a challenge, found none',
    ])
  })

  it('skips what it cannot find out, and says what it would need', async () => {
    const server = await listenOnLoopback(letsEverybodyIn)
    const results = await runResourceServerSuite({ url: `${server.origin}/mcp` }, 'tokens.expired')
    await server.close()
    expect(results).toMatchObject([{ outcome: 'skipped', details: ['issuer'] }])
    expect(describeResults(results)).toContain('needs issuer')
    expect(summarize(results)).toEqual({ passed: 0, failedMust: 0, failedShould: 0, skipped: 1 })
  })

  it('says when nothing answers', async () => {
    const server = await listenOnLoopback(letsEverybodyIn)
    await server.close()
    await expect(runResourceServerSuite({ url: server.origin })).rejects.toThrow('nothing answers')
  })

  it('refuses an address that is none', async () => {
    await expect(runResourceServerSuite({ url: 'ftp://mcp.company.com' })).rejects.toThrow(TypeError)
  })
})
