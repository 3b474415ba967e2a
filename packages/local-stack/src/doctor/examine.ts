import { StackError } from '../stack-error.ts'
import { authorizationServerRules } from './authorization-server-rules.ts'
import { observe, stringsOf } from './observe.ts'
import { observeProduction } from './observe-production.ts'
import { productionRules } from './production-rules.ts'
import { type ExaminedRealm, realmRules } from './realm-rules.ts'
import { resourceServerRules } from './resource-server-rules.ts'
import { applyRules, type Finding } from './rule.ts'

/** What the doctor looked at, and what it found. */
export interface Examination {
  mcp: string
  authorizationServers: string[]
  /** Whether the realm itself was looked at, which takes an administrator or an export. */
  realmExamined: boolean
  /** Rules that were applied, each once for every authorization server it is about. */
  rulesJudged: number
  /** Rules that had nothing to judge, such as those about a key set that is not named. */
  rulesNotJudged: string[]
  findings: Finding[]
}

/** What to look at beside the MCP server. */
export interface ExamineSettings {
  realm?: ExaminedRealm | undefined
  /**
   * The origin of a web page that has to be able to call the server. Default: that of the MCP Inspector, and a server
   * that refuses it is not judged by the rules for pages.
   */
  origin?: string | undefined
  /** Examine what must hold before it serves a company, too. Default false. */
  production?: boolean
}

/** What proxies answer in place of a server (RFC 9110 sections 15.6.3 to 15.6.5). */
const statusesOfAway = [502, 503, 504]

const allRules = [...resourceServerRules, ...authorizationServerRules, ...realmRules, ...productionRules]

/** The names of all rules, in their order. */
export const ruleNames: readonly string[] = allRules.map(({ id }) => id)

/**
 * Examines a running MCP server, its authorization servers and, where given, the Keycloak realm behind them.
 * Changes nothing. Does not sign anybody in.
 *
 * @throws {StackError} Nothing answers at the address of the MCP server, or only a proxy does.
 */
export async function examine(
  mcp: string,
  { realm, origin, production = false }: ExamineSettings = {},
): Promise<Examination> {
  const observations = await observe(mcp, origin)
  const { authorizationServers, anonymousCall, resourceMetadata } = observations
  if (anonymousCall.problem !== undefined) {
    throw new StackError(`nothing answers at ${mcp}: ${anonymousCall.problem}`, {
      nextStep: /certificate/.test(anonymousCall.problem)
        ? 'Name the authority that signed its certificate in NODE_EXTRA_CA_CERTS.'
        : 'Start the MCP server, or give its address with --mcp.',
    })
  }
  // A proxy whose server is away: every rule would be broken, and none would say why.
  if ([anonymousCall, resourceMetadata].every(({ status }) => statusesOfAway.includes(status))) {
    throw new StackError(`${mcp} answers ${anonymousCall.status} to everything`, {
      nextStep: 'Whatever is in front of the MCP server does not reach it, or it is not ready: look at its /readyz.',
    })
  }
  const scopes = stringsOf(observations.resourceMetadata.json?.scopes_supported)
  const issuers = authorizationServers.map(({ issuer }) => issuer)
  const verdicts = [
    applyRules(resourceServerRules, observations, mcp),
    ...authorizationServers.map((server) => applyRules(authorizationServerRules, server, server.issuer)),
    ...(realm === undefined ? [] : [applyRules(realmRules, { ...realm, scopes }, `realm ${realm.realm.realm}`)]),
    ...(production ? [applyRules(productionRules, await observeProduction(mcp, issuers), mcp)] : []),
  ]
  return {
    mcp,
    authorizationServers: issuers,
    realmExamined: realm !== undefined,
    rulesJudged: verdicts.reduce((sum, { judged }) => sum + judged, 0),
    rulesNotJudged: [...new Set(verdicts.flatMap(({ notJudged }) => notJudged))],
    findings: verdicts.flatMap(({ findings }) => findings),
  }
}

/** The same without what some rules found. */
export function ignoreRules(examination: Examination, ignored: readonly string[]): Examination {
  return { ...examination, findings: examination.findings.filter(({ rule }) => !ignored.includes(rule)) }
}
