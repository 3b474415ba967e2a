import { isUtf8 } from 'node:buffer'

/** Deepest nesting that a header or payload may have. */
const maxDepth = 32

/** Member names that change objects when copied carelessly (CWE-1321). No claim has such a name. */
const forbiddenNames: ReadonlySet<string> = new Set(['__proto__', 'prototype', 'constructor'])

/**
 * Reads a JSON object strictly (RFC 7493, RFC 7515 section 4, RFC 7519 section 4): well-formed UTF-8 and strings, no
 * member name twice, at most 32 levels, finite numbers. `undefined` when the bytes are anything else.
 */
export function readJsonObject(bytes: Buffer, start = 0, end = bytes.length): Record<string, unknown> | undefined {
  const text = bytes.toString('utf8', start, end)
  // Bytes that are not UTF-8 are read as this character, which may also stand there rightly.
  if (text.includes('\ufffd') && !isUtf8(bytes.subarray(start, end))) return undefined
  const value = parse(text)
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return undefined
  return isPlainlyStrict(text, value) || isStrict(text, value) ? (value as Record<string, unknown>) : undefined
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}

// Stryker disable BlockStatement: what says no length sends the text to the thorough proof.

/**
 * The quick proof. Without escapes, whitespace or odd spellings of numbers, the text is exactly as long as its value
 * written out. Each of these makes it longer, and so does a name given twice: it is in the text but not in the value.
 * A length that is reckoned too short only sends the text to the thorough proof; one too long would let it pass.
 */
function isPlainlyStrict(text: string, value: object): boolean {
  // Stryker disable next-line ConditionalExpression: the thorough proof says the same.
  return writtenLength(value, 1) === text.length
}

/** Shortest way to write the value as JSON, in characters. NaN where a quick answer is not safe. */
function writtenLength(value: unknown, depth: number): number {
  // Stryker disable next-line all: too short or NaN.
  if (typeof value === 'string') return value.length + 2
  if (typeof value === 'number') return writtenNumberLength(value)
  // Stryker disable next-line all: too short.
  if (value === true || value === null) return 4
  // Stryker disable next-line all: too short.
  if (value === false) return 5
  // Stryker disable next-line EqualityOperator: NaN sooner than needed.
  if (depth > maxDepth) return Number.NaN
  return Array.isArray(value) ? writtenArrayLength(value, depth) : writtenObjectLength(value as object, depth)
}

/** Exponents can write 1000 and its multiples shorter than digits do; such numbers take the slow way. */
function writtenNumberLength(value: number): number {
  if (value >= 1e9 && value < 1e10 && value % 1000 !== 0 && Number.isInteger(value)) return 10
  return Number.isSafeInteger(value) && value > 0 && value % 1000 !== 0 ? String(value).length : Number.NaN
}

function writtenArrayLength(values: readonly unknown[], depth: number): number {
  // Stryker disable next-line all: too short.
  let length = values.length === 0 ? 2 : 1 + values.length
  // Stryker disable next-line AssignmentOperator: too short.
  for (const value of values) length += writtenLength(value, depth + 1)
  return length
}

function writtenObjectLength(object: object, depth: number): number {
  let members = 0
  let length = 0
  for (const name in object) {
    if ((name.length === 9 || name.length === 11) && forbiddenNames.has(name)) return Number.NaN
    // Stryker disable next-line AssignmentOperator: too short.
    members += 1
    // Stryker disable next-line AssignmentOperator: too short.
    length += name.length + 3 + writtenLength((object as Record<string, unknown>)[name], depth + 1)
  }
  // Stryker disable next-line all: too short.
  return length + (members === 0 ? 2 : 1 + members)
}

// Stryker restore BlockStatement

/** The thorough proof, for text that is known to be JSON: walks it and collects the names of each object. */
function isStrict(text: string, value: object): boolean {
  return areValuesStrict(value, 1) && areNamesUnique(text)
}

function areValuesStrict(value: unknown, depth: number): boolean {
  if (typeof value === 'string') return isWellFormed(value)
  if (typeof value === 'number') return Number.isFinite(value)
  if (typeof value !== 'object' || value === null) return true
  if (depth > maxDepth) return false
  return Object.entries(value).every(
    ([name, item]) => !forbiddenNames.has(name) && isWellFormed(name) && areValuesStrict(item, depth + 1),
  )
}

/** A surrogate without its other half can be written as an escape, and nothing else can read it (RFC 7493 section 2.1). */
function isWellFormed(text: string): boolean {
  return !/\p{Surrogate}/u.test(text)
}

/** Strings and brackets are all that matters here: a string right before a colon is a name of the innermost object. */
const stringsAndBrackets = /"(?:[^"\\]|\\.)*"(\s*:)?|[{}]/g

function areNamesUnique(text: string): boolean {
  const open: Set<string>[] = []
  for (const [piece, colon] of text.matchAll(stringsAndBrackets)) {
    if (piece === '{') open.push(new Set())
    else if (piece === '}') open.pop()
    else if (colon !== undefined) {
      const names = open[open.length - 1]
      const name = JSON.parse(piece.slice(0, -colon.length)) as string
      if (names === undefined || names.has(name)) return false
      names.add(name)
    }
  }
  return true
}
