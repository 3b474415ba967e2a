import { Button, Modal } from '@mantine/core'
import { IconUserCheck, IconUserOff } from '@tabler/icons-react'
import { useState } from 'react'
import type { Person } from '../../api/people.ts'
import { useClaims } from '../../session/session-context.tsx'
import styles from './access-switch.module.css'

interface AccessSwitchProperties {
  person: Person
  isChanging: boolean
  change(active: boolean): void
}

/** Disables after one question, enables at once. Nobody can disable herself here. */
export function AccessSwitch({ person, isChanging, change }: AccessSwitchProperties) {
  const [isAsking, setAsking] = useState(false)
  const isMyself = useClaims().preferred_username === person.username
  if (!person.active) {
    return (
      <Button
        variant="default"
        loading={isChanging}
        leftSection={<IconUserCheck size={17} aria-hidden />}
        onClick={() => change(true)}
      >
        Enable again
      </Button>
    )
  }
  return (
    <>
      <Button
        color="red"
        loading={isChanging}
        disabled={isMyself}
        title={isMyself ? 'You cannot disable yourself' : undefined}
        leftSection={<IconUserOff size={17} aria-hidden />}
        onClick={() => setAsking(true)}
      >
        Disable
      </Button>
      <Modal
        opened={isAsking}
        onClose={() => setAsking(false)}
        title={`Disable ${person.name}?`}
        centered
        lockScroll={false}
        transitionProps={{ duration: 0 }}
      >
        <p className={styles.text}>
          Every session ends at once: access tokens stop working, running calls are aborted, open streams are cut, and
          signing in is refused. Enabling the account later does not bring any of them back.
        </p>
        <div className={styles.buttons}>
          <Button variant="default" onClick={() => setAsking(false)} data-autofocus>
            Leave as it is
          </Button>
          <Button
            color="red"
            onClick={() => {
              setAsking(false)
              change(false)
            }}
          >
            Disable now
          </Button>
        </div>
      </Modal>
    </>
  )
}
