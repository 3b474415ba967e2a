import { Navigate } from '@tanstack/react-router'
import { useToolAccess } from '../api/use-tool-access.ts'
import { PagePending } from './page-pending.tsx'

/** Opens what the person can use: the overview for those who may read the audit log, their own access for all others. */
export function HomePage() {
  const { data: tools, isPending } = useToolAccess()
  if (isPending) return <PagePending />
  const mayReadAudit = tools?.some(({ name, outcome }) => name === 'export_audit' && outcome === 'allowed') ?? false
  return <Navigate to={mayReadAudit ? '/overview' : '/access'} replace />
}
