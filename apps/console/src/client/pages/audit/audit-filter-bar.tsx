import { Button, SegmentedControl, Select, TextInput } from '@mantine/core'
import { IconSearch, IconX } from '@tabler/icons-react'
import { useNavigate } from '@tanstack/react-router'
import { useEffect, useState } from 'react'
import styles from './audit-filter-bar.module.css'
import type { AuditFilters, FilterOutcome } from './audit-filters.ts'

const tools = [
  'whoami',
  'list_customers',
  'get_customer',
  'update_customer',
  'delete_customer',
  'run_report',
  'list_invoices',
  'export_audit',
]

const outcomes = [
  { value: '', label: 'All' },
  { value: 'allowed', label: 'Allowed' },
  { value: 'refused', label: 'Refused' },
  { value: 'failed', label: 'Failed' },
  { value: 'security', label: 'Security' },
]

/** How long a person pauses between letters. */
const typingMs = 250

export function AuditFilterBar({ filters, logs }: { filters: AuditFilters; logs: readonly string[] }) {
  const navigate = useNavigate()
  const [text, setText] = useState(filters.text ?? '')
  const change = (next: Partial<Record<keyof AuditFilters, string | undefined>>): void => {
    const merged = Object.entries({ ...filters, ...next }).filter(([, value]) => value !== undefined && value !== '')
    void navigate({ to: '/audit', search: Object.fromEntries(merged) as AuditFilters, replace: true })
  }
  useEffect(() => {
    if (text === (filters.text ?? '')) return
    const timer = setTimeout(() => change({ text }), typingMs)
    return () => clearTimeout(timer)
  })
  return (
    <search className={styles.bar}>
      <TextInput
        className={styles.text}
        aria-label="Search people, tools, reasons"
        placeholder="Search people, tools, reasons"
        leftSection={<IconSearch size={16} aria-hidden />}
        value={text}
        onChange={(event) => setText(event.currentTarget.value)}
      />
      <Select
        className={styles.tool}
        aria-label="Tool"
        placeholder="Any tool"
        data={tools}
        value={filters.tool ?? null}
        onChange={(tool) => change({ tool: tool ?? undefined })}
        clearable
        comboboxProps={{ transitionProps: { duration: 0 } }}
      />
      {logs.length > 1 && (
        <Select
          className={styles.tool}
          aria-label="Log"
          placeholder="Every log"
          data={[...logs]}
          value={filters.log ?? null}
          onChange={(log) => change({ log: log ?? undefined })}
          clearable
          comboboxProps={{ transitionProps: { duration: 0 } }}
        />
      )}
      <SegmentedControl
        aria-label="Outcome"
        data={outcomes}
        value={filters.outcome ?? ''}
        onChange={(outcome) => change({ outcome: outcome as FilterOutcome })}
        className={styles.outcome}
        transitionDuration={0}
      />
      {Object.keys(filters).length > 0 && (
        <Button
          variant="subtle"
          color="gray"
          size="compact-sm"
          leftSection={<IconX size={14} aria-hidden />}
          onClick={() => {
            setText('')
            void navigate({ to: '/audit', search: {}, replace: true })
          }}
        >
          Clear
        </Button>
      )}
    </search>
  )
}
