import { IconArrowRight } from '@tabler/icons-react'
import type { PublicKey } from '../../api/realm-keys.ts'
import { Card } from '../../ui/card.tsx'
import { StatusDot, type Tone } from '../../ui/tag.tsx'
import { durationWords } from '../../ui/time-words.ts'
import { useNow } from '../../ui/use-now.ts'
import styles from './rotation-trial.module.css'
import type { HeldToken, Rotation } from './use-rotation.ts'

const answers: Readonly<Record<string, { tone: Tone; words: string }>> = {
  accepted: { tone: 'good', words: 'The MCP server accepts it' },
  refused: { tone: 'bad', words: 'The MCP server refuses it' },
  unknown: { tone: 'warn', words: 'The MCP server cannot tell now' },
}

/** What a rotation did, seen on two real tokens: one from before it and one from after. */
export function RotationTrial({ rotation, keySet }: { rotation: Rotation; keySet: PublicKey[] | undefined }) {
  const { trial } = rotation
  if (trial === undefined) return undefined
  return (
    <Card title="What the rotation did" aside="the MCP server is asked about both, again and again">
      <div className={styles.tokens} role="status">
        <Token title="Token from before" token={trial.old} keySet={keySet} />
        <span className={styles.arrow} aria-hidden>
          <IconArrowRight size={18} stroke={1.7} />
        </span>
        <Token title="Token from after" token={trial.fresh} keySet={keySet} />
      </div>
    </Card>
  )
}

interface TokenProperties {
  title: string
  token: HeldToken
  keySet: PublicKey[] | undefined
}

function Token({ title, token: { kid, answer, expiresAt }, keySet }: TokenProperties) {
  const now = useNow()
  const { tone, words } = answers[answer ?? ''] ?? { tone: 'quiet', words: 'Asking' }
  const isPublished = keySet?.some((key) => key.kid === kid) ?? true
  const left = expiresAt - now / 1000
  return (
    <div className={styles.token}>
      <h3>{title}</h3>
      <code title={kid}>{kid.slice(0, 12)}…</code>
      <StatusDot tone={tone}>{words}</StatusDot>
      <p>
        {isPublished ? 'Its key is in the key set.' : 'Its key has left the key set.'}{' '}
        {left > 0 ? `It would live for ${durationWords(left)} more.` : 'It has expired.'}
      </p>
    </div>
  )
}
