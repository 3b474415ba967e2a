import { IconArrowRight } from '@tabler/icons-react'
import type { ReactNode } from 'react'
import { type AccessTokenClaims, rolesAt, scopesOf } from '../../session/access-token.ts'
import { useSession } from '../../session/session-context.tsx'
import { Card } from '../../ui/card.tsx'
import { Tag } from '../../ui/tag.tsx'
import styles from './access-origin.module.css'

/** Group of the directory → role at the MCP server → scope in the token: nobody grants anything in this console. */
export function AccessOrigin({ claims }: { claims: AccessTokenClaims }) {
  const { settings } = useSession()
  const scopes = scopesOf(claims)
  return (
    <Card title="Where it comes from">
      <ol className={styles.chain}>
        <Step title="Groups" where="company directory" items={claims.groups} nothing="You are in no group." />
        <Arrow />
        <Step
          title="Roles"
          where="Keycloak, from your groups"
          items={rolesAt(claims, settings.mcp)}
          nothing="Your groups carry no role here."
          isCode
        />
        <Arrow />
        <Step
          title="Scopes"
          where="in your access token"
          items={scopes}
          nothing="Your token carries no scope."
          isCode
          tone="accent"
        />
        <Arrow />
        <Step title="Policies" where="MCP server, at every call" items={['your record, this hour']} nothing="" />
      </ol>
      {scopes.length === 0 && (
        <p className={styles.hint}>
          None of your groups opens a tool. Groups are given in the company directory; ask its administrators for the
          one that fits your work, then sign in again.
        </p>
      )}
    </Card>
  )
}

function Step(properties: {
  title: string
  where: string
  items: string[]
  nothing: string
  isCode?: boolean
  tone?: 'accent' | 'quiet'
}) {
  const { title, where, items, nothing, isCode = false, tone = 'quiet' } = properties
  return (
    <li className={styles.step}>
      <h3>{title}</h3>
      <p className={styles.where}>{where}</p>
      <Tags>
        {items.map((item) => (
          <Tag key={item} isCode={isCode} tone={tone}>
            {item}
          </Tag>
        ))}
      </Tags>
      {items.length === 0 && <p className={styles.nothing}>{nothing}</p>}
    </li>
  )
}

const Tags = ({ children }: { children: ReactNode }) => <div className={styles.tags}>{children}</div>

function Arrow() {
  return (
    <li className={styles.arrow} aria-hidden>
      <IconArrowRight size={18} stroke={1.7} />
    </li>
  )
}
