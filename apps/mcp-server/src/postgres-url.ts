import { readSecret } from './read-secret.ts'

/**
 * Where a database is, with its password from a file: an environment is printed too easily.
 *
 * @param setting Names the setting in what is wrong with it.
 * @param problems Gets what is wrong, each with its next step.
 */
export function postgresUrl(
  setting: string,
  { store, passwordFile }: { store: string; passwordFile?: string | undefined },
  problems: string[],
): string {
  if (!isPostgresUrl(store) || !URL.canParse(store)) {
    problems.push(`${setting}: store must be a URL as postgres://user@host/database`)
    return store
  }
  const url = new URL(store)
  if (url.password !== '')
    problems.push(`${setting}: store holds a password; put it into a file, and name it passwordFile`)
  if (passwordFile !== undefined) url.password = encodeURIComponent(readSecret(setting, passwordFile, problems))
  return url.href
}

export function isPostgresUrl(store: string): boolean {
  return /^postgres(ql)?:\/\//.test(store)
}
