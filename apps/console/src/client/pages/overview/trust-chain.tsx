import { IconBuilding, IconKey, IconNotebook, IconServer } from '@tabler/icons-react'
import type { ComponentType } from 'react'
import { useAuditFeedSnapshot } from '../../api/audit-feed-context.tsx'
import type { PartHealth, StackHealth } from '../../api/health.ts'
import { useSession } from '../../session/session-context.tsx'
import { mcpOrigin } from '../../settings.ts'
import { Card } from '../../ui/card.tsx'
import { StatusDot, type Tone } from '../../ui/tag.tsx'
import { agoWords, durationWords, millisecondWords } from '../../ui/time-words.ts'
import { useNow } from '../../ui/use-now.ts'
import styles from './trust-chain.module.css'
import { useLastRotation } from './use-last-rotation.ts'

interface Part {
  name: string
  role: string
  where: string
  icon: ComponentType<{ size?: number; stroke?: number; 'aria-hidden'?: boolean }>
  tone: Tone
  status: string
  fact: string | undefined
  /** What it hands to the next part. */
  hands?: string
}

/** Corporate IdP → Keycloak → MCP server → audit log, with how each of them is at this moment. */
export function TrustChain({ health }: { health: StackHealth | undefined }) {
  const parts = useParts(health)
  return (
    <Card title="Chain of trust" aside="asked every five seconds">
      <ol className={styles.chain}>
        {parts.map(({ name, role, where, icon: Icon, tone, status, fact, hands }) => (
          <li key={name} className={styles.part}>
            <div className={styles.node} data-tone={tone}>
              <span className={styles.icon}>
                <Icon size={20} stroke={1.6} aria-hidden />
              </span>
              <h3>{name}</h3>
              <p>{role}</p>
              <code>{where}</code>
              <div className={styles.status}>
                <StatusDot tone={tone}>{status}</StatusDot>
                {fact !== undefined && <span>{fact}</span>}
              </div>
            </div>
            {hands !== undefined && (
              <div className={styles.link} data-flowing={tone === 'good'}>
                <span>{hands}</span>
              </div>
            )}
          </li>
        ))}
      </ol>
    </Card>
  )
}

function useParts(health: StackHealth | undefined): Part[] {
  const { settings } = useSession()
  const feed = useAuditFeedSnapshot()
  const now = useNow()
  const rotatedAt = useLastRotation()
  const newest = feed.records[0]
  const feedAge = health?.mcp.feedAgeSeconds
  return [
    {
      name: 'Corporate IdP',
      role: 'Signs people in, knows their groups',
      where: new URL(settings.corporateIdp).host,
      icon: IconBuilding,
      hands: 'identity, groups',
      ...look(health?.corporateIdp),
    },
    {
      name: 'Keycloak',
      role: 'Turns groups into scopes, issues tokens',
      where: new URL(settings.issuer).host,
      icon: IconKey,
      hands: 'access token',
      ...look(health?.keycloak),
      ...(rotatedAt === undefined || health?.keycloak.state !== 'well'
        ? {}
        : { fact: `keys rotated ${agoWords(rotatedAt, now)}` }),
    },
    {
      name: 'MCP server',
      role: 'Verifies, decides, does',
      where: new URL(mcpOrigin(settings)).host,
      icon: IconServer,
      hands: 'every decision',
      ...look(health?.mcp),
      ...(feedAge === undefined
        ? {}
        : {
            fact: `sessions known as of ${feedAge < 1 ? millisecondWords(feedAge * 1000) : durationWords(feedAge)} ago`,
          }),
    },
    {
      name: 'Audit log',
      role: 'Chained, durable before the answer',
      where: newest === undefined ? 'no record yet' : `record ${newest.sequence.toLocaleString('en')}`,
      icon: IconNotebook,
      ...(auditLooks[feed.status] ?? look(undefined)),
      fact: newest === undefined ? undefined : `newest ${agoWords(new Date(newest.event.time), now)}`,
    },
  ]
}

type Look = Pick<Part, 'tone' | 'status' | 'fact'>

function look(health: PartHealth | undefined): Look {
  if (health === undefined) return { tone: 'quiet', status: 'Asking', fact: undefined }
  if (health.state === 'away') return { tone: 'bad', status: 'No answer', fact: undefined }
  if (health.state === 'not ready') return { tone: 'warn', status: 'Not ready', fact: health.waitsFor?.[0] }
  return {
    tone: 'good',
    status: 'Well',
    fact: health.ms === undefined ? undefined : `answers in ${millisecondWords(health.ms)}`,
  }
}

const auditLooks: Readonly<Record<string, Look>> = {
  connecting: { tone: 'quiet', status: 'Connecting', fact: undefined },
  live: { tone: 'good', status: 'Live', fact: undefined },
  waiting: { tone: 'warn', status: 'Stream broken', fact: undefined },
  refused: { tone: 'quiet', status: 'Not yours to read', fact: undefined },
}
