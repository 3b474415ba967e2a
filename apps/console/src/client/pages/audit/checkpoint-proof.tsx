import { Skeleton } from '@mantine/core'
import { verifyClaim } from '@mcp-identity/audit-log/browser'
import { useQuery, useQueryClient } from '@tanstack/react-query'
import { useApis } from '../../api/api-context.tsx'
import { ApiError } from '../../api/api-error.ts'
import { type AuditRecord, placeOf } from '../../api/audit-record.ts'
import { keepKey, type SignedThing, trustedKey } from '../../api/trusted-key.ts'
import { useSession } from '../../session/session-context.tsx'
import styles from '../../ui/note.module.css'
import { SignatureFinding, type SignatureVerdict } from '../../ui/signature-finding.tsx'
import { fullTime } from '../../ui/time-words.ts'

/** Checks that the record is under a checkpoint that the log's key signed: path and signature, in this browser. */
export function CheckpointProof({ record }: { record: AuditRecord }) {
  const { settings } = useSession()
  const { audit } = useApis()
  const queryClient = useQueryClient()
  const queryKey = ['checkpoint proof', placeOf(record), record.hash]
  const proof = useQuery({
    queryKey,
    queryFn: async ({ signal }) => examine(record, await audit.proof(record, signal), settings),
    staleTime: Number.POSITIVE_INFINITY,
  })
  if (proof.isPending) return <Skeleton height={44} mb="xs" role="status" aria-label="Checking the signed checkpoint" />
  if (proof.isError) {
    return (
      <p className={styles.note}>
        {proof.error instanceof ApiError && proof.error.status === 404
          ? 'This log has no signed checkpoints.'
          : `The signed checkpoint could not be read: ${proof.error.message}.`}
      </p>
    )
  }
  return (
    <SignatureFinding
      verdict={proof.data}
      trust={(key) => {
        keepKey(logKeyOf(record), key)
        void queryClient.invalidateQueries({ queryKey })
      }}
    />
  )
}

/** A server that is on its own has a log of this name: its key was kept before there were others. */
const soleLog = 'mcp-server'

function logKeyOf({ log }: AuditRecord): SignedThing {
  return log === soleLog ? 'audit' : `audit of ${log}`
}

type Settings = ReturnType<typeof useSession>['settings']
type Proof = Awaited<ReturnType<ReturnType<typeof useApis>['audit']['proof']>>

async function examine(record: AuditRecord, proof: Proof, settings: Settings): Promise<SignatureVerdict> {
  const { key: verifierKey, since } = trustedKey(logKeyOf(record), proof.verifierKey, settings.auditKey)
  const isOther = proof.verifierKey.trim() !== verifierKey.trim()
  const note =
    since === undefined
      ? 'Whoever runs this console named the key that counts.'
      : `The key that counts is the one that this browser saw first, ${fullTime(since)}.`
  const otherKey = isOther && since !== undefined ? proof.verifierKey : undefined
  try {
    const claim = await verifyClaim(proof, verifierKey)
    const isSame = claim.record.hash === record.hash
    return {
      isRight: isSame,
      sentence: isSame
        ? `It is one of ${claim.size.toLocaleString('en')} records under a checkpoint that ${claim.origin} signed: path and signature are right`
        : 'The log proves another record of this number than the one that is shown',
      note,
      otherKey: undefined,
    }
  } catch (error) {
    return { isRight: false, sentence: problemWords(error, isOther), note, otherKey }
  }
}

function problemWords(error: unknown, isOther: boolean): string {
  if (isOther) return 'The log is signed by another key than the one that counts here: it may have been replaced'
  if (error instanceof DOMException) {
    return 'This browser cannot check Ed25519 signatures; pnpm audit:verify can'
  }
  return `The checkpoint does not prove it: ${error instanceof Error ? error.message : 'the reason is unknown'}`
}
