import { Button, Checkbox, TextInput } from '@mantine/core'
import { IconCheck, IconX } from '@tabler/icons-react'
import { useMutation, useQueryClient } from '@tanstack/react-query'
import { Link } from '@tanstack/react-router'
import { useState } from 'react'
import type { Campaign, CampaignItem, Verdict } from '../../api/access-review.ts'
import { useClaims } from '../../session/session-context.tsx'
import { Card } from '../../ui/card.tsx'
import { PageFailed } from '../../ui/page-failed.tsx'
import { PersonMark } from '../../ui/person-mark.tsx'
import { Tag } from '../../ui/tag.tsx'
import { agoWords, fullTime } from '../../ui/time-words.ts'
import { useNow } from '../../ui/use-now.ts'
import styles from './grant-table.module.css'
import { campaignKey, campaignsKey, useReviewApi } from './use-review-api.ts'

const shortestReason = 3

/** Every grant of the review by account, with the reason and the two buttons for those that are chosen. */
export function GrantTable({ campaign }: { campaign: Campaign }) {
  const api = useReviewApi()
  const queryClient = useQueryClient()
  const [chosen, setChosen] = useState<ReadonlySet<string>>(new Set())
  const [reason, setReason] = useState('')
  const me = useClaims().sub
  const mark = useMutation({
    mutationFn: (verdict: Verdict) => api.mark(campaign.id, [...chosen], verdict, reason.trim()),
    onSuccess(marked) {
      queryClient.setQueryData(campaignKey(campaign.id), marked)
      void queryClient.invalidateQueries({ queryKey: campaignsKey })
      setChosen(new Set())
      setReason('')
    },
  })
  const isOpen = campaign.state === 'open'
  const markable = campaign.items.filter(({ subject }) => subject !== me)
  const choose = (items: CampaignItem[]): void => setChosen(new Set(items.map(({ id }) => id)))
  const toggle = (ids: string[]): void => {
    const next = new Set(chosen)
    const isOn = ids.every((id) => next.has(id))
    for (const id of ids) isOn ? next.delete(id) : next.add(id)
    setChosen(next)
  }
  const canMark = chosen.size > 0 && reason.trim().length >= shortestReason
  return (
    <Card isFlush title="Grants" aside={progressWords(campaign.items)}>
      {isOpen && (
        <div className={styles.shortcuts}>
          <span>Choose</span>
          <Button
            variant="default"
            size="compact-xs"
            onClick={() => choose(markable.filter(({ mark: made }) => made === null))}
          >
            all without a verdict
          </Button>
          <Button
            variant="default"
            size="compact-xs"
            onClick={() => choose(markable.filter(({ neverUsed, why }) => neverUsed && why.length > 0))}
          >
            those never used
          </Button>
          <Button variant="default" size="compact-xs" onClick={() => choose([])}>
            none
          </Button>
        </div>
      )}
      <ul>
        {groupByAccount(campaign.items).map((items) => (
          <AccountGrants
            key={items[0].subject}
            items={items}
            chosen={chosen}
            isMarkable={isOpen && items[0].subject !== me}
            isMyself={items[0].subject === me}
            stillGranted={campaign.stillGranted}
            toggle={toggle}
          />
        ))}
      </ul>
      {mark.isError && <PageFailed error={mark.error} />}
      {isOpen && (
        <form
          className={styles.verdict}
          onSubmit={(event) => {
            event.preventDefault()
            if (canMark) mark.mutate('approve')
          }}
        >
          <TextInput
            className={styles.reason}
            aria-label="Reason"
            placeholder={chosen.size === 0 ? 'Choose grants, then say why' : `Why, for ${chosen.size} chosen`}
            value={reason}
            maxLength={500}
            onChange={(event) => setReason(event.currentTarget.value)}
          />
          <Button
            type="submit"
            disabled={!canMark}
            loading={mark.isPending && mark.variables === 'approve'}
            leftSection={<IconCheck size={16} aria-hidden />}
          >
            Keep
          </Button>
          <Button
            color="red"
            disabled={!canMark}
            loading={mark.isPending && mark.variables === 'revoke'}
            leftSection={<IconX size={16} aria-hidden />}
            onClick={() => mark.mutate('revoke')}
          >
            Revoke
          </Button>
        </form>
      )}
    </Card>
  )
}

interface AccountGrantsProperties {
  items: [CampaignItem, ...CampaignItem[]]
  chosen: ReadonlySet<string>
  isMarkable: boolean
  isMyself: boolean
  stillGranted: readonly string[]
  toggle(ids: string[]): void
}

