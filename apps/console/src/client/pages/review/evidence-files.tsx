import { Button } from '@mantine/core'
import { IconDownload } from '@tabler/icons-react'
import { useMutation } from '@tanstack/react-query'
import { type Campaign, signatureFile } from '../../api/access-review.ts'
import { Card } from '../../ui/card.tsx'
import { PageFailed } from '../../ui/page-failed.tsx'
import { saveFile } from '../../ui/save-file.ts'
import styles from './sign-off.module.css'
import { useReviewApi } from './use-review-api.ts'

const files = [
  { file: 'access-review.json', title: 'JSON' },
  { file: 'access-review.csv', title: 'Table (CSV)' },
  { file: 'access-review.html', title: 'Page to print' },
  { file: signatureFile, title: 'Signature' },
]

/** The same facts in three forms, and the signature over all of them. */
export function EvidenceFiles({ campaign: { id, state } }: { campaign: Campaign }) {
  const api = useReviewApi()
  const save = useMutation({
    mutationFn: async (file: string) => saveFile(await api.evidence(id, file), file),
  })
  return (
    <Card title="Evidence" aside={state === 'open' ? 'as it stands now' : 'as it was signed off'}>
      <div className={styles.row}>
        <p>
          Who had which access, why, when it was last used, and who said keep or revoke. The MCP server signs the files;
          a changed one no longer fits its signature.
        </p>
        <div className={styles.buttons}>
          {files.map(({ file, title }) => (
            <Button
              key={file}
              variant="default"
              size="compact-sm"
              loading={save.isPending && save.variables === file}
              leftSection={<IconDownload size={15} aria-hidden />}
              onClick={() => save.mutate(file)}
            >
              {title}
            </Button>
          ))}
        </div>
      </div>
      {save.isError && <PageFailed error={save.error} />}
    </Card>
  )
}
