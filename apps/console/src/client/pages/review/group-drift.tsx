import { IconArrowsDiff, IconCheck } from '@tabler/icons-react'
import { useQuery } from '@tanstack/react-query'
import { Link } from '@tanstack/react-router'
import type { ReviewedAccount } from '../../api/access-review.ts'
import { createPeopleApi } from '../../api/people.ts'
import { useScopedAccess } from '../../session/scoped-access.tsx'
import { useSession } from '../../session/session-context.tsx'
import { Card } from '../../ui/card.tsx'
import { PageFailed } from '../../ui/page-failed.tsx'
import { StatusDot, Tag } from '../../ui/tag.tsx'
import { directoryScope } from '../people/directory-access.tsx'
import { type Drift, findDrift } from './find-drift.ts'
import styles from './group-drift.module.css'

/** Where the realm and the company directory do not agree. Only directory administrators can see both. */
export function GroupDrift({ accounts }: { accounts: ReviewedAccount[] }) {
  const { settings } = useSession()
  const access = useScopedAccess(directoryScope)
  const people = useQuery({
    queryKey: ['people'],
    queryFn: async () => (access.status === 'granted' ? createPeopleApi(settings, access.authorizedFetch).list() : []),
    enabled: access.status === 'granted',
  })
  if (access.status !== 'granted') return undefined
  const drift = people.data === undefined ? undefined : findDrift(people.data, accounts)
  return (
    <Card title="Drift" aside="company directory against the realm">
      {people.isError && <PageFailed error={people.error} reset={() => void people.refetch()} />}
      {drift?.length === 0 && (
        <p className={styles.none}>
          <IconCheck size={18} aria-hidden /> The realm holds the same people in the same groups as the directory.
        </p>
      )}
      <ul>
        {drift?.map((person) => (
          <DriftRow key={person.username} drift={person} />
        ))}
      </ul>
    </Card>
  )
}

function DriftRow({ drift: { username, name, missing, extra, isStillEnabled } }: { drift: Drift }) {
  return (
    <li className={styles.row}>
      <IconArrowsDiff size={18} aria-hidden className={styles.icon} />
      <Link to="/people/$username" params={{ username }}>
        {name}
      </Link>
      {extra.map((group) => (
        <Tag key={group} tone="bad">
          still in {group}
        </Tag>
      ))}
      {missing.map((group) => (
        <Tag key={group} tone="warn">
          not yet in {group}
        </Tag>
      ))}
      {isStillEnabled && <StatusDot tone="bad">still enabled</StatusDot>}
    </li>
  )
}
