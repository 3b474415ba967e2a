import { refuseSignal } from './refused-signal.ts'
import type { TokenNames, Transmitter } from './transmitter.ts'

type Identifier = Readonly<Record<string, unknown>>
type Reader = (identifier: Identifier, transmitter: Transmitter) => Promise<readonly TokenNames[]>

/** Subject identifiers inside one another: aliases of aliases are forbidden, a complex one has simple parts. */
const deepest = 2
const mostAliases = 20

/** One entry for each format of RFC 9493, and `complex` of SSF 1.0, that can name an access token. */
const readers: Readonly<Record<string, (depth: number) => Reader>> = {
  iss_sub: () => (identifier, transmitter) =>
    namesOf(transmitter, { issuer: text(identifier, 'iss'), subject: text(identifier, 'sub') }),
  opaque: () => (identifier, transmitter) =>
    namesOf(transmitter, { issuer: transmitter.issuer, subject: text(identifier, 'id') }),
  email: () => async (identifier, transmitter) => namesByEmail(transmitter, text(identifier, 'email')),
  account: () => async (identifier, transmitter) => namesByEmail(transmitter, accountAddress(text(identifier, 'uri'))),
  jwt_id: () => async (identifier, transmitter) => [
    { issuer: spokenFor(transmitter, text(identifier, 'iss')), tokenId: text(identifier, 'jti') },
  ],
  aliases: (depth) => async (identifier, transmitter) => {
    const { identifiers } = identifier
    if (!Array.isArray(identifiers) || identifiers.length === 0 || identifiers.length > mostAliases) {
      return refuseSignal('invalid_request', '"identifiers" must be a list of subject identifiers')
    }
    // One name that is understood is enough; the others are more names of the same person.
    const understood = identifiers.filter((each) => readerOf(each) !== undefined)
    const found = await Promise.all(
      (understood.length > 0 ? understood : identifiers).map((each) => readIdentifier(each, transmitter, depth + 1)),
    )
    return found.flat()
  },
  complex: (depth) => readComplex(depth),
}

/**
 * Reads a subject identifier (RFC 9493, SSF 1.0 section 3) into the names under which access tokens are known.
 *
 * @returns An empty list when it names nobody who has tokens here.
 * @throws {RefusedSignalError} It is malformed, of a format that cannot name an access token, or the transmitter may not
 * speak about it.
 */
export function readSubjectIdentifier(identifier: unknown, transmitter: Transmitter): Promise<readonly TokenNames[]> {
  return readIdentifier(identifier, transmitter, 0)
}

async function readIdentifier(given: unknown, transmitter: Transmitter, depth: number): Promise<readonly TokenNames[]> {
  if (!isObject(given) || depth > deepest) return refuseSignal('invalid_request', 'expected a subject identifier')
  const reader = readerOf(given)
  if (reader === undefined) return refuseSignal('invalid_request', 'this format of subject identifier is not supported')
  return reader(depth)(given, transmitter)
}

/** Formats as RISC transmitters named them before RFC 9493; Google's still do. */
const formerFormats: Readonly<Record<string, string>> = { 'iss-sub': 'iss_sub', email: 'email' }

function readerOf(given: unknown): ((depth: number) => Reader) | undefined {
  if (!isObject(given)) return undefined
  const { format = formerFormats[String(given.subject_type)] } = given
  return typeof format === 'string' && Object.hasOwn(readers, format) ? readers[format] : undefined
}

/**
 * A session that is named by nothing but its id, as the examples of CAEP 1.0 section 3.1 have it, while others name a
 * person so: it counts as either.
 */
export function sessionsNamedBy(identifier: unknown, transmitter: Transmitter): readonly TokenNames[] {
  if (!isObject(identifier) || identifier.format !== 'opaque' || typeof identifier.id !== 'string') return []
  return sessionNames(transmitter, [], identifier.id)
}

/** A session of a user is the session; otherwise the user counts. Devices, tenants and groups alone name no token. */
function readComplex(depth: number): Reader {
  return async (identifier, transmitter) => {
    const { user, session } = identifier
    const people = user === undefined ? [] : await readIdentifier(user, transmitter, depth + 1)
    const sessionId = isObject(session) && session.format === 'opaque' ? session.id : undefined
    if (typeof sessionId === 'string' && sessionId !== '' && sessionId !== allSessions) {
      return sessionNames(transmitter, people, sessionId)
    }
    return user === undefined
      ? refuseSignal('invalid_request', 'the subject names neither a user nor a session')
      : people
  }
}

/** What Keycloak writes for every session of a user. */
const allSessions = 'ALL'

function sessionNames(
  transmitter: Transmitter,
  people: readonly TokenNames[],
  sessionId: string,
): readonly TokenNames[] {
  const issuers =
    people.length === 0 ? (transmitter.speaksFor ?? [transmitter.issuer]) : people.map(({ issuer }) => issuer)
  return [...new Set(issuers)].map((issuer) => ({ issuer, sessionId }))
}

/** A subject of the access tokens' issuer as it is; the transmitter's own through its resolver. */
async function namesOf(
  transmitter: Transmitter,
  { issuer, subject }: { issuer: string; subject: string },
): Promise<readonly TokenNames[]> {
  if (issuer === transmitter.issuer && transmitter.resolveSubject !== undefined)
    return transmitter.resolveSubject(subject)
  return [{ issuer: spokenFor(transmitter, issuer), subject }]
}

function namesByEmail(transmitter: Transmitter, email: string): TokenNames[] {
  return (transmitter.speaksFor ?? [transmitter.issuer]).map((issuer) => ({ issuer, email }))
}

function spokenFor({ issuer, speaksFor = [issuer] }: Transmitter, tokenIssuer: string): string {
  if (speaksFor.includes(tokenIssuer)) return tokenIssuer
  return refuseSignal('invalid_request', 'the transmitter may not speak about this issuer')
}

/** `acct:alice@company.com` (RFC 7565). */
function accountAddress(uri: string): string {
  if (!uri.startsWith('acct:')) refuseSignal('invalid_request', '"uri" must begin with acct:')
  return uri.slice('acct:'.length)
}

function text(identifier: Identifier, name: string): string {
  const value = identifier[name]
  if (typeof value === 'string' && value !== '' && value.length <= 1_024) return value
  return refuseSignal('invalid_request', `"${name}" of the subject must be a text`)
}

function isObject(value: unknown): value is Identifier {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}
