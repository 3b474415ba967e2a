import { Button } from '@mantine/core'
import { IconArrowLeft } from '@tabler/icons-react'
import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query'
import { Link, useParams } from '@tanstack/react-router'
import type { Person, PersonChange } from '../../api/people.ts'
import { PagePending } from '../../shell/page-pending.tsx'
import { Card } from '../../ui/card.tsx'
import { Page } from '../../ui/page.tsx'
import { PageFailed } from '../../ui/page-failed.tsx'
import { PersonMark } from '../../ui/person-mark.tsx'
import { StatusDot } from '../../ui/tag.tsx'
import { AccessSwitch } from './access-switch.tsx'
import { DirectoryAccess, usePeopleApi } from './directory-access.tsx'
import { GroupsEditor } from './groups-editor.tsx'
import styles from './person-page.module.css'
import { RecentCalls } from './recent-calls.tsx'
import { Stopwatch } from './stopwatch.tsx'
import { useStopwatch } from './use-stopwatch.ts'

/** One person: groups, the switch that ends every access, and the stopwatch that shows how fast it ends. */
export function PersonPage() {
  const { username } = useParams({ from: '/people/$username' })
  return (
    <Page
      title="Person"
      actions={
        <Button
          component={Link}
          to="/people"
          variant="default"
          size="compact-md"
          leftSection={<IconArrowLeft size={16} aria-hidden />}
        >
          All people
        </Button>
      }
    >
      <DirectoryAccess>
        <FindPerson username={username} key={username} />
      </DirectoryAccess>
    </Page>
  )
}

function FindPerson({ username }: { username: string }) {
  const api = usePeopleApi()
  const person = useQuery({ queryKey: ['people', username], queryFn: () => api.find(username) })
  if (person.isPending) return <PagePending />
  if (person.isError) {
    return (
      <Card>
        <PageFailed error={person.error} reset={() => void person.refetch()} />
      </Card>
    )
  }
  return <PersonCards person={person.data} />
}

function PersonCards({ person }: { person: Person }) {
  const api = usePeopleApi()
  const queryClient = useQueryClient()
  const stopwatch = useStopwatch(person)
  const change = useMutation({
    mutationFn: (wanted: PersonChange) => {
      stopwatch.start(wanted)
      return api.change(person.username, wanted)
    },
    onSuccess: ({ ms: directoryMs, signals, ...changed }) => {
      stopwatch.directoryAnswered(signals)
      queryClient.setQueryData(['people', person.username], changed)
      void queryClient.invalidateQueries({ queryKey: ['people'], exact: true })
    },
    onError: () => stopwatch.reset(),
  })
  return (
    <>
      <Card className={styles.head}>
        <PersonMark name={person.name} size="large" />
        <div className={styles.name}>
          <h2>{person.name}</h2>
          <p>{[person.email, person.department, person.zoneinfo].filter(Boolean).join(' · ')}</p>
        </div>
        <StatusDot tone={person.active ? 'good' : 'bad'}>{person.active ? 'Active' : 'Disabled'}</StatusDot>
        <AccessSwitch person={person} isChanging={change.isPending} change={(active) => change.mutate({ active })} />
      </Card>
      {change.isError && (
        <Card>
          <PageFailed error={change.error} />
        </Card>
      )}
      <Stopwatch run={stopwatch.run} person={person} />
      <div className={styles.columns}>
        <GroupsEditor
          key={person.groups.join('\n')}
          person={person}
          isChanging={change.isPending}
          change={(groups) => change.mutate({ groups })}
        />
        <RecentCalls person={person} />
      </div>
    </>
  )
}
