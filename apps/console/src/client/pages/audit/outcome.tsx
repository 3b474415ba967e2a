import { IconAlertTriangle, IconBan, IconCheck, IconShieldBolt, IconX } from '@tabler/icons-react'
import type { ComponentType } from 'react'
import type { AuditRecord } from '../../api/audit-record.ts'
import type { Tone } from '../../ui/tag.tsx'

export interface OutcomeLook {
  word: string
  tone: Tone
  icon: ComponentType<{ size?: number; stroke?: number; 'aria-hidden'?: boolean }>
}

const looks: Readonly<Record<string, OutcomeLook>> = {
  succeeded: { word: 'Succeeded', tone: 'good', icon: IconCheck },
  allowed: { word: 'Allowed', tone: 'good', icon: IconCheck },
  refused: { word: 'Refused', tone: 'bad', icon: IconBan },
  failed: { word: 'Failed', tone: 'warn', icon: IconAlertTriangle },
  security: { word: 'Security event', tone: 'accent', icon: IconShieldBolt },
}

const unknownLook: OutcomeLook = { word: 'Unknown', tone: 'quiet', icon: IconX }

/** How an outcome looks: the ending's when the call has ended, else the decision's. */
export function outcomeLook(record: AuditRecord, ending?: AuditRecord): OutcomeLook {
  const { event } = ending ?? record
  const key = event.phase === 'security' && event.outcome !== 'failed' ? 'security' : event.outcome
  return looks[key] ?? unknownLook
}
