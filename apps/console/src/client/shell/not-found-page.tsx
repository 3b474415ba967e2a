import { IconMapOff } from '@tabler/icons-react'
import { Link } from '@tanstack/react-router'
import { EmptyState } from '../ui/empty-state.tsx'
import { Page } from '../ui/page.tsx'

export function NotFoundPage() {
  return (
    <Page title="No such page">
      <EmptyState icon={IconMapOff} title="There is nothing here">
        The address may be old, or mistyped. <Link to="/overview">Open the overview</Link>.
      </EmptyState>
    </Page>
  )
}
