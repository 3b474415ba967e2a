import { SegmentedControl, Skeleton, TextInput } from '@mantine/core'
import { IconChevronRight, IconMoodEmpty, IconSearch } from '@tabler/icons-react'
import { useQuery } from '@tanstack/react-query'
import { Link } from '@tanstack/react-router'
import { useState } from 'react'
import type { Person } from '../../api/people.ts'
import { Card } from '../../ui/card.tsx'
import { EmptyState } from '../../ui/empty-state.tsx'
import { Page } from '../../ui/page.tsx'
import { PageFailed } from '../../ui/page-failed.tsx'
import { PersonMark } from '../../ui/person-mark.tsx'
import { StatusDot, Tag } from '../../ui/tag.tsx'
import { DirectoryAccess, usePeopleApi } from './directory-access.tsx'
import styles from './people-page.module.css'

/** Everybody in the company directory, for those who administer it. */
export function PeoplePage() {
  return (
    <Page title="People" lead="The company directory. A change here reaches Keycloak and the MCP servers by itself.">
      <DirectoryAccess>
        <PeopleList />
      </DirectoryAccess>
    </Page>
  )
}

type Shown = 'all' | 'active' | 'disabled'

function PeopleList() {
  const api = usePeopleApi()
  const people = useQuery({ queryKey: ['people'], queryFn: () => api.list() })
  const [text, setText] = useState('')
  const [shown, setShown] = useState<Shown>('all')
  if (people.isError) {
    return (
      <Card>
        <PageFailed error={people.error} reset={() => void people.refetch()} />
      </Card>
    )
  }
  const found = (people.data ?? []).filter((person) => isShown(person, shown) && hasText(person, text))
  return (
    <Card isFlush>
      <search className={styles.bar}>
        <TextInput
          className={styles.text}
          aria-label="Search names, departments, groups"
          placeholder="Search names, departments, groups"
          leftSection={<IconSearch size={16} aria-hidden />}
          value={text}
          onChange={(event) => setText(event.currentTarget.value)}
        />
        <SegmentedControl
          aria-label="Which people"
          data={[
            { value: 'all', label: 'Everybody' },
            { value: 'active', label: 'Active' },
            { value: 'disabled', label: 'Disabled' },
          ]}
          value={shown}
          onChange={(value) => setShown(value as Shown)}
          transitionDuration={0}
        />
      </search>
      {people.isPending ? (
        <div className={styles.loading} role="status" aria-label="Loading the directory">
          <Skeleton height={40} />
          <Skeleton height={40} />
          <Skeleton height={40} />
          <Skeleton height={40} />
        </div>
      ) : (
        <ul>
          {found.map((person) => (
            <PersonRow key={person.username} person={person} />
          ))}
        </ul>
      )}
      {people.isSuccess && found.length === 0 && <EmptyState icon={IconMoodEmpty} title="Nobody matches" />}
    </Card>
  )
}

function PersonRow({ person }: { person: Person }) {
  return (
    <li className={styles.row}>
      <PersonMark name={person.name} />
      <div className={styles.who}>
        <Link to="/people/$username" params={{ username: person.username }} className={styles.link}>
          {person.name}
        </Link>
        <span>{person.email}</span>
      </div>
      <span className={styles.department}>{person.department}</span>
      <span className={styles.groups}>
        {toolGroups(person).map((group) => (
          <Tag key={group}>{group}</Tag>
        ))}
        {toolGroups(person).length === 0 && <span className={styles.none}>no tool group</span>}
      </span>
      <span className={styles.state}>
        <StatusDot tone={person.active ? 'good' : 'bad'}>{person.active ? 'Active' : 'Disabled'}</StatusDot>
      </span>
      <IconChevronRight size={17} className={styles.open} aria-hidden />
    </li>
  )
}

/** Everybody is in `All Staff`, which grants nothing. */
function toolGroups({ groups }: Person): string[] {
  return groups.filter((group) => group !== 'All Staff')
}

function isShown({ active }: Person, shown: Shown): boolean {
  return shown === 'all' || active === (shown === 'active')
}

function hasText({ name, email, department = '', groups }: Person, text: string): boolean {
  return [name, email, department, ...groups].join('\n').toLowerCase().includes(text.trim().toLowerCase())
}
