import { type Demand, remedies, size } from './size.ts'

/** From one team to the largest companies. */
export const companies: readonly Demand[] = [
  { people: 200, callsPerSecond: 20 },
  { people: 5_000, callsPerSecond: 500 },
  { people: 50_000, callsPerSecond: 5_000 },
  { people: 250_000, callsPerSecond: 25_000 },
  { people: 1_000_000, callsPerSecond: 100_000 },
]

/** The table of docs/sizing.md, in Markdown. */
export function sizingTable(demands: readonly Demand[] = companies): string {
  const head = [
    'people',
    'calls a second',
    'active at once',
    'MCP replicas',
    'memory of one',
    'refreshes a second',
    'Keycloak nodes',
    'audit a day',
    'full first',
  ]
  const rows = demands.map((demand) => {
    const { activePeople, replicas, replicaMb, refreshesPerSecond, keycloakNodes, auditGbPerDay, fullFirst } =
      size(demand)
    return [
      written(demand.people),
      written(demand.callsPerSecond),
      written(activePeople),
      written(replicas),
      `${written(replicaMb)} MB`,
      written(refreshesPerSecond),
      written(keycloakNodes),
      `${written(auditGbPerDay)} GB`,
      `${fullFirst.what}, at ${Math.round(fullFirst.utilisation * 100)} %`,
    ]
  })
  return [head, head.map(() => '---:'), ...rows].map((cells) => `| ${cells.join(' | ')} |`).join('\n')
}

/** What to add to what is full. */
export function remediesTable(): string {
  const rows = Object.entries(remedies)
  return [['when this is full', 'add'], ['---', '---'], ...rows].map((cells) => `| ${cells.join(' | ')} |`).join('\n')
}

function written(value: number): string {
  return value >= 10 ? Math.round(value).toLocaleString('en') : String(Math.round(value * 10) / 10)
}
