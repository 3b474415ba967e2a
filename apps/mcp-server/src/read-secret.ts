import { readSecretFile, type SecretFileError } from '@mcp-identity/secret-file'

/** Reads a secret that a setting names by its file; what is wrong with it joins the problems, and it is then empty. */
export function readSecret(setting: string, file: string, problems: string[]): string {
  try {
    return readSecretFile(file)
  } catch (error) {
    problems.push(`${setting}: ${(error as SecretFileError).message}`)
    return ''
  }
}
