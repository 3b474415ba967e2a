import { Button, SegmentedControl, Select } from '@mantine/core'
import { useMutation, useQueryClient } from '@tanstack/react-query'
import { useNavigate } from '@tanstack/react-router'
import { useState } from 'react'
import type { AccessReview, ReviewScope } from '../../api/access-review.ts'
import { Card } from '../../ui/card.tsx'
import { PageFailed } from '../../ui/page-failed.tsx'
import styles from './begin-review.module.css'
import { campaignsKey, useReviewApi } from './use-review-api.ts'

type Kind = ReviewScope['kind']

const kinds: { value: Kind; label: string }[] = [
  { value: 'tool', label: 'A tool' },
  { value: 'group', label: 'A group' },
  { value: 'person', label: 'A person' },
  { value: 'everything', label: 'Everything' },
]

/** Takes down what access is now, to be kept or revoked grant by grant. */
export function BeginReview({ review }: { review: AccessReview }) {
  const api = useReviewApi()
  const navigate = useNavigate()
  const queryClient = useQueryClient()
  const [kind, setKind] = useState<Kind>('tool')
  const [name, setName] = useState<string | null>(null)
  const begin = useMutation({
    mutationFn: (scope: ReviewScope) => api.start(scope),
    onSuccess: async ({ id }) => {
      await queryClient.invalidateQueries({ queryKey: campaignsKey })
      await navigate({ to: '/review/$campaign', params: { campaign: id } })
    },
  })
  const names = namesOf(kind, review)
  const scope: ReviewScope | undefined = kind === 'everything' ? { kind } : name === null ? undefined : { kind, name }
  return (
    <Card title="Begin a review" aside={`${countGrants(review).toLocaleString('en')} grants stand today`}>
      <form
        className={styles.form}
        onSubmit={(event) => {
          event.preventDefault()
          if (scope !== undefined) begin.mutate(scope)
        }}
      >
        <SegmentedControl
          aria-label="What is reviewed"
          data={kinds}
          value={kind}
          onChange={(value) => {
            setKind(value as Kind)
            setName(null)
          }}
          transitionDuration={0}
        />
        {kind !== 'everything' && (
          <Select
            className={styles.name}
            aria-label="Which one"
            placeholder={`Which ${kind}`}
            data={names}
            value={name}
            onChange={setName}
            searchable
            comboboxProps={{ transitionProps: { duration: 0 } }}
          />
        )}
        <Button type="submit" disabled={scope === undefined} loading={begin.isPending}>
          Begin
        </Button>
      </form>
      {begin.isError && <PageFailed error={begin.error} />}
    </Card>
  )
}

function namesOf(kind: Kind, { accounts, groups }: AccessReview): { value: string; label: string }[] {
  if (kind === 'group') return groups.map(({ name }) => ({ value: name, label: name }))
  if (kind === 'tool') {
    const tools = new Set(accounts.flatMap(({ grants }) => grants.map(({ tool }) => tool)))
    return [...tools].sort().map((tool) => ({ value: tool, label: tool }))
  }
  return accounts.map(({ username, name, clientId }) => ({ value: username, label: name ?? clientId ?? username }))
}

function countGrants({ accounts }: AccessReview): number {
  return accounts.reduce((sum, { grants }) => sum + grants.length, 0)
}
