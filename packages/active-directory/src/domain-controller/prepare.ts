import { execFile, spawnSync } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import { existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { isIP } from 'node:net'
import { join } from 'node:path'
import { promisify } from 'node:util'
import type { DirectoryConnection, DirectoryTree } from '../connect.ts'
import { type CertificateFiles, openCertificates } from './certificates.ts'

/** What a program has to know of a domain controller of this machine. */
export interface DomainController extends DirectoryTree {
  /** `ldaps://127.1.33.32`, an address of loopback; the port is that of LDAPS, 636. */
  url: string
  /** The CA that vouches for it, PEM. */
  caFile: string
  baseDn: string
  /** Runs the domain. Development only. */
  administrator: BindAccount
  /** May read, and nothing else: what Keycloak and the watcher bind as. */
  reader: BindAccount
}

interface BindAccount {
  bindDn: string
  passwordFile: string
}

/** A domain controller with the command that runs it. */
export interface DomainControllerPlan {
  controller: DomainController
  command: string
  args: string[]
  folder: string
}

export interface DomainControllerOptions {
  /** Holds the domain, its secrets and certificates; a domain of an earlier run is kept. */
  folder: string
  /**
   * Address of loopback to listen on, at ports 389 and 636, see {@link loopbackAddress}; or the name of this machine, which
   * belongs to the domain alone then, as a container does: all its addresses are listened on.
   */
  address: string
  /** Holds the password of the account that may read. Default: made at random in `folder`. */
  readerPasswordFile?: string
  /** Default: made in `folder`, with a CA. */
  certificates?: CertificateFiles
}

const domain = 'CORP'
const dnsDomain = 'corp.company.com'
const hostName = 'dc1'
/** The domain controller's own name, which its certificate bears. */
export const controllerName = `${hostName}.${dnsDomain}`
const baseDn = dnsDomain
  .split('.')
  .map((label) => `DC=${label}`)
  .join(',')
export const peopleDn = `OU=People,${baseDn}`
export const groupsDn = `OU=Groups,${baseDn}`
/** Written once the directory has been filled. */
export const seededMarker = 'seeded'
export const readerName = 'svc-directory-reader'

/** How to install what is missing. */
export const installAdvice =
  'On Debian and Ubuntu: apt install samba-ad-dc (and samba-ad-provision, where there is one). Samba wants to be started by root.'

/**
 * Whether a Samba domain controller can run here: Samba is installed, and this is root, whom Samba's fixed ports need.
 *
 * @throws {Error} It cannot, and `CI` is `true`: a check that is skipped there is no check.
 */
export function hasSamba(): boolean {
  const isInstalled = ['samba', 'samba-tool'].every((program) => spawnSync(program, ['--version']).error === undefined)
  const found = isInstalled && process.getuid?.() === 0
  if (!found && process.env.CI === 'true') throw new Error(`no Samba domain controller can run here. ${installAdvice}`)
  return found
}

/** An address of loopback for each number from 0 to 65535, so that several domain controllers fit on one machine. */
export function loopbackAddress(number: number): string {
  return `127.1.${number >> 8}.${number & 255}`
}

/**
 * Makes the domain `corp.company.com`, once: certificates, secrets at random, an empty directory. Nothing runs yet.
 * Takes five seconds.
 *
 * @throws {Error} Samba is not installed or refuses; carries what it said.
 */
export async function prepareDomainController(options: DomainControllerOptions): Promise<DomainControllerPlan> {
  const { folder, address } = options
  mkdirSync(folder, { recursive: true, mode: 0o700 })
  const certificates =
    options.certificates ?? (await openCertificates(join(folder, 'tls'), { dns: controllerName, ip: address }))
  const administratorFile = join(folder, administratorPasswordFile)
  await provision(options, administratorFile)
  const controller = describeDomainController(`ldaps://${address}`, {
    ca: certificates.ca,
    administratorPassword: administratorFile,
    readerPassword: options.readerPasswordFile ?? openPassword(join(folder, 'reader-password')),
  })
  return {
    controller,
    command: 'samba',
    args: [
      '--foreground',
      '--no-process-group',
      '--debug-stdout',
      `--configfile=${join(folder, 'domain', 'etc', 'smb.conf')}`,
      ...asOptions({
        ...listening(address),
        ...foldersIn(join(folder, 'domain')),
        'tls keyfile': certificates.key,
        'tls certfile': certificates.certificate,
        'tls cafile': certificates.ca,
      }),
    ],
    folder,
  }
}

/** Where the password of the administrator is, in the folder of the domain. */
export const administratorPasswordFile = 'administrator-password'

/** A domain controller of this domain, wherever it is reached and these files are. */
export function describeDomainController(
  url: string,
  files: { ca: string; administratorPassword: string; readerPassword: string },
): DomainController {
  return {
    url,
    caFile: files.ca,
    baseDn,
    peopleDn,
    groupsDn,
    administrator: { bindDn: `administrator@${dnsDomain}`, passwordFile: files.administratorPassword },
    reader: { bindDn: `CN=${readerName},CN=Users,${baseDn}`, passwordFile: files.readerPassword },
  }
}

/** How to connect to it as one of its accounts. */
export function connectionOf({ url, caFile }: DomainController, account: BindAccount): DirectoryConnection {
  const { bindDn, passwordFile } = account
  return { url, ca: readFileSync(caFile, 'utf8'), bindDn, password: readFileSync(passwordFile, 'utf8') }
}

/** Nothing but LDAP: no file shares, no name service, no Kerberos; on loopback ports of one address only. */
function listening(address: string): Record<string, string> {
  const services = { 'server services': 'ldap' }
  return isIP(address) === 0 ? services : { ...services, interfaces: `${address}/8`, 'bind interfaces only': 'yes' }
}

/** Whatever Samba keeps for the whole machine otherwise: two domain controllers would share it. */
function foldersIn(domainFolder: string): Record<string, string> {
  const run = join(domainFolder, 'run')
  mkdirSync(run, { recursive: true })
  return {
    'pid directory': run,
    'ncalrpc dir': join(run, 'ncalrpc'),
    'log file': join(domainFolder, 'log'),
    // Access lists go into a file beside rather than into the file system, which would take rights of the kernel.
    'vfs objects': 'dfs_samba4 acl_xattr xattr_tdb',
    'xattr_tdb:file': join(domainFolder, 'private', 'xattr.tdb'),
  }
}

function asOptions(settings: Record<string, string>): string[] {
  return Object.entries(settings).map(([name, value]) => `--option=${name}=${value}`)
}

/** Samba makes up the administrator's password itself; as an argument it would stand in the list of processes. */
async function provision({ folder, address }: DomainControllerOptions, administratorFile: string): Promise<void> {
  const target = join(folder, 'domain')
  if (existsSync(administratorFile)) return
  rmSync(join(folder, seededMarker), { force: true })
  rmSync(target, { recursive: true, force: true })
  mkdirSync(target, { mode: 0o700 })
  const args = [
    'domain',
    'provision',
    `--targetdir=${target}`,
    `--realm=${dnsDomain.toUpperCase()}`,
    `--domain=${domain}`,
    `--host-name=${hostName}`,
    '--server-role=dc',
    '--dns-backend=NONE',
    ...asOptions({ ...listening(address), ...foldersIn(target) }),
  ]
  const password = /^.*Admin password: +(\S+)$/m.exec(await run(args))?.[1]
  if (password === undefined) throw new Error('samba-tool made the domain but named no password for its administrator')
  writeFileSync(administratorFile, password, { mode: 0o600 })
}

/** What the program said on standard error. */
async function run(args: string[]): Promise<string> {
  try {
    return (await promisify(execFile)('samba-tool', args)).stderr
  } catch (error) {
    const { code, stderr = '' } = error as { code?: unknown; stderr?: string }
    if (code === 'ENOENT') throw new Error(`samba-tool is not on the PATH. ${installAdvice}`)
    throw new Error(`samba-tool could not make the domain: ${stderr.trim().split('\n').slice(-3).join(' ')}`)
  }
}

function openPassword(file: string): string {
  if (!existsSync(file)) writeFileSync(file, randomBytes(24).toString('base64url'), { mode: 0o600 })
  return file
}
