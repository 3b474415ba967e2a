import { readFileSync } from 'node:fs'
import { getCACertificates, setDefaultCACertificates } from 'node:tls'

/**
 * Makes this process trust an authority beside the public ones, for every connection it opens from now on.
 *
 * @param file Its certificate in PEM. Undefined: nothing changes.
 * @throws {Error} The file cannot be read.
 */
export function trustAuthority(file: string | undefined): void {
  if (file === undefined) return
  setDefaultCACertificates([...getCACertificates('default'), readFileSync(file, 'utf8')])
}
