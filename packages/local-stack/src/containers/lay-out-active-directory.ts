import { mkdirSync } from 'node:fs'
import { join } from 'node:path'
import {
  administratorPasswordFile,
  controllerName,
  type DomainController,
  describeDomainController,
} from '@mcp-identity/active-directory/domain-controller'
import { authorityFile, openPrivateAuthority } from '@mcp-identity/private-authority'
import { writePrivateFile } from '../process/write-private-file.ts'
import type { Secrets } from '../secrets.ts'

/** The CA of the domain controller, where Keycloak and the watcher read it. PEM. */
export const directoryCaName = 'directory-ca.pem'

/** Where the LDAPS of `infra/compose.active-directory.yaml` is published, from the console's port on. */
const ldapsOffset = 9

/**
 * Lays out what the domain controller and the watcher need: a certificate of an authority of the stack's own, and the
 * secrets of each.
 *
 * @param folder Of the stack; `secrets` in it must exist.
 */
export async function layOutActiveDirectory(folder: string, secrets: Secrets): Promise<void> {
  const authority = await openPrivateAuthority(join(folder, 'secrets'))
  const { certificate, key } = await authority.issue([controllerName, 'localhost'])
  const readerPassword = secrets.directoryReader.value
  const files: Record<string, Record<string, string>> = {
    'active-directory': {
      'authority.pem': authority.certificate,
      'server.pem': certificate,
      'server-key.pem': key,
      'reader-password': readerPassword,
    },
    'directory-watcher': {
      [directoryCaName]: authority.certificate,
      'reader-password': readerPassword,
      'provisioner-secret': secrets.provisionerClient.value,
    },
    keycloak: { [directoryCaName]: authority.certificate },
  }
  for (const [part, contents] of Object.entries(files)) {
    mkdirSync(join(folder, part), { recursive: true, mode: 0o700 })
    for (const [name, content] of Object.entries(contents)) writePrivateFile(join(folder, part, name), content)
  }
  for (const part of ['active-directory', 'directory-watcher'])
    mkdirSync(join(folder, 'data', part), { recursive: true, mode: 0o700 })
}

/** As the containers see it. */
export function domainControllerInside(): DomainController {
  return describeDomainController(`ldaps://${controllerName}`, {
    ca: directoryCaName,
    administratorPassword: '',
    readerPassword: 'reader-password',
  })
}

/** As programs outside see it; paths are relative to `stack.json`. */
export function domainControllerOutside(portBase: number): DomainController {
  return describeDomainController(`ldaps://localhost:${portBase + ldapsOffset}`, {
    ca: join('secrets', authorityFile),
    administratorPassword: join('data', 'active-directory', administratorPasswordFile),
    readerPassword: join('active-directory', 'reader-password'),
  })
}
