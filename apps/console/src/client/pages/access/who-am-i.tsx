import { Button } from '@mantine/core'
import { IconLogout } from '@tabler/icons-react'
import type { AccessTokenClaims } from '../../session/access-token.ts'
import { useSession } from '../../session/session-context.tsx'
import { Card } from '../../ui/card.tsx'
import { PersonMark } from '../../ui/person-mark.tsx'
import { clockWords, durationWords } from '../../ui/time-words.ts'
import { useNow } from '../../ui/use-now.ts'
import styles from './who-am-i.module.css'

export function WhoAmI({ claims }: { claims: AccessTokenClaims }) {
  const { session } = useSession()
  const name = claims.name ?? claims.preferred_username ?? claims.sub
  return (
    <Card className={styles.card}>
      <PersonMark name={name} size="large" />
      <div className={styles.name}>
        <h2>{name}</h2>
        <p>{[claims.email, claims.department].filter(Boolean).join(' · ')}</p>
      </div>
      <TimeLeft claims={claims} />
      <Button
        variant="default"
        leftSection={<IconLogout size={16} aria-hidden />}
        onClick={() => void session.signOut()}
      >
        End this session
      </Button>
    </Card>
  )
}

/** How long the present access token lasts. The page gets the next one by itself. */
function TimeLeft({ claims }: { claims: AccessTokenClaims }) {
  const now = useNow()
  const lifetime = claims.exp - claims.iat
  const left = Math.max(0, claims.exp - now / 1000)
  const share = lifetime > 0 ? Math.min(1, left / lifetime) : 0
  return (
    <div className={styles.left}>
      <svg viewBox="0 0 40 40" aria-hidden="true" focusable="false">
        <circle cx="20" cy="20" r="17" pathLength={100} />
        <circle
          cx="20"
          cy="20"
          r="17"
          pathLength={100}
          strokeDasharray={`${share * 100} 100`}
          className={styles.share}
        />
      </svg>
      <div>
        <b>{durationWords(left)} left</b>
        <span>
          {claims.auth_time === undefined
            ? 'renewed by itself'
            : `renewed by itself; signed in at ${clockWords(new Date(claims.auth_time * 1000))}`}
        </span>
      </div>
    </div>
  )
}