function AccountGrants({ items, chosen, isMarkable, isMyself, stillGranted, toggle }: AccountGrantsProperties) {
  const [{ kind, name, username, clientId, department, isEnabled }] = items
  const title = name ?? clientId ?? username
  const ids = items.map(({ id }) => id)
  const isAll = ids.every((id) => chosen.has(id))
  return (
    <li className={styles.account}>
      <div className={styles.who}>
        {isMarkable && (
          <Checkbox
            aria-label={`All grants of ${title}`}
            checked={isAll}
            indeterminate={!isAll && ids.some((id) => chosen.has(id))}
            onChange={() => toggle(ids)}
          />
        )}
        <PersonMark name={title} />
        <div className={styles.name}>
          {kind === 'person' ? (
            <Link to="/people/$username" params={{ username }}>
              {title}
            </Link>
          ) : (
            <b>{title}</b>
          )}
          <span className={styles.about}>
            {[kind === 'service' ? 'service' : department, isEnabled ? undefined : 'disabled']
              .filter(Boolean)
              .join(' · ')}
          </span>
        </div>
        {isMyself && <Tag tone="warn">your own: somebody else has to say</Tag>}
      </div>
      <ul>
        {items.map((item) => (
          <GrantRow
            key={item.id}
            item={item}
            isChosen={chosen.has(item.id)}
            isMarkable={isMarkable}
            isStillGranted={stillGranted.includes(item.id)}
            toggle={() => toggle([item.id])}
          />
        ))}
      </ul>
    </li>
  )
}

interface GrantRowProperties {
  item: CampaignItem
  isChosen: boolean
  isMarkable: boolean
  isStillGranted: boolean
  toggle(): void
}

function GrantRow({ item, isChosen, isMarkable, isStillGranted, toggle }: GrantRowProperties) {
  const now = useNow()
  const { tool, records, conditions, why, policies, lastUsed, calls, mark } = item
  const ways = [...new Set(why.map(({ group, by, role, scope }) => wayWords(group, by, role, scope)))]
  return (
    <li className={styles.grant}>
      {isMarkable && (
        <Checkbox aria-label={`${tool}, ${records}`} checked={isChosen} onChange={toggle} className={styles.check} />
      )}
      <div className={styles.what}>
        <p className={styles.tool}>
          <code>{tool}</code>
          <span>{records}</span>
        </p>
        <p className={styles.why}>
          {ways.length === 0 ? 'takes no scope' : ways.join('; ')}
          {policies.length > 0 && ` · ${policies.map((policy) => policy.replaceAll('-', ' ')).join(', ')}`}
        </p>
        {conditions.length > 0 && <p className={styles.why}>{conditions.join(' ')}</p>}
      </div>
      <span className={styles.used}>
        {lastUsed === null ? (
          <Tag tone="warn">never used</Tag>
        ) : (
          <>
            <time dateTime={lastUsed} title={fullTime(new Date(lastUsed))}>
              {agoWords(new Date(lastUsed), now)}
            </time>
            <span>{calls === 1 ? '1 call' : `${calls.toLocaleString('en')} calls`}</span>
          </>
        )}
      </span>
      <span className={styles.mark}>
        {mark === null ? (
          <Tag>no verdict</Tag>
        ) : (
          <>
            <Tag tone={mark.verdict === 'approve' ? 'good' : 'bad'}>
              {mark.verdict === 'approve' ? 'kept' : 'revoked'}
            </Tag>
            <span className={styles.given}>{mark.reason}</span>
          </>
        )}
        {isStillGranted && <Tag tone="warn">still granted</Tag>}
      </span>
    </li>
  )
}

function wayWords(group: string | undefined, by: string, role: string, scope: string): string {
  const source = group?.replace(/^\//, '') ?? (by === 'direct' ? 'given directly' : by)
  return `${source} → ${role}${role === scope ? '' : ` → ${scope}`}`
}

function groupByAccount(items: readonly CampaignItem[]): [CampaignItem, ...CampaignItem[]][] {
  const groups = new Map<string, [CampaignItem, ...CampaignItem[]]>()
  for (const item of items) {
    const known = groups.get(item.subject)
    if (known === undefined) groups.set(item.subject, [item])
    else known.push(item)
  }
  return [...groups.values()]
}

function progressWords(items: readonly CampaignItem[]): string {
  const marked = items.filter(({ mark }) => mark !== null).length
  return `${marked.toLocaleString('en')} of ${items.length.toLocaleString('en')} have a verdict`
}
