import { connect, createServer } from 'node:net'
import { StackError } from './stack-error.ts'

/** The base of the port block when nobody asks for another. */
export const defaultPortBase = 8480

/** Where each part listens, counted from the base of the block. */
const portOffsets = { console: 0, mcp: 1, corporateIdp: 2, keycloak: 3, keycloakManagement: 4 } as const

type PortName = keyof typeof portOffsets

/** The port of every part. */
export type Ports = Record<PortName, number>

/** Where the store that joins replicas listens, and the second replica; further ones follow. The first has the MCP server's port. */
const storeOffset = 5
const secondReplicaOffset = 6

/** As many replicas as have a port before the next block begins. */
export const mostReplicas = 5

export interface PortChoice {
  base: number
  ports: Ports
  /** The ports of the wanted block that others listen on; empty when the wanted block was free. */
  taken: { name: PortName | 'store' | 'replica'; port: number }[]
}

const highestPort = 65_535
const blockSize = Math.max(...Object.values(portOffsets)) + 1
const blockDistance = 10
const blocksToTry = 50

/** The ports of the block that starts at `base`. */
export function portsFrom(base: number): Ports {
  return {
    console: base + portOffsets.console,
    mcp: base + portOffsets.mcp,
    corporateIdp: base + portOffsets.corporateIdp,
    keycloak: base + portOffsets.keycloak,
    keycloakManagement: base + portOffsets.keycloakManagement,
  }
}

/** The port of each replica of the MCP server, for a block that belongs to one stack alone. */
export function replicaPortsOf({ console: base, mcp }: Ports, replicas: number): number[] {
  const others = Array.from({ length: replicas - 1 }, (_, index) => base + secondReplicaOffset + index)
  return [mcp, ...others]
}

/** The port of the store that joins replicas. */
export function storePortOf({ console: base }: Ports): number {
  return base + storeOffset
}

/**
 * Chooses the ports: the block at `base` or, where one of its ports is taken, the next block of which all are free.
 *
 * Blocks lie 10 apart, so that an address still tells its part by the last digit.
 *
 * @param replicas With more than one, the ports of the others and of their store have to be free too. Default 1.
 * @param isFree For tests; by default asks the operating system, see {@link isPortFree}.
 * @throws {TypeError} `base` is no whole number from 1024 to 65531.
 * @throws {StackError} None of the 50 blocks is free.
 */
export async function choosePorts(
  base: number = defaultPortBase,
  isFree: (port: number) => Promise<boolean> = isPortFree,
  replicas = 1,
): Promise<PortChoice> {
  if (!isPortBase(base)) throw new TypeError(`the port base must be a whole number from 1024 to 65531, found ${base}`)
  const taken = await takenPorts(base, isFree, replicas)
  for (let block = 0; block < blocksToTry; block += 1) {
    const candidate = base + block * blockDistance
    if (!isPortBase(candidate)) break
    const free = block === 0 ? taken.length === 0 : (await takenPorts(candidate, isFree, replicas)).length === 0
    if (free) return { base: candidate, ports: portsFrom(candidate), taken }
  }
  throw new StackError(`no block of ${blockSize} free ports from ${base} on`, {
    nextStep: 'Set PORT_BASE to the start of another range, such as PORT_BASE=18480.',
  })
}

/** Whether a block of ports can start here. */
export function isPortBase(base: number): boolean {
  return Number.isInteger(base) && base >= 1024 && base + blockSize - 1 <= highestPort
}

/**
 * Whether nobody listens on a port of this machine's loopback, by IPv4 or IPv6.
 *
 * Both are asked, since `localhost` may mean either. Someone who listens on all addresses counts too.
 */
export async function isPortFree(port: number): Promise<boolean> {
  for (const host of ['127.0.0.1', '::1']) {
    if ((await someoneAnswers(port, host)) || !(await canListen(port, host))) return false
  }
  return true
}

async function takenPorts(
  base: number,
  isFree: (port: number) => Promise<boolean>,
  replicas: number,
): Promise<PortChoice['taken']> {
  const ports = portsFrom(base)
  const wanted: PortChoice['taken'] = [
    ...(Object.keys(portOffsets) as PortName[]).map((name) => ({ name, port: ports[name] })),
    ...(replicas > 1 ? [{ name: 'store' as const, port: storePortOf(ports) }] : []),
    ...replicaPortsOf(ports, replicas)
      .slice(1)
      .map((port) => ({ name: 'replica' as const, port })),
  ]
  const free = await Promise.all(wanted.map(({ port }) => isFree(port)))
  return wanted.filter((_, index) => !free[index])
}

/** Some systems let a second program listen on one address of a port that another holds on all addresses. */
function someoneAnswers(port: number, host: string): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect({ port, host, timeout: 1000 })
    const settle = (answers: boolean): void => {
      socket.destroy()
      resolve(answers)
    }
    socket.once('connect', () => settle(true))
    socket.once('timeout', () => settle(true))
    socket.once('error', () => settle(false))
  })
}

const addressMissing = ['EADDRNOTAVAIL', 'EAFNOSUPPORT']

function canListen(port: number, host: string): Promise<boolean> {
  return new Promise((resolve) => {
    const server = createServer()
    server.once('error', (error: NodeJS.ErrnoException) => resolve(addressMissing.includes(error.code ?? '')))
    server.listen({ port, host, exclusive: true }, () => server.close(() => resolve(true)))
  })
}
