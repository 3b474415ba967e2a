import { Button, Checkbox, Skeleton } from '@mantine/core'
import { useQuery } from '@tanstack/react-query'
import { useState } from 'react'
import type { Person } from '../../api/people.ts'
import { Card } from '../../ui/card.tsx'
import { PageFailed } from '../../ui/page-failed.tsx'
import { usePeopleApi } from './directory-access.tsx'
import styles from './groups-editor.module.css'

interface GroupsEditorProperties {
  person: Person
  isChanging: boolean
  change(groups: string[]): void
}

/** Groups of the directory; Keycloak turns them into roles and scopes. */
export function GroupsEditor({ person, isChanging, change }: GroupsEditorProperties) {
  const api = usePeopleApi()
  const known = useQuery({ queryKey: ['groups'], queryFn: () => api.groups(), staleTime: 300_000 })
  const [wanted, setWanted] = useState<readonly string[]>(person.groups)
  const isChanged = [...wanted].sort().join('\n') !== [...person.groups].sort().join('\n')
  const toggle = (group: string): void =>
    setWanted(wanted.includes(group) ? wanted.filter((each) => each !== group) : [...wanted, group])
  return (
    <Card title="Groups" aside="of the company directory">
      {known.isPending && <Skeleton height={160} />}
      {known.isError && <PageFailed error={known.error} reset={() => void known.refetch()} />}
      {known.isSuccess && (
        <form
          onSubmit={(event) => {
            event.preventDefault()
            change([...wanted])
          }}
        >
          <fieldset className={styles.groups} disabled={isChanging}>
            <legend className={styles.legend}>Groups of {person.name}</legend>
            {known.data.map((group) => (
              <Checkbox
                key={group}
                label={group}
                description={descriptions[group]}
                checked={wanted.includes(group)}
                onChange={() => toggle(group)}
              />
            ))}
          </fieldset>
          <div className={styles.buttons}>
            <Button type="submit" disabled={!isChanged} loading={isChanging}>
              Save groups
            </Button>
            {isChanged && (
              <Button variant="subtle" color="gray" onClick={() => setWanted(person.groups)}>
                Undo
              </Button>
            )}
          </div>
        </form>
      )}
    </Card>
  )
}

/** What the demonstration's groups open, in words. Keycloak's realm says it for real. */
const descriptions: Readonly<Record<string, string>> = {
  'All Staff': 'grants nothing',
  'Customer Admins': 'read, change and delete any customer',
  'Customer Readers': 'read customers',
  'Account Managers': "read customers, change their own team's",
  Administrators: 'everything, in business hours',
  Operations: 'everything except financial records',
  'Data Analysts': 'read customers, run reports',
  'Directory Administrators': 'this page, and the audit log',
}
