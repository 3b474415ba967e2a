import styles from './cedar-text.module.css'

const words = 'permit|forbid|principal|action|resource|context|when|unless|in|is|has|like|if|then|else|true|false'
const pattern = new RegExp(`(//[^\\n]*)|("(?:[^"\\\\]|\\\\.)*")|(@\\w+)|\\b(${words})\\b`, 'g')
const kinds = ['comment', 'string', 'annotation', 'word'] as const

/** A policy with its words set off. The text is the file's own; nothing in it is markup. */
export function CedarText({ text }: { text: string }) {
  const pieces = splitCedar(text.trim())
  return (
    // biome-ignore lint/a11y/noNoninteractiveTabindex: what scrolls has to be reachable by keyboard
    <pre className={styles.text} tabIndex={0}>
      <code>
        {pieces.map(({ kind, text: piece }, index) =>
          kind === undefined ? (
            piece
          ) : (
            <span key={index} className={styles[kind]}>
              {piece}
            </span>
          ),
        )}
      </code>
    </pre>
  )
}

interface Piece {
  kind: (typeof kinds)[number] | undefined
  text: string
}

function splitCedar(text: string): Piece[] {
  const pieces: Piece[] = []
  let end = 0
  for (const match of text.matchAll(pattern)) {
    if (match.index > end) pieces.push({ kind: undefined, text: text.slice(end, match.index) })
    pieces.push({ kind: kinds[match.slice(1).findIndex((group) => group !== undefined)], text: match[0] })
    end = match.index + match[0].length
  }
  if (end < text.length) pieces.push({ kind: undefined, text: text.slice(end) })
  return pieces
}
