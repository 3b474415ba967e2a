import { once } from 'node:events'
import type { AddressInfo } from 'node:net'
import { type ServerType, serve } from '@hono/node-server'
import type { Hono } from 'hono'
import type { ConsoleSettings } from '../../src/config.ts'
import { ensureClientBuild } from '../../src/server/client-build.ts'
import { readClientFiles } from '../../src/server/client-files.ts'
import { createConsoleApp } from '../../src/server/console-app.ts'
import { createDoubleCorporateIdp } from './double-corporate-idp.ts'
import { createDoubleKeycloak, type DoubleKeycloak } from './double-keycloak.ts'
import { createDoubleMcpServer, type DoubleMcpServer } from './double-mcp-server.ts'
import { type DoublePerson, doublePeople } from './people.ts'

export interface Doubles {
  /** Origin of the console. */
  url: string
  settings: ConsoleSettings
  people: DoublePerson[]
  keycloak: DoubleKeycloak
  mcp: DoubleMcpServer
  /** Servers beside it under addresses of their own; they hear of a change when they are told. */
  replicas: DoubleMcpServer[]
  /** What a server does that hears of somebody who was disabled. */
  hearOf(person: DoublePerson, server: DoubleMcpServer): Promise<void>
  close(): Promise<void>
}

/** Starts the console over doubles of everything that it talks to, on free ports. */
export async function startDoubles(
  options: {
    lifetimeSeconds?: number
    ports?: [number, number, number, number]
    replicas?: number
    logNames?: string[]
  } = {},
): Promise<Doubles> {
  const [consolePort, mcpPort, idpPort, keycloakPort] = options.ports ?? [0, 0, 0, 0]
  const people = doublePeople()
  const urls = { console: '', mcp: '', idp: '', keycloak: '' }
  const consoleOrigin = (): string => urls.console
  const keycloak = createDoubleKeycloak({
    issuer: () => `${urls.keycloak}/realms/company`,
    resource: () => `${urls.mcp}/mcp`,
    consoleOrigin,
    people,
    onSessionEnded: (sid) => mcp.cutOffSession(sid),
    lifetimeSeconds: options.lifetimeSeconds ?? 300,
  })
  const parts = { people, consoleOrigin, isPublished: keycloak.isPublished }
  const mcp = await createDoubleMcpServer({ ...parts, ...(options.logNames && { logNames: options.logNames }) })
  const replicas = await Promise.all(Array.from({ length: options.replicas ?? 0 }, () => createDoubleMcpServer(parts)))
  const idp = createDoubleCorporateIdp({
    people,
    consoleOrigin,
    async onChanged(person) {
      if (person.isActive) return
      keycloak.endSessionsOf(person.username)
      await hearOf(person, mcp)
    },
  })
  const hearOf: Doubles['hearOf'] = async ({ username, email, department }, server) => {
    server.cutOff(`sub-${username}`)
    await server.append({
      phase: 'security',
      action: 'revocation_received',
      outcome: 'succeeded',
      subject: `sub-${username}`,
      email,
      department,
      reason: 'person_disabled',
    })
  }
  const servers: ServerType[] = []
  const listen = async (app: Hono, port: number): Promise<string> => {
    const server = serve({ fetch: app.fetch, port, hostname: '127.0.0.1' })
    await once(server, 'listening')
    servers.push(server)
    return `http://localhost:${(server.address() as AddressInfo).port}`
  }
  urls.keycloak = await listen(keycloak.app, keycloakPort)
  urls.mcp = await listen(mcp.app, mcpPort)
  urls.idp = await listen(idp, idpPort)
  const files = await readClientFiles(await ensureClientBuild((line) => console.log(line)))
  /** The server at the address that all share is one of them. */
  const originsOf = async (others: readonly DoubleMcpServer[], first: string): Promise<string[]> =>
    others.length === 0 ? [] : [first, ...(await Promise.all(others.map(({ app }) => listen(app, 0))))]
  const settings: ConsoleSettings = {
    issuer: `${urls.keycloak}/realms/company`,
    clientId: 'console',
    mcp: `${urls.mcp}/mcp`,
    replicas: await originsOf(replicas, urls.mcp),
    corporateIdp: urls.idp,
    development: true,
  }
  urls.console = await listen(createConsoleApp({ settings, files }), consolePort)
  return {
    url: urls.console,
    settings,
    people,
    keycloak,
    mcp,
    replicas,
    hearOf,
    async close() {
      for (const server of [mcp, ...replicas]) await server.close()
      for (const server of servers) {
        if ('closeAllConnections' in server) server.closeAllConnections()
        server.close()
      }
    },
  }
}
