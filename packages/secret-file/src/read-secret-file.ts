import { readFileSync } from 'node:fs'

/** There is no secret in the file, or one that others can guess. The message says what to do, and never holds the secret. */
export class SecretFileError extends Error {
  override readonly name = 'SecretFileError'
}

/** What 64 bits take in hexadecimal, and no person remembers by accident. */
const leastCharacters = 16
const leastDifferentCharacters = 6
/** What stands in examples and is left there. */
const wordsOfExamples =
  /changeme|change|changeit|replace|password|passwort|secret|admin|keycloak|placeholder|default|example|letmein|qwerty|abcdef|demo|test|client|your|please|this|me|my|it/g

/**
 * Reads a secret: a client's, a password, a header's value. Space around it is cut off.
 *
 * Does not look at who else may read the file: orchestrators mount secrets in their own ways.
 *
 * @throws {SecretFileError} The file cannot be read, or holds fewer than 16 characters, fewer than 6 different ones, or
 *   nothing but words that stand in examples.
 */
export function readSecretFile(path: string): string {
  const secret = readText(path)
  const fault = faultOf(secret)
  if (fault === undefined) return secret
  throw new SecretFileError(`${path} ${fault}; put a random one there: openssl rand -base64 32`)
}

function readText(path: string): string {
  try {
    return readFileSync(path, 'utf8').trim()
  } catch (cause) {
    const { code } = cause as NodeJS.ErrnoException
    throw new SecretFileError(`${path} cannot be read (${code}); put the secret there`, { cause })
  }
}

function faultOf(secret: string): string | undefined {
  if (secret.length < leastCharacters) return `holds fewer than ${leastCharacters} characters`
  if (new Set(secret).size < leastDifferentCharacters) return 'holds the same few characters again and again'
  const letters = secret.toLowerCase().replace(/[^a-z]/g, '')
  const isOfExamples = letters !== '' && letters.replace(wordsOfExamples, '') === ''
  return isOfExamples ? 'holds words that stand in examples' : undefined
}
