import '@mantine/core/styles/Pill.layer.css'
import '@mantine/core/styles/PillsInput.layer.css'
import { Button, Checkbox, MultiSelect, Select, Skeleton, TextInput } from '@mantine/core'
import type { Asked, Policies, PolicyTool } from '../../api/policies.ts'
import { Card } from '../../ui/card.tsx'
import type { Question } from './question.ts'
import styles from './what-if-form.module.css'

interface WhatIfFormProperties {
  question: Question
  person: Asked | undefined
  people: Asked[] | undefined
  tool: PolicyTool | undefined
  policies: Policies
  change(next: Question): void
}

const noMotion = { transitionProps: { duration: 0 } }

/** Who, which tool, which record, when. Every change asks anew. */
export function WhatIfForm({ question, person, people, tool, policies, change }: WhatIfFormProperties) {
  const set = (next: Partial<{ [Name in keyof Question]: Question[Name] | undefined }>): void => {
    const merged = Object.entries({ ...question, ...next }).filter(([, value]) => value !== undefined && value !== '')
    change(Object.fromEntries(merged) as Question)
  }
  const groupNames = [...new Set([...policies.groups.map(({ name }) => name), ...(person?.groups ?? [])])].sort()
  return (
    <Card
      title="What if"
      aside={
        Object.keys(question).length > 0 && (
          <Button variant="subtle" color="gray" size="compact-sm" onClick={() => change({})}>
            Start over
          </Button>
        )
      }
    >
      <div className={styles.fields}>
        {people === undefined || person === undefined ? (
          <Skeleton height={60} role="status" aria-label="Looking people up" />
        ) : (
          <Select
            label="Who"
            data={people.map(({ username, name }) => ({ value: username, label: name ?? username }))}
            value={person.username}
            onChange={(as) => set({ as: as ?? undefined, groups: undefined })}
            allowDeselect={false}
            searchable
            nothingFoundMessage="Nobody"
            comboboxProps={noMotion}
          />
        )}
        <Select
          label="calls"
          data={policies.tools.map(({ name }) => name)}
          value={tool?.name ?? null}
          onChange={(next) => set({ tool: next ?? undefined, record: undefined })}
          allowDeselect={false}
          comboboxProps={noMotion}
        />
        <TextInput
          label="when"
          description={person?.zoneinfo === undefined ? 'now, if left out' : `in ${person.zoneinfo}; now, if left out`}
          inputWrapperOrder={['label', 'input', 'description']}
          type="datetime-local"
          value={question.at ?? ''}
          onChange={(event) => set({ at: event.currentTarget.value })}
        />
        <MultiSelect
          className={styles.wide}
          label="in the groups"
          description="as they are; change them to see what would follow"
          inputWrapperOrder={['label', 'input', 'description']}
          data={groupNames}
          value={question.groups ?? person?.groups ?? []}
          onChange={(groups) => set({ groups })}
          comboboxProps={noMotion}
        />
        {tool !== undefined && (
          <RecordFields tool={tool} record={question.record ?? {}} change={(record) => set({ record })} />
        )}
      </div>
      <div className={styles.switches}>
        <Checkbox
          label="with a second person's approval"
          checked={question.approved === true}
          onChange={(event) => set({ approved: event.currentTarget.checked || undefined })}
        />
        <Checkbox
          label="in a declared emergency"
          checked={question.emergency === true}
          onChange={(event) => set({ emergency: event.currentTarget.checked || undefined })}
        />
      </div>
    </Card>
  )
}

interface RecordFieldsProperties {
  tool: PolicyTool
  record: Record<string, string | boolean>
  change(record: Record<string, string | boolean> | undefined): void
}

/** What policies may ask of a record of this tool. Nothing given: any record. */
function RecordFields({ tool: { resourceType, attributes }, record, change }: RecordFieldsProperties) {
  const asked = Object.entries(attributes).filter(([, { always }]) => always === undefined)
  if (asked.length === 0) return undefined
  const set = (name: string, value: string | boolean | undefined): void => {
    const merged = Object.entries({ ...record, [name]: value }).filter(([, each]) => each !== undefined && each !== '')
    change(merged.length === 0 ? undefined : (Object.fromEntries(merged) as Record<string, string | boolean>))
  }
  return (
    <fieldset className={styles.record}>
      <legend>on a {resourceType.toLowerCase()} with</legend>
      <div className={styles.attributes}>
        {asked.map(([name, { type }]) =>
          type === 'boolean' ? (
            <Checkbox
              key={name}
              label={name}
              checked={record[name] === true}
              onChange={(event) => set(name, event.currentTarget.checked || undefined)}
            />
          ) : (
            <TextInput
              key={name}
              className={styles.attribute}
              aria-label={name}
              placeholder={`any ${name}`}
              value={String(record[name] ?? '')}
              onChange={(event) => set(name, event.currentTarget.value)}
            />
          ),
        )}
      </div>
    </fieldset>
  )
}
