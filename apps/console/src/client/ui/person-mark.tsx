import styles from './person-mark.module.css'

/** Initials on a colour that stays the same for the same name. Decorative: the name itself stands beside it. */
export function PersonMark({ name, size = 'medium' }: { name: string; size?: 'medium' | 'large' }) {
  return (
    <span className={`${styles.mark} ${styles[size]} ${styles[`tone${toneOf(name)}`]}`} aria-hidden>
      {initials(name)}
    </span>
  )
}

function initials(name: string): string {
  const words = name.split(/[\s.@_-]+/).filter((word) => /\p{L}/u.test(word))
  const letters = words.length > 1 ? [words[0], words[1]].map((word) => firstLetter(word ?? '')) : [firstLetter(name)]
  return letters.join('').toUpperCase()
}

const firstLetter = (word: string): string => /\p{L}/u.exec(word)?.[0] ?? '?'

function toneOf(name: string): number {
  let sum = 0
  for (const character of name) sum = (sum * 31 + (character.codePointAt(0) ?? 0)) % 6
  return sum
}
