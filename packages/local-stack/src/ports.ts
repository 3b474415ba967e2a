import { connect, createServer } from 'node:net'
import { StackError } from './stack-error.ts'

/** The base of the port block when nobody asks for another. */
export const defaultPortBase = 8480

/** Where each part listens, counted from the base of the block. */
const portOffsets = { console: 0, mcp: 1, corporateIdp: 2, keycloak: 3, keycloakManagement: 4 } as const

type PortName = keyof typeof portOffsets

/** The port of every part. */
export type Ports = Record<PortName, number>

export interface PortChoice {
  base: number
  ports: Ports
  /** The ports of the wanted block that others listen on; empty when the wanted block was free. */
  taken: { name: PortName; port: number }[]
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

/**
 * Chooses the ports: the block at `base` or, where one of its ports is taken, the next block of which all are free.
 *
 * Blocks lie 10 apart, so that an address still tells its part by the last digit.
 *
 * @param isFree For tests; by default asks the operating system, see {@link isPortFree}.
 * @throws {TypeError} `base` is no whole number from 1024 to 65531.
 * @throws {StackError} None of the 50 blocks is free.
 */
export async function choosePorts(
  base: number = defaultPortBase,
  isFree: (port: number) => Promise<boolean> = isPortFree,
): Promise<PortChoice> {
  if (!isPortBase(base)) throw new TypeError(`the port base must be a whole number from 1024 to 65531, found ${base}`)
  const taken = await takenPorts(base, isFree)
  for (let block = 0; block < blocksToTry; block += 1) {
    const candidate = base + block * blockDistance
    if (!isPortBase(candidate)) break
    const free = block === 0 ? taken.length === 0 : (await takenPorts(candidate, isFree)).length === 0
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

async function takenPorts(base: number, isFree: (port: number) => Promise<boolean>): Promise<PortChoice['taken']> {
  const ports = portsFrom(base)
  const names = Object.keys(portOffsets) as PortName[]
  const free = await Promise.all(names.map((name) => isFree(ports[name])))
  return names.filter((_, index) => !free[index]).map((name) => ({ name, port: ports[name] }))
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
