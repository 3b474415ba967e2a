import { Button, Loader } from '@mantine/core'
import { IconArrowRight, IconPlugConnectedX } from '@tabler/icons-react'
import { useEffect, useRef, useState } from 'react'
import type { SessionState, SignedOutReason } from '../session/session.ts'
import { useSession } from '../session/session-context.tsx'
import styles from './door-screen.module.css'
import { Wordmark } from './wordmark.tsx'

type ClosedState = Exclude<SessionState, { status: 'signed in' }>

/** What people see before and after a session: sign in, session ended, authorization server away. */
export function DoorScreen({ state }: { state: ClosedState }) {
  return (
    <div className={styles.door}>
      <main className={styles.panel}>
        <Wordmark />
        <div className={styles.message}>
          {state.status === 'starting' && <Starting />}
          {state.status === 'unreachable' && <Unreachable />}
          {state.status === 'signed out' && <SignedOut because={state.because} detail={state.detail} />}
        </div>
        <p className={styles.footnote}>
          Tokens stay in this page's memory. Closing it forgets them; your session at the company's sign-in goes on.
        </p>
      </main>
      <Picture />
    </div>
  )
}

function Starting() {
  return (
    <div className={styles.starting} role="status">
      <Loader size="sm" />
      <span>Looking for your session</span>
    </div>
  )
}

function Unreachable() {
  return (
    <>
      <IconPlugConnectedX className={styles.icon} stroke={1.5} aria-hidden />
      <h1>The authorization server does not answer</h1>
      <p role="status">
        Keycloak at <code>{new URL(useSession().settings.issuer).host}</code> cannot be reached. Nobody can sign in
        until it is back. This page tries again every three seconds; you need not reload it.
      </p>
      <div className={styles.starting}>
        <Loader size="xs" />
        <span>Trying again</span>
      </div>
    </>
  )
}

interface SignedOutWords {
  title: string
  text: string
  button: string
}

const words: Readonly<Record<SignedOutReason, SignedOutWords>> = {
  'not signed in': {
    title: 'Who may call what, who did what.',
    text: 'Sign in with your company account to see your access to MCP servers, the live audit and the people behind it.',
    button: 'Sign in with your company account',
  },
  left: {
    title: 'You are signed out',
    text: 'Your session was ended in this browser. Your access tokens no longer work.',
    button: 'Sign in again',
  },
  ended: {
    title: 'Your session was ended',
    text: 'It was ended elsewhere: it ran out, you signed out on another device, or an administrator ended your access. If you did not expect this, ask your IT department.',
    button: 'Sign in again',
  },
  refused: {
    title: 'You were not let in',
    text: 'The company sign-in refused. Your account may be disabled; your IT department can tell.',
    button: 'Try again',
  },
  'foreign issuer': {
    title: 'This sign-in was stopped',
    text: 'An answer arrived that another authorization server had sent. Nothing was taken from it. If you followed a link to get here, close this page and open the console yourself.',
    button: 'Start over',
  },
}

function SignedOut({ because, detail }: { because: SignedOutReason; detail?: string | undefined }) {
  const { session } = useSession()
  const [isLeaving, setLeaving] = useState(false)
  const heading = useRef<HTMLHeadingElement>(null)
  useEffect(() => heading.current?.focus(), [])
  const { title, text, button } = words[because]
  return (
    <>
      <h1 ref={heading} tabIndex={-1}>
        {title}
      </h1>
      <p>{text}</p>
      {detail !== undefined && because === 'refused' && <p className={styles.detail}>Answer: {detail}</p>}
      <Button
        size="md"
        loading={isLeaving}
        rightSection={<IconArrowRight size={18} aria-hidden />}
        onClick={() => {
          setLeaving(true)
          session.signIn().catch(() => setLeaving(false))
        }}
      >
        {button}
      </Button>
    </>
  )
}

/** The chain of trust as a quiet drawing. It says nothing that the text does not. */
function Picture() {
  return (
    <div className={styles.picture} aria-hidden>
      <svg viewBox="0 0 520 640" role="presentation" focusable="false">
        <g className={styles.lines}>
          <path d="M260 120 V 230" />
          <path d="M260 290 V 400" />
          <path d="M260 460 V 540" />
          <path d="M120 430 H 200" />
          <path d="M320 430 H 400" />
        </g>
        <g className={styles.pulses}>
          <path d="M260 120 V 230" />
          <path d="M260 290 V 400" />
          <path d="M260 460 V 540" />
        </g>
        <PictureNode x={260} y={90} width={190} label="Corporate directory" />
        <PictureNode x={260} y={260} width={170} label="Keycloak" />
        <PictureNode x={260} y={430} width={150} label="MCP servers" isAccent />
        <PictureNode x={70} y={430} width={112} label="Clients" />
        <PictureNode x={450} y={430} width={112} label="Policies" />
        <PictureNode x={260} y={570} width={150} label="Audit" />
      </svg>
    </div>
  )
}

function PictureNode(properties: { x: number; y: number; width: number; label: string; isAccent?: boolean }) {
  const { x, y, width, label, isAccent } = properties
  return (
    <g className={isAccent === true ? styles.accentNode : styles.node}>
      <rect x={x - width / 2} y={y - 30} width={width} height={60} rx={14} />
      <text x={x} y={y + 5}>
        {label}
      </text>
    </g>
  )
}
