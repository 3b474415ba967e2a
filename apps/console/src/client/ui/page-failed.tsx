import { Button } from '@mantine/core'
import { IconAlertTriangle, IconLock, IconPlugConnectedX } from '@tabler/icons-react'
import { ApiError } from '../api/api-error.ts'
import { EmptyState } from './empty-state.tsx'

/** An error as the reader needs it: what is missing when something is forbidden, what is away when nothing answers. */
export function PageFailed({ error, reset }: { error: unknown; reset?: () => void }) {
  const again =
    reset === undefined ? undefined : (
      <Button variant="default" onClick={reset} mt="xs">
        Try again
      </Button>
    )
  if (error instanceof ApiError && error.status === 403) {
    return (
      <EmptyState icon={IconLock} title="You may not see this">
        {error.message}.{' '}
        {error.missingScopes.length > 0 && (
          <>
            Your access token lacks <code>{error.missingScopes.join(' ')}</code>. It comes with a group of the company
            directory; ask whoever administers it.
          </>
        )}
      </EmptyState>
    )
  }
  if (error instanceof ApiError && (error.status === 0 || error.status === 503)) {
    return (
      <EmptyState icon={IconPlugConnectedX} title="A part of the stack is away" tone="bad" action={again}>
        {error.message}. What you see elsewhere on this page may be older than it looks.
      </EmptyState>
    )
  }
  return (
    <EmptyState icon={IconAlertTriangle} title="This could not be shown" tone="bad" action={again}>
      {error instanceof Error ? error.message : 'The reason is unknown.'}
    </EmptyState>
  )
}
