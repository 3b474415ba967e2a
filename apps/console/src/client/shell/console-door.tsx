import { RouterProvider } from '@tanstack/react-router'
import { ApiProvider } from '../api/api-context.tsx'
import { AuditFeedProvider } from '../api/audit-feed-context.tsx'
import { useSessionState } from '../session/session-context.tsx'
import { DoorScreen } from './door-screen.tsx'
import { router } from './router.tsx'

/** Lets in who is signed in; tells everybody else what to do. */
export function ConsoleDoor() {
  const state = useSessionState()
  if (state.status !== 'signed in') return <DoorScreen state={state} />
  return (
    <ApiProvider>
      <AuditFeedProvider>
        <RouterProvider router={router} />
      </AuditFeedProvider>
    </ApiProvider>
  )
}
