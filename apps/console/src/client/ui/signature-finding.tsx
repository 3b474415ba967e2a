import { Button } from '@mantine/core'
import { IconCertificate, IconCertificateOff } from '@tabler/icons-react'
import { Finding } from './finding.tsx'
import styles from './note.module.css'

/** What this browser found out about something that is signed. */
export interface SignatureVerdict {
  isRight: boolean
  sentence: string
  /** Says whose key was trusted. */
  note: string
  /** The key that signs now, where it is another than the one that is trusted and nobody but this browser chose that one. */
  otherKey: string | undefined
}

/** A verdict, and the button with which a person who knows why the key changed trusts the new one. */
export function SignatureFinding({ verdict, trust }: { verdict: SignatureVerdict; trust(key: string): void }) {
  const { isRight, sentence, note, otherKey } = verdict
  return (
    <>
      <Finding isRight={isRight} icon={isRight ? IconCertificate : IconCertificateOff}>
        {sentence}
      </Finding>
      <p className={styles.note}>{note}</p>
      {otherKey !== undefined && (
        <Button variant="default" size="compact-sm" mb="md" onClick={() => trust(otherKey)}>
          I know why: trust the new key
        </Button>
      )}
    </>
  )
}
