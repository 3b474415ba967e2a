const QUOTE = 0x22
const BACKSLASH = 0x5c
const COMMA = 0x2c
const OPEN_BRACKET = 0x5b
const CLOSE_BRACKET = 0x5d
const OPEN_BRACE = 0x7b
const CLOSE_BRACE = 0x7d
/** The message, its `params`, and the arguments in them: what decides about a call lies no deeper. */
const DEPTH_READ = 3

/**
 * Finds a member that two readers of the same JSON text could read differently: a name twice in one object (RFC 8259
 * section 4), or `__proto__`. A gateway that decides by the first `name` must not stand before a server that acts on the
 * last one.
 *
 * Looks three levels deep, four in a batch. Expects text that `JSON.parse` accepts, and says nothing about other text.
 */
export function hasAmbiguousMembers(text: string): boolean {
  const deepest = text.trimStart().startsWith('[') ? DEPTH_READ + 1 : DEPTH_READ
  /** The names seen in each object that is open; undefined for an array or for what lies too deep. */
  const open: (string[] | undefined)[] = []
  let expectsName = false
  for (let at = 0; at < text.length; at += 1) {
    const code = text.charCodeAt(at)
    if (code === QUOTE) {
      const end = endOfString(text, at)
      const seen = expectsName ? open[open.length - 1] : undefined
      if (seen !== undefined && !addName(seen, text, at, end)) return true
      expectsName = false
      at = end
    } else if (code === OPEN_BRACE || code === OPEN_BRACKET) {
      expectsName = code === OPEN_BRACE
      open.push(expectsName && open.length < deepest ? [] : undefined)
    } else if (code === CLOSE_BRACE || code === CLOSE_BRACKET) {
      expectsName = false
      open.pop()
    } else if (code === COMMA) {
      // In an array no string is a name: its entry in `open` is undefined.
      expectsName = true
    }
  }
  return false
}

/** The index of the quote that closes the string opened at `start`. */
function endOfString(text: string, start: number): number {
  for (let from = start + 1; ; ) {
    const end = text.indexOf('"', from)
    if (end === -1) return text.length
    if (!isEscaped(text, end)) return end
    from = end + 1
  }
}

/** Whether an odd number of backslashes stands before a character. */
function isEscaped(text: string, at: number): boolean {
  let first = at
  while (text.charCodeAt(first - 1) === BACKSLASH) first -= 1
  return (at - first) % 2 === 1
}

/** Adds a name to those seen; false when it is ambiguous. */
function addName(seen: string[], text: string, start: number, end: number): boolean {
  const written = text.slice(start + 1, end)
  const name = written.includes('\\') ? String(JSON.parse(`"${written}"`)) : written
  if (name === '__proto__' || seen.includes(name)) return false
  seen.push(name)
  return true
}
