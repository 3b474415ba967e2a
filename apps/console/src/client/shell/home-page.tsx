import { Navigate } from '@tanstack/react-router'
import { scopesOf } from '../session/access-token.ts'
import { useClaims } from '../session/session-context.tsx'

/** Opens what the person can use: the overview for those who may read the audit log, their own access for all others. */
export function HomePage() {
  const mayReadAudit = scopesOf(useClaims()).includes('admin:reports')
  return <Navigate to={mayReadAudit ? '/overview' : '/access'} replace />
}
