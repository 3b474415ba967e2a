import { Skeleton } from '@mantine/core'
import { IconCheck, IconLock } from '@tabler/icons-react'
import type { ToolAccess } from '../../api/access.ts'
import { Card } from '../../ui/card.tsx'
import { PageFailed } from '../../ui/page-failed.tsx'
import { Tag } from '../../ui/tag.tsx'
import { fullTime } from '../../ui/time-words.ts'
import styles from './tool-list.module.css'

interface ToolListProperties {
  tools: ToolAccess[] | undefined
  error: Error | null
  retry(): void
}

/** Tools that may be called first, then the others with what they lack. */
export function ToolList({ tools, error, retry }: ToolListProperties) {
  if (error !== null) {
    return (
      <Card title="Tools">
        <PageFailed error={error} reset={retry} />
      </Card>
    )
  }
  if (tools === undefined) {
    return (
      <Card title="Tools">
        <div role="status" aria-label="Loading the tools" className={styles.loading}>
          <Skeleton height={44} />
          <Skeleton height={44} />
          <Skeleton height={44} />
        </div>
      </Card>
    )
  }
  const allowed = tools.filter(({ outcome }) => outcome === 'allowed')
  const denied = tools.filter(({ outcome }) => outcome === 'denied')
  return (
    <div className={styles.columns}>
      <Card isFlush title="You may call" aside={`${allowed.length} of ${tools.length} tools`}>
        <ul>
          {allowed.map((tool) => (
            <AllowedTool key={tool.name} tool={tool} />
          ))}
        </ul>
        {allowed.length === 0 && <p className={styles.nothing}>No tool, for the reasons on the right.</p>}
      </Card>
      <Card isFlush title="You may not call" aside={denied.length === 0 ? 'nothing is missing' : 'what is missing'}>
        <ul>
          {denied.map((tool) => (
            <DeniedTool key={tool.name} tool={tool} />
          ))}
        </ul>
        {denied.length === 0 && <p className={styles.nothing}>Every tool of this server is open to you.</p>}
      </Card>
    </div>
  )
}

function AllowedTool({ tool }: { tool: ToolAccess }) {
  return (
    <li className={styles.tool}>
      <span className={styles.good}>
        <IconCheck size={15} stroke={2.4} aria-hidden />
      </span>
      <div>
        <code>{tool.name}</code>
        {tool.title !== undefined && <span className={styles.title}>{tool.title}</span>}
        {tool.description !== undefined && <p>{tool.description}</p>}
        <p className={styles.tags}>
          {tool.scopes.length === 0 ? (
            <Tag>no scope needed</Tag>
          ) : (
            tool.scopes.map((scope) => (
              <Tag key={scope} tone="accent" isCode>
                {scope}
              </Tag>
            ))
          )}
          {tool.policies.map((policy) => (
            <Tag key={policy}>{policy.replaceAll('-', ' ')}</Tag>
          ))}
        </p>
      </div>
    </li>
  )
}

function DeniedTool({ tool }: { tool: ToolAccess }) {
  return (
    <li className={styles.tool}>
      <span className={styles.closed}>
        <IconLock size={14} stroke={2.1} aria-hidden />
      </span>
      <div>
        <code>{tool.name}</code>
        {tool.title !== undefined && <span className={styles.title}>{tool.title}</span>}
        <p>{tool.explanation ?? `Needs ${tool.scopes.join(' ')}`}</p>
        {tool.retryAfter !== undefined && (
          <p className={styles.tags}>
            <Tag tone="warn">open again {fullTime(new Date(tool.retryAfter))}</Tag>
          </p>
        )}
      </div>
    </li>
  )
}
