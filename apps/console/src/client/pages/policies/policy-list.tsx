import { SegmentedControl } from '@mantine/core'
import { useState } from 'react'
import type { Policies, PolicyText, WhatIf } from '../../api/policies.ts'
import { Card } from '../../ui/card.tsx'
import { Identifier } from '../../ui/identifier.tsx'
import { Tag, type Tone } from '../../ui/tag.tsx'
import { CedarText } from './cedar-text.tsx'
import styles from './policy-list.module.css'

const standingLooks: Readonly<Record<string, { tone: Tone; words: string }>> = {
  applies: { tone: 'good', words: 'applies' },
  'on some records': { tone: 'accent', words: 'on some records' },
  'condition missing': { tone: 'warn', words: 'condition missing' },
  'about others': { tone: 'quiet', words: 'about others' },
  'cannot be evaluated': { tone: 'bad', words: 'cannot be evaluated' },
}
const order = Object.keys(standingLooks)

interface PolicyListProperties {
  policies: Policies
  /** How each stands to the question above; undefined until there is an answer. */
  standings: WhatIf['policies'] | undefined
}

/** Every policy as it is written, beside how it stands to the question. */
export function PolicyList({ policies: { policies, version }, standings }: PolicyListProperties) {
  const [shown, setShown] = useState<'here' | 'all'>('here')
  const standingOf = new Map(standings?.map(({ name, standing }) => [name, standing]))
  const rank = ({ name }: PolicyText): number => order.indexOf(standingOf.get(name) ?? 'about others')
  const here = policies.filter(({ name }) => (standingOf.get(name) ?? 'about others') !== 'about others')
  const listed = [...(shown === 'here' ? here : policies)].sort((one, other) => rank(one) - rank(other))
  return (
    <Card
      isFlush
      title="Policies in force"
      aside={
        <SegmentedControl
          size="xs"
          aria-label="Which policies"
          data={[
            { value: 'here', label: `About this (${here.length})` },
            { value: 'all', label: `All (${policies.length})` },
          ]}
          value={shown}
          onChange={(value) => setShown(value === 'all' ? 'all' : 'here')}
          transitionDuration={0}
        />
      }
    >
      <ul>
        {listed.map((policy) => (
          <PolicyRow key={policy.name} policy={policy} standing={standingOf.get(policy.name)} />
        ))}
      </ul>
      {listed.length === 0 && <p className={styles.nothing}>No policy speaks of this. What none permits is denied.</p>}
      <div className={styles.version}>
        <span>Version</span>
        <Identifier value={version} label="version of the policies" />
      </div>
    </Card>
  )
}

function PolicyRow({
  policy: { name, effect, text, refusal },
  standing,
}: {
  policy: PolicyText
  standing?: string | undefined
}) {
  const look = standingLooks[standing ?? '']
  return (
    <li className={styles.row}>
      <div className={styles.about}>
        <h3>{name.replaceAll('-', ' ')}</h3>
        <p className={styles.tags}>
          <Tag tone={effect === 'permit' ? 'good' : 'bad'}>{effect}</Tag>
          {look !== undefined && <Tag tone={look.tone}>{look.words}</Tag>}
        </p>
        {refusal !== undefined && <p className={styles.refusal}>{refusal}</p>}
      </div>
      <CedarText text={text} />
    </li>
  )
}
