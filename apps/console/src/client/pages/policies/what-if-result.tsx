import { Skeleton } from '@mantine/core'
import { IconBan, IconCheck, IconMinus, IconX } from '@tabler/icons-react'
import type { Asked, PolicyTool, WhatIf } from '../../api/policies.ts'
import { Card } from '../../ui/card.tsx'
import { FactList } from '../../ui/fact-list.tsx'
import { Tag } from '../../ui/tag.tsx'
import { fullTime } from '../../ui/time-words.ts'
import styles from './what-if-result.module.css'

const layerTitles: Readonly<Record<string, string>> = {
  scopes: 'Scopes in the token',
  roles: 'Roles held now',
  policies: 'Policies',
}

/** The decision in one sentence, and layer by layer. */
export function WhatIfResult({
  answer,
  person,
  tool,
}: {
  answer: WhatIf | undefined
  person: Asked
  tool: PolicyTool
}) {
  if (answer === undefined) {
    return (
      <Card title="Then">
        <Skeleton height={90} role="status" aria-label="Asking the policies" />
      </Card>
    )
  }
  const { decision, businessHours } = answer
  const isAllowed = decision.outcome === 'allowed'
  const Icon = isAllowed ? IconCheck : IconBan
  return (
    <Card title="Then" aside={<Moment answer={answer} />}>
      <div className={styles.verdict} role="status">
        <span className={isAllowed ? styles.good : styles.bad}>
          <Icon size={24} stroke={1.9} aria-hidden />
        </span>
        <div>
          <p className={styles.sentence}>
            <b>{person.name ?? person.username}</b> {isAllowed ? 'may call' : 'may not call'} <code>{tool.name}</code>
          </p>
          {decision.explanation !== undefined && <p className={styles.why}>{decision.explanation}</p>}
          {decision.retryAfter !== undefined && (
            <p>
              <Tag tone="warn">allowed again from {fullTime(new Date(decision.retryAfter))}</Tag>
            </p>
          )}
        </div>
      </div>
      {answer.candidate !== undefined && <Candidate decision={answer.candidate} live={decision} />}
      <ol className={styles.layers}>
        {decision.layers.map(({ layer, outcome, detail }) => (
          <li key={layer}>
            <LayerIcon outcome={outcome} />
            <div>
              <h3>{layerTitles[layer] ?? layer}</h3>
              <p>{outcome === 'allowed' && layer === 'policies' ? detail.replaceAll('-', ' ') : detail}</p>
            </div>
          </li>
        ))}
      </ol>
      <FactList
        facts={[
          {
            term: 'Records reached',
            value: <Rows rows={answer.rows} resourceType={tool.resourceType} />,
            note: 'The same policies, as the condition by which the database filters rows',
          },
          {
            term: 'Business hours',
            value: businessHours.open ? 'open' : `closed${businessHours.holiday ? `: ${businessHours.holiday}` : ''}`,
            note: businessHours.nextOpening && `open again ${fullTime(new Date(businessHours.nextOpening))}`,
          },
        ]}
      />
    </Card>
  )
}

function Candidate({ decision, live }: { decision: WhatIf['decision']; live: WhatIf['decision'] }) {
  const isSame = decision.outcome === live.outcome
  const words = decision.outcome === 'allowed' ? 'allows it' : 'refuses it'
  return (
    <p className={styles.candidate}>
      <Tag tone={isSame ? 'quiet' : 'warn'}>candidate</Tag> The candidate set {words}
      {isSame ? ', too' : decision.explanation !== undefined && `: ${decision.explanation}`}
      {decision.policies.length > 0 && ` (${decision.policies.join(', ').replaceAll('-', ' ')})`}
    </p>
  )
}

function Moment({ answer: { at } }: { answer: WhatIf }) {
  return <time dateTime={at}>{at.slice(0, 16).replace('T', ', ')}, their time</time>
}

function LayerIcon({ outcome }: { outcome: string }) {
  if (outcome === 'allowed') {
    return (
      <span className={styles.layerGood}>
        <IconCheck size={15} stroke={2.4} aria-label="allowed" />
      </span>
    )
  }
  return outcome === 'denied' ? (
    <span className={styles.layerBad}>
      <IconX size={15} stroke={2.4} aria-label="denied" />
    </span>
  ) : (
    <span className={styles.layerQuiet}>
      <IconMinus size={15} stroke={2.4} aria-label="not asked" />
    </span>
  )
}

function Rows({ rows, resourceType }: { rows: WhatIf['rows']; resourceType: string }) {
  if (typeof rows === 'string') return `${rows} of type ${resourceType}`
  const words = rows.parameters.map((parameter) => JSON.stringify(parameter)).join(', ')
  return (
    <code>
      {rows.sql}
      {words !== '' && ` ← ${words}`}
    </code>
  )
}
