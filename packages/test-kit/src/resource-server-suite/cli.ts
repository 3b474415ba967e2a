#!/usr/bin/env node
import { readFileSync } from 'node:fs'
import { parseArgs } from 'node:util'
import { dialects, type ProviderDialect } from '../provider-dialects.ts'
import { describeResults, summarize } from './report.ts'
import { runResourceServerSuite } from './run-suite.ts'
import type { SuiteOptions } from './subject.ts'
import { startSuiteIssuer } from './suite-issuer.ts'

const USAGE = `test-kit resource-server --url URL [options]

Checks whether an MCP server is a good OAuth protected resource.

  --url URL               the MCP endpoint
  --token-file FILE       a good access token, for the checks that need one
  --issuer-port PORT      plays an issuer on this port of 127.0.0.1 that the server trusts; gives all checks of tokens
  --issuer-path PATH      path of that issuer, for instance /realms/company
  --provider NAME         how that issuer words its tokens (default keycloak)
  --audience AUDIENCE     the audience the server asks for (default: the URL)
  --claims JSON           put over the claims of every token
  --tool NAME             a tool to call, with
  --scopes "A B"          all scopes that it needs, and
  --arguments JSON        its arguments
  --dpop                  the server takes sender-constrained tokens (RFC 9449)
  --origin ORIGIN         an origin whose pages may call the server
  --only TEXT             runs the checks whose id contains this text
  --json                  prints the results as JSON
  --help                  shows this

Ends with 0 when no "must" failed, with 1 when one did, with 2 when it could not run.`

const options = {
  url: { type: 'string' },
  'token-file': { type: 'string' },
  'issuer-port': { type: 'string' },
  'issuer-path': { type: 'string' },
  provider: { type: 'string' },
  audience: { type: 'string' },
  claims: { type: 'string' },
  tool: { type: 'string' },
  scopes: { type: 'string' },
  arguments: { type: 'string' },
  dpop: { type: 'boolean' },
  origin: { type: 'string' },
  only: { type: 'string' },
  json: { type: 'boolean' },
  help: { type: 'boolean' },
} as const

type Values = ReturnType<typeof parseArgs<{ options: typeof options; allowPositionals: true }>>['values']

async function main(args: readonly string[]): Promise<number> {
  const { values, positionals } = parseArgs({ args: [...args], allowPositionals: true, options })
  if (values.help === true || args.length === 0) {
    console.log(USAGE)
    return 0
  }
  const [command, ...others] = positionals
  if (command !== 'resource-server' || others.length > 0)
    throw new TypeError(`the command must be resource-server, found ${positionals.join(' ') || 'none'}`)
  if (values.url === undefined || !URL.canParse(values.url))
    throw new TypeError('--url must be the address of an MCP endpoint, such as http://localhost:3000/mcp')
  const suite = readOptions(values.url, values)
  const issuer = await startIssuer(values)
  try {
    const results = await runResourceServerSuite({ ...suite, issuer: issuer?.issuer }, values.only)
    console.log(
      values.json === true ? JSON.stringify({ url: values.url, results }, undefined, 2) : describeResults(results),
    )
    return summarize(results).failedMust === 0 ? 0 : 1
  } finally {
    await issuer?.close()
  }
}

async function startIssuer({ 'issuer-port': port, 'issuer-path': path }: Values) {
  if (port === undefined) return undefined
  if (!/^\d{1,5}$/.test(port) || Number(port) > 65_535) throw new TypeError('--issuer-port must be 0 to 65535')
  return startSuiteIssuer(Number(port), path)
}

function readOptions(url: string, values: Values): SuiteOptions {
  const { tool, scopes = '' } = values
  return {
    url,
    token: values['token-file'] === undefined ? undefined : readFileSync(values['token-file'], 'utf8').trim(),
    provider: readProvider(values.provider),
    audience: values.audience,
    claims: values.claims === undefined ? undefined : readJson('--claims', values.claims),
    tool:
      tool === undefined
        ? undefined
        : {
            name: tool,
            scopes: scopes.split(' ').filter(Boolean),
            arguments: readJson('--arguments', values.arguments ?? '{}'),
          },
    dpop: values.dpop,
    allowedOrigin: values.origin,
  }
}

function readProvider(name: string | undefined): ProviderDialect | undefined {
  if (name === undefined || Object.hasOwn(dialects, name)) return name as ProviderDialect | undefined
  throw new TypeError(`--provider must be one of ${Object.keys(dialects).join(', ')}`)
}

function readJson(name: string, text: string): Record<string, unknown> {
  try {
    return JSON.parse(text)
  } catch {
    throw new TypeError(`${name} must be a JSON object`)
  }
}

process.exitCode = await main(process.argv.slice(2)).catch((error: unknown) => {
  console.error(`${error instanceof Error ? error.message : String(error)}\nSee test-kit resource-server --help`)
  return 2
})
