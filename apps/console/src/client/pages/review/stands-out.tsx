import { IconMoodCheck } from '@tabler/icons-react'
import { Link } from '@tanstack/react-router'
import type { ReactNode } from 'react'
import type { AccessReview, ReviewedAccount } from '../../api/access-review.ts'
import { Card } from '../../ui/card.tsx'
import { EmptyState } from '../../ui/empty-state.tsx'
import { Tag } from '../../ui/tag.tsx'
import styles from './stands-out.module.css'

/** Everybody may ask who they are; that this was never asked says nothing. */
const withoutWeight = 'whoami'

/** What a reviewer would look at first: permissions that nobody uses, tools that nobody or everybody reaches. */
export function StandsOut({ review }: { review: AccessReview }) {
  const unused = review.accounts
    .map((account) => ({ account, tools: unusedTools(account) }))
    .filter(({ tools }) => tools.length > 0)
  const disabled = review.accounts.filter(({ isEnabled, grants }) => !isEnabled && grants.length > 0)
  const { reachedByNobody, warnings } = review
  const reachedByEverybody = review.reachedByEverybody.filter((tool) => tool !== withoutWeight)
  const isQuiet = [unused, disabled, reachedByNobody, reachedByEverybody, warnings].every((each) => each.length === 0)
  return (
    <Card isFlush title="What stands out" aside="from the audit log, the realm and the policies">
      {isQuiet && <EmptyState icon={IconMoodCheck} title="Nothing: every permission is used" />}
      <dl className={styles.findings}>
        {unused.length > 0 && (
          <Finding title="Never used" note="Permissions that their owners have not needed so far">
            <ul className={styles.unused}>
              {unused.map(({ account, tools }) => (
                <li key={account.subject}>
                  <AccountName account={account} />
                  <Tools names={tools} />
                </li>
              ))}
            </ul>
          </Finding>
        )}
        {disabled.length > 0 && (
          <Finding title="Disabled, with grants" note="Nothing works now; enabling would bring it back">
            {disabled.map(({ username, name }) => name ?? username).join(', ')}
          </Finding>
        )}
        {reachedByNobody.length > 0 && (
          <Finding title="Reached by nobody" note="Tools that no account can call">
            <Tools names={reachedByNobody} />
          </Finding>
        )}
        {reachedByEverybody.length > 0 && (
          <Finding title="Reached by everybody" note="On every record, at any hour">
            <Tools names={reachedByEverybody} />
          </Finding>
        )}
        {warnings.length > 0 && (
          <Finding title="Not read" note="What is missing in this review">
            {warnings.join(' ')}
          </Finding>
        )}
      </dl>
    </Card>
  )
}

function unusedTools({ grants, isEnabled }: ReviewedAccount): string[] {
  if (!isEnabled) return []
  return grants.filter(({ neverUsed, tool }) => neverUsed && tool !== withoutWeight).map(({ tool }) => tool)
}

function AccountName({ account: { kind, username, name, clientId } }: { account: ReviewedAccount }) {
  if (kind === 'service') return <b>{clientId ?? username}</b>
  return (
    <Link to="/people/$username" params={{ username }}>
      {name ?? username}
    </Link>
  )
}

function Tools({ names }: { names: string[] }) {
  return (
    <span className={styles.tools}>
      {names.map((name) => (
        <Tag key={name} isCode>
          {name}
        </Tag>
      ))}
    </span>
  )
}

function Finding({ title, note, children }: { title: string; note: string; children: ReactNode }) {
  return (
    <div className={styles.finding}>
      <dt>
        {title}
        <span>{note}</span>
      </dt>
      <dd>{children}</dd>
    </div>
  )
}
