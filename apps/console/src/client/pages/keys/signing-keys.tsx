import { Button, Modal, Skeleton } from '@mantine/core'
import { IconKey, IconRefresh } from '@tabler/icons-react'
import type { UseQueryResult } from '@tanstack/react-query'
import { useState } from 'react'
import type { PublicKey, RealmKey, RealmKeysApi } from '../../api/realm-keys.ts'
import { useSession } from '../../session/session-context.tsx'
import { Card } from '../../ui/card.tsx'
import { Identifier } from '../../ui/identifier.tsx'
import { PageFailed } from '../../ui/page-failed.tsx'
import { Tag } from '../../ui/tag.tsx'
import styles from './signing-keys.module.css'
import type { Rotation } from './use-rotation.ts'

interface SigningKeysProperties {
  keySet: UseQueryResult<PublicKey[]>
  /** What the realm's administrators know beside; undefined for everybody else. */
  realmKeys: RealmKey[] | undefined
  api: RealmKeysApi | undefined
  rotation: Rotation
}

/** The public key set as every resource server reads it, with the buttons that change it where this person may. */
export function SigningKeys({ keySet, realmKeys, api, rotation }: SigningKeysProperties) {
  const [leaving, setLeaving] = useState<RealmKey>()
  return (
    <Card
      isFlush
      title="Signing keys of the realm"
      aside={
        api !== undefined && (
          <Button
            size="compact-sm"
            loading={rotation.isRotating}
            leftSection={<IconRefresh size={16} aria-hidden />}
            onClick={rotation.rotate}
          >
            Rotate now
          </Button>
        )
      }
    >
      {rotation.error !== null && <PageFailed error={rotation.error} />}
      {keySet.isError && <PageFailed error={keySet.error} reset={() => void keySet.refetch()} />}
      {keySet.isPending && (
        <div className={styles.loading} role="status" aria-label="Loading the key set">
          <Skeleton height={44} />
          <Skeleton height={44} />
        </div>
      )}
      <ul>
        {keySet.data?.map((key) => {
          const known = realmKeys?.find(({ kid }) => kid === key.kid)
          return (
            <KeyRow
              key={key.kid}
              publicKey={key}
              known={known}
              isOfMyToken={key.kid === rotation.presentKid}
              isLeaving={rotation.withdrawing === key.kid}
              withdraw={known !== undefined && !known.signsNow ? () => setLeaving(known) : undefined}
            />
          )
        })}
      </ul>
      {keySet.isSuccess && <Footnote api={api} />}
      <WithdrawQuestion
        leaving={leaving}
        close={() => setLeaving(undefined)}
        withdraw={(key) => {
          setLeaving(undefined)
          rotation.withdraw(key)
        }}
      />
    </Card>
  )
}

interface KeyRowProperties {
  publicKey: PublicKey
  known: RealmKey | undefined
  isOfMyToken: boolean
  isLeaving: boolean
  withdraw: (() => void) | undefined
}

function KeyRow({ publicKey: { kid, algorithm, kind }, known, isOfMyToken, isLeaving, withdraw }: KeyRowProperties) {
  return (
    <li className={styles.row}>
      <span className={styles.icon}>
        <IconKey size={19} stroke={1.6} aria-hidden />
      </span>
      <div className={styles.what}>
        <Identifier value={kid} label="key id" />
        <p className={styles.detail}>
          {algorithm} · {kind}
        </p>
      </div>
      <div className={styles.tags}>
        {known !== undefined && (
          <Tag tone={known.signsNow ? 'good' : 'quiet'}>{known.signsNow ? 'signs new tokens' : 'only verifies'}</Tag>
        )}
        {isOfMyToken && <Tag tone="accent">signed your token</Tag>}
      </div>
      {withdraw !== undefined && (
        <Button variant="default" size="compact-sm" loading={isLeaving} onClick={withdraw}>
          Withdraw
        </Button>
      )}
    </li>
  )
}

function Footnote({ api }: { api: RealmKeysApi | undefined }) {
  const { settings } = useSession()
  if (api !== undefined) {
    return (
      <p className={styles.note}>
        <Tag tone="warn">Development</Tag> Rotating here needs <code>realm:keys</code>, a scope that exists on a
        developer's machine only. Elsewhere Keycloak's administrators rotate, or its own schedule does.
      </p>
    )
  }
  return (
    <p className={styles.note}>
      This is the public key set, as the MCP server reads it.{' '}
      {settings.development ? (
        <>
          Rotating needs <code>realm:keys</code>, which comes with the group <b>Directory Administrators</b>.
        </>
      ) : (
        "Keys are rotated in Keycloak, by the realm's administrators."
      )}
    </p>
  )
}

function WithdrawQuestion(properties: { leaving: RealmKey | undefined; close(): void; withdraw(key: RealmKey): void }) {
  const { leaving, close, withdraw } = properties
  return (
    <Modal
      opened={leaving !== undefined}
      onClose={close}
      title="Withdraw this key?"
      centered
      lockScroll={false}
      transitionProps={{ duration: 0 }}
    >
      <p className={styles.question}>
        Access tokens that it signed are refused as soon as a resource server reads the key set again, within a minute.
        Clients get new ones by themselves; nobody signs in again.
      </p>
      <div className={styles.buttons}>
        <Button variant="default" onClick={close} data-autofocus>
          Leave it
        </Button>
        <Button color="red" onClick={() => leaving !== undefined && withdraw(leaving)}>
          Withdraw now
        </Button>
      </div>
    </Modal>
  )
}
