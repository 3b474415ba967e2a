import { readFileSync, rmSync } from 'node:fs'
import { dirname, resolve } from 'node:path'
import type { DomainController } from '@mcp-identity/active-directory/domain-controller'
import type { Trust } from './parts.ts'
import { writePrivateFile } from './process/write-private-file.ts'

/** A person of the development directory. */
export interface Account {
  username: string
  password: string
  groups: string[]
}

/** The content of `.local/stack.json`: what another program needs to use the running stack. Holds secrets; mode 0600. */
export interface StackFile {
  ready: true
  /** The main process. */
  pid: number
  realm: string
  /** With `issuer: "provider"` neither Keycloak nor the console runs, and their addresses answer nothing. */
  trust: Trust
  urls: {
    console: string
    mcp: string
    issuer: string
    keycloak: string
    corporateIdp: string
    /** Only with replicas: where each answers, `mcp` first. All are the resource that `mcp` names. */
    replicas?: string[]
  }
  accounts: Account[]
  clients: {
    cli: { clientId: string }
    service: { clientId: string; privateKeyFile: string }
    directoryAdmin: { secret: string }
    keycloakAdmin: { username: string; password: string }
    /** Only with the preview realm. */
    enterprise?: { clientId: string; secret: string }
  }
  /** With Active Directory: the domain controller, and who may do what there. No corporate IdP answers then. */
  domainController?: DomainController
  /** The parts keep their data in folders of their own under this one. */
  dataDir: string
  /** The MCP server's audit log. */
  auditLog: string
  /** Those of all replicas, where there are several. */
  auditLogs?: string[]
  /** Holds the instant that policies are judged at, or nothing for the real time. */
  clockFile: string
  /** Certificate of the authority that signed those of this stack, where it has its own. PEM. */
  authorityFile?: string
}

/** Writes the file, whole, readable by its owner only. */
export function writeStackFile(path: string, stack: StackFile): void {
  writePrivateFile(path, `${JSON.stringify(stack, undefined, 2)}\n`)
}

/**
 * Reads the file; `undefined` when no stack is ready.
 *
 * Paths in it may be relative to it, as those of a stack in containers are; they come back absolute.
 */
export function readStackFile(path: string): StackFile | undefined {
  try {
    const file: StackFile = JSON.parse(readFileSync(path, 'utf8'))
    const absolute = (relative: string): string => resolve(dirname(path), relative)
    const { service } = file.clients
    return {
      ...file,
      clients: { ...file.clients, service: { ...service, privateKeyFile: absolute(service.privateKeyFile) } },
      dataDir: absolute(file.dataDir),
      auditLog: absolute(file.auditLog),
      ...(file.auditLogs === undefined ? {} : { auditLogs: file.auditLogs.map(absolute) }),
      clockFile: absolute(file.clockFile),
      ...(file.domainController === undefined ? {} : { domainController: at(file.domainController, absolute) }),
      ...(file.authorityFile === undefined ? {} : { authorityFile: absolute(file.authorityFile) }),
    }
  } catch {
    return undefined
  }
}

function at(controller: DomainController, absolute: (relative: string) => string): DomainController {
  const account = ({ bindDn, passwordFile }: DomainController['reader']) => ({
    bindDn,
    passwordFile: absolute(passwordFile),
  })
  const { caFile, administrator, reader } = controller
  return { ...controller, caFile: absolute(caFile), administrator: account(administrator), reader: account(reader) }
}

export function removeStackFile(path: string): void {
  rmSync(path, { force: true })
}
