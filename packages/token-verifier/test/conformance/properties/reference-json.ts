/**
 * A second strict JSON reader (RFC 8259, RFC 7493), written for clarity and without the platform's parser, to compare
 * the first with. Throws for anything that is not one JSON object in well-formed UTF-8, with unique names, at most
 * `maxDepth` levels, finite numbers and well-formed strings.
 */
export function readJsonObjectSlowly(bytes: Uint8Array, maxDepth: number): unknown {
  const text = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes)
  const reader = new Reader(text, maxDepth)
  const value = reader.readDocument()
  if (typeof value !== 'object' || value === null || Array.isArray(value)) throw new SyntaxError('no object')
  return value
}

const literals: readonly (readonly [string, unknown])[] = [
  ['true', true],
  ['false', false],
  ['null', null],
]

const escapes: Readonly<Record<string, string>> = {
  '"': '"',
  '\\': '\\',
  '/': '/',
  b: '\b',
  f: '\f',
  n: '\n',
  r: '\r',
  t: '\t',
}

class Reader {
  readonly #text: string
  readonly #maxDepth: number
  #at = 0

  constructor(text: string, maxDepth: number) {
    this.#text = text
    this.#maxDepth = maxDepth
  }

  readDocument(): unknown {
    const value = this.#readValue(1)
    this.#skipSpace()
    if (this.#at !== this.#text.length) throw new SyntaxError('something follows')
    return value
  }

  #readValue(depth: number): unknown {
    this.#skipSpace()
    const next = this.#text[this.#at]
    if (next === '{') return this.#readObject(depth)
    if (next === '[') return this.#readArray(depth)
    if (next === '"') return this.#readString()
    const literal = literals.find(([word]) => this.#text.startsWith(word, this.#at))
    if (literal === undefined) return this.#readNumber()
    this.#at += literal[0].length
    return literal[1]
  }

  #readObject(depth: number): unknown {
    const members: [string, unknown][] = []
    this.#readList(depth, '}', () => {
      this.#skipSpace()
      const name = this.#readString()
      if (members.some(([other]) => other === name)) throw new SyntaxError('a name twice')
      if (['__proto__', 'constructor', 'prototype'].includes(name)) throw new SyntaxError('a dangerous name')
      this.#skipSpace()
      this.#expect(':')
      members.push([name, this.#readValue(depth + 1)])
    })
    return Object.fromEntries(members)
  }

  #readArray(depth: number): unknown {
    const items: unknown[] = []
    this.#readList(depth, ']', () => items.push(this.#readValue(depth + 1)))
    return items
  }

  #readList(depth: number, end: string, readItem: () => unknown): void {
    if (depth > this.#maxDepth) throw new SyntaxError('too deep')
    this.#at += 1
    this.#skipSpace()
    if (this.#text[this.#at] === end) {
      this.#at += 1
      return
    }
    for (;;) {
      readItem()
      this.#skipSpace()
      if (this.#text[this.#at] === end) break
      this.#expect(',')
    }
    this.#at += 1
  }

  #readString(): string {
    this.#expect('"')
    let value = ''
    for (;;) {
      const next = this.#text[this.#at++]
      if (next === undefined || next < ' ') throw new SyntaxError('a string without its end')
      if (next === '"') break
      value += next === '\\' ? this.#readEscape() : next
    }
    if (/\p{Surrogate}/u.test(value)) throw new SyntaxError('a lone surrogate')
    return value
  }

  #readEscape(): string {
    const letter = this.#text[this.#at++] ?? ''
    if (letter !== 'u') return escapes[letter] ?? this.#fail('an unknown escape')
    const [digits = this.#fail('a short escape')] =
      /^[0-9a-fA-F]{4}/.exec(this.#text.slice(this.#at, this.#at + 4)) ?? []
    this.#at += 4
    return String.fromCharCode(Number.parseInt(digits, 16))
  }

  #readNumber(): number {
    const rest = this.#text.slice(this.#at)
    const [digits = this.#fail('no value')] = /^-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][+-]?\d+)?/.exec(rest) ?? []
    this.#at += digits.length
    const value = Number(digits)
    return Number.isFinite(value) ? value : this.#fail('a number beyond all bounds')
  }

  #skipSpace(): void {
    while (/[ \t\n\r]/.test(this.#text[this.#at] ?? '')) this.#at += 1
  }

  #expect(character: string): void {
    if (this.#text[this.#at] !== character) throw new SyntaxError(`no ${character}`)
    this.#at += 1
  }

  #fail(why: string): never {
    throw new SyntaxError(why)
  }
}
