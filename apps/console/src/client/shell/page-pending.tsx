import { Skeleton } from '@mantine/core'

export function PagePending() {
  return (
    <div role="status" aria-label="Loading the page">
      <Skeleton height={28} width={220} mb={24} />
      <Skeleton height={160} radius="lg" mb={16} />
      <Skeleton height={260} radius="lg" />
    </div>
  )
}
