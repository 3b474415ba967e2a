#!/usr/bin/env node
import { readFileSync } from 'node:fs'
import { parseArgs } from 'node:util'
import type { ProviderDialect } from '../provider-dialects.ts'
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

Ends with 0 when no "must" failed, with 1 when one did, with 2 when it could not run.`

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
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
  },
})

async function main(): Promise<number> {
  if (positionals[0] !== 'resource-server' || values.url === undefined || values.help === true) {
    console.error(USAGE)
    return 2
  }
  const issuerPort = values['issuer-port']
  const issuer =
    issuerPort === undefined ? undefined : await startSuiteIssuer(Number(issuerPort), values['issuer-path'])
  const results = await runResourceServerSuite(readOptions(values.url, issuer?.issuer), values.only)
  await issuer?.close()
  console.log(
    values.json === true ? JSON.stringify({ url: values.url, results }, undefined, 2) : describeResults(results),
  )
  return summarize(results).failedMust === 0 ? 0 : 1
}

function readOptions(url: string, issuer: string | undefined): SuiteOptions {
  const { tool, scopes = '' } = values
  return {
    url,
    issuer,
    token: values['token-file'] === undefined ? undefined : readFileSync(values['token-file'], 'utf8').trim(),
    provider: values.provider as ProviderDialect | undefined,
    audience: values.audience,
    claims: values.claims === undefined ? undefined : JSON.parse(values.claims),
    tool:
      tool === undefined
        ? undefined
        : { name: tool, scopes: scopes.split(' ').filter(Boolean), arguments: JSON.parse(values.arguments ?? '{}') },
    dpop: values.dpop,
    allowedOrigin: values.origin,
  }
}

process.exitCode = await main().catch((error: unknown) => {
  console.error(String(error))
  return 2
})
