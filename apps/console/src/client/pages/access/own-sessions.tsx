import { Button, Skeleton } from '@mantine/core'
import { IconDeviceDesktop, IconDeviceMobile, IconTerminal2 } from '@tabler/icons-react'
import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query'
import { useMemo } from 'react'
import { type AccountApi, createAccountApi, type OwnClient, type OwnSession } from '../../api/account.ts'
import { ScopeMissing, useScopedAccess } from '../../session/scoped-access.tsx'
import { useSession } from '../../session/session-context.tsx'
import { Card } from '../../ui/card.tsx'
import { PageFailed } from '../../ui/page-failed.tsx'
import { Tag } from '../../ui/tag.tsx'
import { agoWords, durationWords, fullTime } from '../../ui/time-words.ts'
import { useNow } from '../../ui/use-now.ts'
import styles from './own-sessions.module.css'

const ownSessionsScope = 'own:sessions'
const sessionsKey = ['own sessions']
const clientsKey = ['own clients']

/** Where this person is signed in, and which clients may act for her; she can end any of it. */
export function OwnSessions() {
  const { settings } = useSession()
  const access = useScopedAccess(ownSessionsScope)
  const authorizedFetch = access.status === 'granted' ? access.authorizedFetch : undefined
  const api = useMemo(
    () => (authorizedFetch === undefined ? undefined : createAccountApi(settings, authorizedFetch)),
    [settings, authorizedFetch],
  )
  if (api !== undefined) return <SessionsAndClients api={api} />
  return (
    <Card title="Where you are signed in">
      {access.status === 'asking' && <Loading />}
      {access.status === 'away' && <PageFailed error={access.error} />}
      {access.status === 'refused' && (
        <ScopeMissing title="Your sessions cannot be shown" scope={ownSessionsScope}>
          Everybody in the group <b>All Staff</b> has it; ask whoever runs Keycloak.
        </ScopeMissing>
      )}
    </Card>
  )
}

function SessionsAndClients({ api }: { api: AccountApi }) {
  const sessions = useQuery({ queryKey: sessionsKey, queryFn: () => api.sessions(), refetchInterval: 15_000 })
  const clients = useQuery({ queryKey: clientsKey, queryFn: () => api.clients() })
  const end = useEnding((id: string) => api.endSession(id))
  const endOthers = useEnding(() => api.endOtherSessions())
  const withdraw = useEnding((clientId: string) => api.withdrawConsent(clientId))
  const others = sessions.data?.filter(({ current }) => !current) ?? []
  const allowed = clients.data?.filter(({ consent }) => consent !== undefined) ?? []
  const error = end.error ?? endOthers.error ?? withdraw.error
  return (
    <Card
      isFlush
      title="Where you are signed in"
      aside={
        others.length > 0 && (
          <Button
            variant="default"
            size="compact-sm"
            loading={endOthers.isPending}
            onClick={() => endOthers.mutate(undefined)}
          >
            End all others
          </Button>
        )
      }
    >
      {error !== null && <PageFailed error={error} />}
      {sessions.isPending && (
        <div className={styles.padded}>
          <Loading />
        </div>
      )}
      {sessions.isError && <PageFailed error={sessions.error} reset={() => void sessions.refetch()} />}
      <ul>
        {sessions.data?.map((session) => (
          <SessionRow
            key={session.id}
            session={session}
            isEnding={end.isPending && end.variables === session.id}
            end={() => end.mutate(session.id)}
          />
        ))}
      </ul>
      {sessions.isSuccess && (
        <p className={styles.note}>
          Ending a session ends its access and refresh tokens, and the MCP server refuses them within the second.
        </p>
      )}
      {allowed.length > 0 && (
        <>
          <h3 className={styles.subtitle}>Clients that you allowed</h3>
          <ul>
            {allowed.map((client) => (
              <ClientRow
                key={client.clientId}
                client={client}
                isEnding={withdraw.isPending && withdraw.variables === client.clientId}
                withdraw={() => withdraw.mutate(client.clientId)}
              />
            ))}
          </ul>
        </>
      )}
    </Card>
  )
}

function useEnding<Variables>(mutationFn: (variables: Variables) => Promise<void>) {
  const queryClient = useQueryClient()
  return useMutation({
    mutationFn,
    onSettled: async () => {
      await Promise.all([sessionsKey, clientsKey].map((queryKey) => queryClient.invalidateQueries({ queryKey })))
    },
  })
}

interface SessionRowProperties {
  session: OwnSession
  isEnding: boolean
  end(): void
}

function SessionRow({ session, isEnding, end }: SessionRowProperties) {
  const now = useNow()
  const { session: own } = useSession()
  const { current, started, lastAccess, expires, ipAddress, clients } = session
  const name = sessionName(session)
  const Icon = name === unknownProgram ? IconTerminal2 : session.isMobile ? IconDeviceMobile : IconDeviceDesktop
  return (
    <li className={styles.row}>
      <span className={styles.icon}>
        <Icon size={20} stroke={1.6} aria-hidden />
      </span>
      <div className={styles.what}>
        <p className={styles.name}>
          <b>{name}</b>
          {current && <Tag tone="good">this one</Tag>}
        </p>
        <p className={styles.detail}>
          <span title={fullTime(new Date(lastAccess * 1000))}>used {agoWords(new Date(lastAccess * 1000), now)}</span>
          <span>signed in {agoWords(new Date(started * 1000), now)}</span>
          <span title={fullTime(new Date(expires * 1000))}>ends in {durationWords(expires - now / 1000)}</span>
          {ipAddress !== undefined && <span>from {ipAddress}</span>}
        </p>
        <p className={styles.clients}>
          {clients.map(({ clientId, clientName }) => (
            <Tag key={clientId}>{clientName ?? clientId}</Tag>
          ))}
        </p>
      </div>
      <Button
        variant="default"
        size="compact-sm"
        loading={isEnding}
        aria-label={current ? 'End the session of this browser' : `End the session of ${name}`}
        onClick={() => (current ? void own.signOut() : end())}
      >
        End
      </Button>
    </li>
  )
}

const unknownProgram = 'A program, no browser'

function sessionName({ browser = '', system }: OwnSession): string {
  const known = browser.split('/')[0] ?? ''
  if (known === '' || known === 'Other') return unknownProgram
  return system === '' ? known : `${known} on ${system}`
}

function ClientRow({ client, isEnding, withdraw }: { client: OwnClient; isEnding: boolean; withdraw(): void }) {
  const { clientId, clientName, consent, inUse } = client
  const scopes = consent?.grantedScopes.map(({ displayText, name }) => displayText ?? name) ?? []
  return (
    <li className={styles.row}>
      <div className={styles.what}>
        <p className={styles.name}>
          <b>{clientName ?? clientId}</b>
          {inUse && <Tag tone="accent">in use</Tag>}
        </p>
        <p className={styles.detail}>{scopes.join(', ')}</p>
      </div>
      <Button
        variant="default"
        size="compact-sm"
        loading={isEnding}
        aria-label={`Withdraw what ${clientName ?? clientId} may do`}
        onClick={withdraw}
      >
        Withdraw
      </Button>
    </li>
  )
}

function Loading() {
  return (
    <div role="status" aria-label="Loading your sessions" className={styles.loading}>
      <Skeleton height={44} />
      <Skeleton height={44} />
    </div>
  )
}
