import { Client } from 'ldapts'

/** How to reach a domain controller, and as whom. */
export interface DirectoryConnection {
  /** `ldaps://dc1.corp.company.com`; anything but LDAPS is refused, since a simple bind carries the password. */
  url: string
  /** Certificates of the CA that vouches for the domain controller, PEM. Default: those that Node trusts. */
  ca?: string | undefined
  /** A distinguished name, or a user principal name such as `svc@corp.company.com`. */
  bindDn: string
  password: string
  /** Limit for connecting, and for each answer, in milliseconds. Default 3000. */
  timeoutMs?: number | undefined
}

/** Where people and groups stand in the directory. */
export interface DirectoryTree {
  /** People stand below it, at any depth: `OU=People,DC=corp,DC=company,DC=com`. */
  peopleDn: string
  /** Groups stand below it, those that are nested in others too. */
  groupsDn: string
}

/**
 * Connects by LDAPS and binds (RFC 4513 section 5.1.3). Unbind it when done.
 *
 * @throws {TypeError} The address is not LDAPS.
 * @throws {Error} The domain controller cannot be reached, is not who its certificate says, or refuses the bind.
 */
export async function connectDirectory(connection: DirectoryConnection): Promise<Client> {
  const { url, ca, bindDn, password, timeoutMs = 3_000 } = connection
  if (!url.startsWith('ldaps://')) throw new TypeError(`the directory must be reached by ldaps://, found ${url}`)
  const client = new Client({
    url,
    timeout: timeoutMs,
    connectTimeout: timeoutMs,
    strictDN: false,
    tlsOptions: { minVersion: 'TLSv1.2', ...(ca === undefined ? {} : { ca }) },
  })
  try {
    await client.bind(bindDn, password)
    return client
  } catch (error) {
    await client.unbind().catch(() => {})
    throw error
  }
}
