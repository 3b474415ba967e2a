import { Fragment, type ReactNode } from 'react'
import type { AuditEvent, AuditRecord } from '../api/audit-record.ts'
import styles from './human-line.module.css'

interface HumanLineProperties {
  record: AuditRecord
  /** The reason stands elsewhere, so the sentence ends before it. */
  withoutReason?: boolean
}

/** The record's sentence, with the person and the tool set off. The text is the log's own; nothing in it is markup. */
export function HumanLine({ record, withoutReason = false }: HumanLineProperties) {
  const { event } = record
  const line = record.line ?? plainLine(event)
  const reason = `: ${event.reason ?? ''}`
  const shown = withoutReason && line.endsWith(reason) ? line.slice(0, -reason.length) : line
  return <>{emphasize(shown, [event.email, event.name, event.tool])}</>
}

function plainLine({ email, subject, clientId, tool, action }: AuditEvent): string {
  return `${email ?? subject ?? clientId ?? 'someone'} ${tool ?? action}`
}

function emphasize(line: string, parts: readonly (string | undefined)[]): ReactNode[] {
  const [person, name, tool] = parts
  const wanted = [person ?? name, tool].filter((part) => part !== undefined && part !== '')
  let pieces: { text: string; kind?: 'person' | 'tool' }[] = [{ text: line }]
  for (const part of wanted) {
    pieces = pieces.flatMap((piece) => {
      const at = piece.kind === undefined && part !== undefined ? piece.text.indexOf(part) : -1
      if (at === -1 || part === undefined) return [piece]
      const kind = part === tool ? 'tool' : 'person'
      return [{ text: piece.text.slice(0, at) }, { text: part, kind }, { text: piece.text.slice(at + part.length) }]
    })
  }
  return pieces
    .filter(({ text }) => text !== '')
    .map(({ text, kind }, index) => {
      if (kind === undefined) return <Fragment key={index}>{text}</Fragment>
      return kind === 'tool' ? (
        <code key={index} className={styles.tool}>
          {text}
        </code>
      ) : (
        <b key={index}>{text}</b>
      )
    })
}
