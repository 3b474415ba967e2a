import { useQuery } from '@tanstack/react-query'
import type { RealmKeysApi, RealmLifetimes } from '../../api/realm-keys.ts'
import { useAccess } from '../../api/use-tool-access.ts'
import { useClaims } from '../../session/session-context.tsx'
import { Card } from '../../ui/card.tsx'
import { PageFailed } from '../../ui/page-failed.tsx'
import { durationWords } from '../../ui/time-words.ts'
import styles from './lifetimes.module.css'

interface Lifetime {
  name: string
  seconds: number
  ceilingSeconds: number
  note: string
}

const minute = 60
const day = 86_400

/** How long anything lasts, beside the longest that it may. */
export function Lifetimes({ api }: { api: RealmKeysApi | undefined }) {
  const claims = useClaims()
  const access = useAccess()
  const realm = useQuery({
    queryKey: ['realm lifetimes'],
    queryFn: () => api?.lifetimes(),
    enabled: api !== undefined,
    staleTime: 60_000,
  })
  const rows = [
    accessTokenRow(claims.exp - claims.iat, access.data?.maxTokenLifetimeSeconds),
    ...(realm.data === undefined ? [] : realmRows(realm.data)),
  ]
  return (
    <Card title="Lifetimes" aside="against their ceilings">
      {realm.isError && <PageFailed error={realm.error} reset={() => void realm.refetch()} />}
      <ul className={styles.rows}>
        {rows.map((row) => (
          <LifetimeRow key={row.name} lifetime={row} />
        ))}
      </ul>
      {realm.data !== undefined && (
        <p className={styles.note}>
          {realm.data.revokeRefreshToken && realm.data.refreshTokenMaxReuse === 0
            ? 'A refresh token works once: each use gives the next one, and one that comes back ends its session.'
            : 'Refresh tokens can be used again, so a stolen one would not be noticed. Rotation is off in the realm.'}
        </p>
      )}
    </Card>
  )
}

/** The ceiling is an hour, or less where the MCP server says so. */
function accessTokenRow(seconds: number, serverSeconds = Number.POSITIVE_INFINITY): Lifetime {
  const serverWords = Number.isFinite(serverSeconds)
    ? ` The MCP server itself refuses any that lives longer than ${durationWords(serverSeconds)}.`
    : ''
  return {
    name: 'Access token',
    seconds,
    ceilingSeconds: Math.min(60 * minute, serverSeconds),
    note: `What a stolen copy is worth, if nobody ends it.${serverWords}`,
  }
}

function realmRows(realm: RealmLifetimes): Lifetime[] {
  const idle = realm.ssoSessionIdleTimeout
  return [
    {
      name: 'Session and refresh token',
      seconds: realm.ssoSessionMaxLifespan,
      ceilingSeconds: 30 * day,
      note:
        idle < realm.ssoSessionMaxLifespan
          ? `Signing in again afterwards; after ${durationWords(idle)} without use already.`
          : 'Signing in again afterwards.',
    },
    {
      name: 'Authorization code',
      seconds: realm.accessCodeLifespan,
      ceilingSeconds: 10 * minute,
      note: 'On its way through the browser (RFC 6749 section 4.1.2 asks for ten minutes at most).',
    },
  ]
}

function LifetimeRow({ lifetime: { name, seconds, ceilingSeconds, note } }: { lifetime: Lifetime }) {
  const share = Math.min(1, seconds / ceilingSeconds)
  const isOver = seconds > ceilingSeconds
  return (
    <li className={styles.row}>
      <div className={styles.head}>
        <h3>{name}</h3>
        <span>
          <b>{durationWords(seconds)}</b> of at most {durationWords(ceilingSeconds)}
        </span>
      </div>
      <div className={styles.track} aria-hidden>
        <span data-over={isOver} style={{ width: `${Math.max(1, share * 100)}%` }} />
      </div>
      <p>{isOver ? `Longer than it may be. ${note}` : note}</p>
    </li>
  )
}
