import { existsSync, readFileSync } from 'node:fs'
import { dirname, join, parse } from 'node:path'
import { fileURLToPath } from 'node:url'

/** Where the published vectors are, or `undefined` when this machine does not have them. */
export const vectorFolder: string | undefined = findFolder()

/** What to do when they are not there. */
export const howToGetVectors =
  'The published vectors are not part of this repository. Put testvectors_v1 of the project C2SP/wycheproof into ' +
  '"wycheproof" and the project ietf-jose/cookbook into "jose-cookbook", both in one folder, and name that folder in ' +
  'MCP_IDENTITY_VECTORS, or call it shared/vectors beside your checkout.'

/** Reads one file of vectors. */
export function readVectors(...path: readonly string[]): unknown {
  return JSON.parse(readFileSync(join(vectorFolder ?? '', ...path), 'utf8'))
}

function findFolder(): string | undefined {
  const named = process.env.MCP_IDENTITY_VECTORS
  if (named !== undefined && named !== '') return existsSync(named) ? named : undefined
  const here = dirname(fileURLToPath(import.meta.url))
  return ancestors(here)
    .map((folder) => join(folder, 'shared', 'vectors'))
    .find((folder) => existsSync(folder))
}

function ancestors(folder: string): string[] {
  return folder === parse(folder).root ? [folder] : [folder, ...ancestors(dirname(folder))]
}
