import { Button, Menu } from '@mantine/core'
import { IconDownload } from '@tabler/icons-react'
import { useRef, useState } from 'react'
import { useApis } from '../../../api/api-context.tsx'
import { saveFile } from '../../../ui/save-file.ts'
import type { AuditFilters } from '../audit-filters.ts'
import { type ExportFormat, exportAudit, exportFormats } from './export-audit.ts'
import styles from './export-menu.module.css'

type ExportState =
  | { status: 'idle' }
  | { status: 'running'; records: number }
  | { status: 'done'; records: number }
  | { status: 'failed'; problem: string }

/** Saves what the page shows, filters included, back to the first record. */
export function ExportMenu({ filters }: { filters: AuditFilters }) {
  const { audit } = useApis()
  const [state, setState] = useState<ExportState>({ status: 'idle' })
  const running = useRef<AbortController>(undefined)

  async function run(format: ExportFormat): Promise<void> {
    const controller = new AbortController()
    running.current = controller
    let records = 0
    setState({ status: 'running', records })
    try {
      const content = await exportAudit({
        api: audit,
        filters,
        format,
        signal: controller.signal,
        onProgress(count) {
          records = count
          setState({ status: 'running', records })
        },
      })
      saveFile(content, `audit-${new Date().toISOString().replaceAll(/[:.]/g, '-')}.${format}`)
      setState({ status: 'done', records })
    } catch (error) {
      if (controller.signal.aborted) return setState({ status: 'idle' })
      setState({ status: 'failed', problem: error instanceof Error ? error.message : 'the reason is unknown' })
    }
  }

  return (
    <>
      <span role="status" className={styles.state}>
        {words(state)}
      </span>
      {state.status === 'running' ? (
        <Button variant="default" size="compact-sm" onClick={() => running.current?.abort()}>
          Stop
        </Button>
      ) : (
        <Menu position="bottom-end" width={230} transitionProps={{ duration: 0 }}>
          <Menu.Target>
            <Button variant="default" size="compact-sm" leftSection={<IconDownload size={15} aria-hidden />}>
              Export
            </Button>
          </Menu.Target>
          <Menu.Dropdown>
            <Menu.Label>{Object.keys(filters).length > 0 ? 'What the filters show' : 'The whole log'}</Menu.Label>
            {Object.entries(exportFormats).map(([format, { title }]) => (
              <Menu.Item key={format} onClick={() => void run(format as ExportFormat)}>
                {title}
              </Menu.Item>
            ))}
          </Menu.Dropdown>
        </Menu>
      )}
    </>
  )
}

function words(state: ExportState): string {
  switch (state.status) {
    case 'idle':
      return ''
    case 'running':
      return `Reading, ${state.records.toLocaleString('en')} records so far`
    case 'done':
      return `${state.records.toLocaleString('en')} records saved`
    case 'failed':
      return `Nothing was saved: ${state.problem}`
  }
}
