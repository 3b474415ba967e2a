import { readFileSync } from 'node:fs'

/**
 * Reads a file that a setting names.
 *
 * @param problems Gets why it cannot be read, with what to put there.
 */
export function readText(setting: string, file: string, what: string, problems: string[]): string | undefined {
  try {
    return readFileSync(file, 'utf8').trim()
  } catch (cause) {
    problems.push(`${setting}: ${file} cannot be read (${(cause as NodeJS.ErrnoException).code}); put ${what} there`)
    return undefined
  }
}
