import { Button, Skeleton } from '@mantine/core'
import { IconDownload } from '@tabler/icons-react'
import { useQuery, useQueryClient } from '@tanstack/react-query'
import type { Campaign } from '../../api/access-review.ts'
import { keepKey } from '../../api/trusted-key.ts'
import { Card } from '../../ui/card.tsx'
import { PageFailed } from '../../ui/page-failed.tsx'
import { saveFile } from '../../ui/save-file.ts'
import { SignatureFinding } from '../../ui/signature-finding.tsx'
import { checkEvidence } from './check-evidence.ts'
import styles from './evidence-files.module.css'
import { campaignKey, useReviewApi } from './use-review-api.ts'

const titles: Readonly<Record<string, string>> = {
  'access-review.json': 'JSON',
  'access-review.csv': 'Table (CSV)',
  'access-review.html': 'Page to print',
}

/** The same facts in three forms and the signature over all of them, which this browser checks before it saves any. */
export function EvidenceFiles({ campaign: { id, state, items } }: { campaign: Campaign }) {
  const api = useReviewApi()
  const queryClient = useQueryClient()
  const queryKey = [...campaignKey(id), 'evidence', state, items.map(({ mark }) => mark?.at ?? '').join()]
  const evidence = useQuery({
    queryKey,
    queryFn: async () => {
      const signed = await api.evidence(id)
      return { signed, verdict: await checkEvidence(signed) }
    },
    staleTime: Number.POSITIVE_INFINITY,
  })
  return (
    <Card title="Evidence" aside={state === 'open' ? 'as it stands now' : 'as it was signed off'}>
      <p className={styles.about}>
        Who had which access, why, when it was last used, and who said keep or revoke. The MCP server signs the files; a
        changed one no longer fits its signature.
      </p>
      {evidence.isPending && <Skeleton height={44} role="status" aria-label="Checking the signature" />}
      {evidence.isError && <PageFailed error={evidence.error} reset={() => void evidence.refetch()} />}
      {evidence.isSuccess && (
        <>
          <SignatureFinding
            verdict={evidence.data.verdict}
            trust={(key) => {
              keepKey('evidence', key)
              void queryClient.invalidateQueries({ queryKey })
            }}
          />
          <div className={styles.buttons}>
            {Object.entries(evidence.data.signed.files).map(([name, content]) => (
              <FileButton key={name} name={name} title={titles[name] ?? name} content={content} />
            ))}
            <FileButton name="access-review.jws" title="Signature" content={`${evidence.data.signed.signature}\n`} />
          </div>
        </>
      )}
    </Card>
  )
}

function FileButton({ name, title, content }: { name: string; title: string; content: string }) {
  return (
    <Button
      variant="default"
      size="compact-sm"
      leftSection={<IconDownload size={15} aria-hidden />}
      onClick={() => saveFile(new Blob([content], { type: 'application/octet-stream' }), name)}
    >
      {title}
    </Button>
  )
}
