import { join } from 'node:path'
import { type NodePart, type PartsContext, partData } from './parts.ts'
import { mostReplicas, replicaPortsOf } from './ports.ts'

/** One more MCP server of a stack. */
export interface Replica {
  port: number
  part: NodePart
}

/**
 * Makes several replicas of the MCP server out of the one in a list of parts: each with a port and data of its own, all
 * with the same resource, joined by a Redis. In a company they lie behind one address; here the first has it, and receives
 * what is pushed. The console watches each of them.
 *
 * @param count 1 to {@link mostReplicas}.
 * @param sharedStore A PostgreSQL for what people decide, and by which they find each other. Default: each is on its own.
 * @throws {TypeError} The count is out of bounds, or the list has no MCP server.
 */
export function replicateMcpServer(
  parts: readonly NodePart[],
  { folder, ports }: Pick<PartsContext, 'folder' | 'ports'>,
  { count, redisUrl, sharedStore }: { count: number; redisUrl: string; sharedStore?: string | undefined },
): { parts: NodePart[]; replicas: Replica[] } {
  if (!Number.isInteger(count) || count < 1 || count > mostReplicas)
    throw new TypeError(`the number of replicas must be 1 to ${mostReplicas}, found ${count}`)
  const original = parts.find(({ name }) => name === 'mcp-server')
  if (original === undefined) throw new TypeError('the stack has no MCP server')
  const names = replicaNames(count)
  const replicas = replicaPortsOf(ports, count).map((port, index): Replica => {
    const name = names[index] ?? original.name
    const environment = {
      ...original.environment,
      MCP_PORT: String(port),
      MCP_ALLOWED_HOSTS: `localhost:${port}`,
      MCP_DATA_DIR: partData(folder, name),
      MCP_EVIDENCE_KEY_FILE: join(partData(folder, original.name), 'evidence-signing-key.pem'),
      ...(sharedStore === undefined
        ? {}
        : {
            MCP_SHARED_STORE: JSON.stringify({ store: sharedStore }),
            MCP_REPLICA: JSON.stringify({ name, address: `http://localhost:${port}` }),
          }),
      MCP_SIGNALS: JSON.stringify(signalsOf(original, redisUrl, index === 0)),
    }
    const title = index === 0 ? original.title : `${original.title} ${index + 1}`
    return { port, part: { ...original, name, title, environment, readiness: `http://localhost:${port}/readyz` } }
  })
  const origins = replicas.map(({ port }) => `http://localhost:${port}`).join(' ')
  const others = parts
    .filter((part) => part !== original)
    .map((part) =>
      part.name === 'console' ? { ...part, environment: { ...part.environment, CONSOLE_MCP_REPLICAS: origins } } : part,
    )
  return { parts: [...others, ...replicas.map(({ part }) => part)], replicas }
}

/** What replicas are called, in their logs and data folders: the first keeps the name of the one. */
export function replicaNames(count: number): string[] {
  return Array.from({ length: count }, (_, index) => (index === 0 ? 'mcp-server' : `mcp-server-${index + 1}`))
}

/** A stream is set up once for all: whoever receives what is pushed tells the others. */
function signalsOf({ environment }: NodePart, redisUrl: string, isReceiver: boolean): object {
  const signals = JSON.parse(environment.MCP_SIGNALS ?? '{}') as { transmitters?: Record<string, unknown>[] }
  const transmitters = signals.transmitters?.map(({ stream, ...transmitter }) =>
    isReceiver && stream !== undefined ? { ...transmitter, stream } : transmitter,
  )
  return { ...signals, ...(transmitters === undefined ? {} : { transmitters }), redis: { url: redisUrl } }
}
