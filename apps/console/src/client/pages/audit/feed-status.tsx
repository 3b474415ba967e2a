import { useAuditFeedSnapshot } from '../../api/audit-feed-context.tsx'
import { StatusDot, type Tone } from '../../ui/tag.tsx'

const words: Readonly<Record<string, { tone: Tone; text: string }>> = {
  connecting: { tone: 'quiet', text: 'Connecting' },
  live: { tone: 'good', text: 'Live' },
  waiting: { tone: 'warn', text: 'The stream broke, opening it again' },
  refused: { tone: 'quiet', text: 'Not available' },
}

/** Whether the audit stream is open. */
export function FeedStatus() {
  const { status } = useAuditFeedSnapshot()
  const { tone, text } = words[status] ?? { tone: 'quiet', text: status }
  return (
    <span role="status">
      <StatusDot tone={tone} isPulsing={status === 'live'}>
        {text}
      </StatusDot>
    </span>
  )
}
