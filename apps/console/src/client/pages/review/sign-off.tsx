import { Button } from '@mantine/core'
import { IconSignature } from '@tabler/icons-react'
import { useMutation, useQueryClient } from '@tanstack/react-query'
import type { Campaign } from '../../api/access-review.ts'
import { Card } from '../../ui/card.tsx'
import { PageFailed } from '../../ui/page-failed.tsx'
import styles from './sign-off.module.css'
import { campaignKey, campaignsKey, useReviewApi } from './use-review-api.ts'

/** Closes the review: the MCP server signs it as it stands, and nobody changes a verdict any more. */
export function SignOff({ campaign }: { campaign: Campaign }) {
  const api = useReviewApi()
  const queryClient = useQueryClient()
  const signOff = useMutation({
    mutationFn: () => api.signOff(campaign.id),
    onSuccess: () =>
      Promise.all(
        [campaignKey(campaign.id), campaignsKey].map((queryKey) => queryClient.invalidateQueries({ queryKey })),
      ),
  })
  const open = campaign.items.filter(({ mark }) => mark === null).length
  return (
    <Card title="Sign off">
      <div className={styles.row}>
        <p>
          {open > 0
            ? `${open.toLocaleString('en')} ${open === 1 ? 'grant has' : 'grants have'} no verdict yet. A review is signed off when each has one.`
            : 'Every grant has a verdict. Signing off fixes them, and is on record.'}
        </p>
        <Button
          disabled={open > 0}
          loading={signOff.isPending}
          leftSection={<IconSignature size={17} aria-hidden />}
          onClick={() => signOff.mutate()}
        >
          Sign off
        </Button>
      </div>
      {signOff.isError && <PageFailed error={signOff.error} />}
    </Card>
  )
}
