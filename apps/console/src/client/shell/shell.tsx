import { Menu, UnstyledButton } from '@mantine/core'
import {
  IconActivity,
  IconChevronDown,
  IconClipboardCheck,
  IconDots,
  IconLayoutDashboard,
  IconLogout,
  IconMoon,
  IconRotateClockwise,
  IconScale,
  IconSun,
  IconUserShield,
  IconUsers,
} from '@tabler/icons-react'
import { Link, Outlet, useRouterState } from '@tanstack/react-router'
import { type ComponentType, useEffect, useRef } from 'react'
import { useClaims, useSession } from '../session/session-context.tsx'
import { chooseColorScheme, useColorScheme } from '../theme/color-scheme.ts'
import { PersonMark } from '../ui/person-mark.tsx'
import styles from './shell.module.css'
import { Wordmark } from './wordmark.tsx'

interface Destination {
  to: '/overview' | '/audit' | '/access' | '/people' | '/review' | '/policies' | '/keys'
  label: string
  icon: ComponentType<{ size?: number; stroke?: number; 'aria-hidden'?: boolean }>
}

const destinations: readonly Destination[] = [
  { to: '/overview', label: 'Overview', icon: IconLayoutDashboard },
  { to: '/audit', label: 'Live audit', icon: IconActivity },
  { to: '/access', label: 'My access', icon: IconUserShield },
  { to: '/people', label: 'People', icon: IconUsers },
  { to: '/review', label: 'Access review', icon: IconClipboardCheck },
  { to: '/policies', label: 'Policy', icon: IconScale },
  { to: '/keys', label: 'Keys and lifetimes', icon: IconRotateClockwise },
]

/** As many as fit below each other's thumb on a phone; the rest is behind `More`. */
const onPhone = 4

/** Navigation and account menu around every page. */
export function Shell() {
  return (
    <div className={styles.shell}>
      <a href="#main" className={styles.skip}>
        Skip to the page
      </a>
      <header className={styles.side}>
        <Link to="/overview" className={styles.brand} aria-label="MCP Identity, overview">
          <Wordmark />
        </Link>
        <nav aria-label="Pages" className={styles.nav}>
          {destinations.map(({ to, label, icon: Icon }, index) => (
            <Link
              key={to}
              to={to}
              className={`${styles.link} ${index < onPhone ? '' : styles.onDesk}`}
              activeProps={{ 'aria-current': 'page' }}
            >
              <Icon size={19} stroke={1.7} aria-hidden />
              <span>{label}</span>
            </Link>
          ))}
          <MoreMenu />
        </nav>
        <AccountMenu />
      </header>
      <Main />
    </div>
  )
}

/** The pages that have no place of their own in a phone's navigation. */
function MoreMenu() {
  const path = useRouterState({ select: ({ location }) => location.pathname })
  const rest = destinations.slice(onPhone)
  const isHere = rest.some(({ to }) => path.startsWith(to))
  return (
    <Menu position="top-end" width={220} transitionProps={{ duration: 0 }} withinPortal={false}>
      <Menu.Target>
        <UnstyledButton className={`${styles.link} ${styles.more}`} data-here={isHere}>
          <IconDots size={19} stroke={1.7} aria-hidden />
          <span>More</span>
        </UnstyledButton>
      </Menu.Target>
      <Menu.Dropdown>
        {rest.map(({ to, label, icon: Icon }) => (
          <Menu.Item key={to} component={Link} to={to} leftSection={<Icon size={17} aria-hidden />}>
            {label}
          </Menu.Item>
        ))}
      </Menu.Dropdown>
    </Menu>
  )
}

/** Moves the focus to the page after a navigation, so that a screen reader starts reading there. */
function Main() {
  const main = useRef<HTMLElement>(null)
  const path = useRouterState({ select: ({ location }) => location.pathname })
  const lastPath = useRef(path)
  useEffect(() => {
    if (lastPath.current !== path) main.current?.focus({ preventScroll: true })
    lastPath.current = path
  }, [path])
  return (
    <main id="main" ref={main} tabIndex={-1} className={styles.main}>
      <Outlet />
    </main>
  )
}

function AccountMenu() {
  const { session } = useSession()
  const claims = useClaims()
  const scheme = useColorScheme()
  const other = scheme === 'dark' ? 'light' : 'dark'
  const name = claims.name ?? claims.preferred_username ?? claims.sub
  return (
    <Menu position="top-start" width={230} transitionProps={{ duration: 0 }} withinPortal={false}>
      <Menu.Target>
        <UnstyledButton className={styles.account}>
          <PersonMark name={name} />
          <span className={styles.accountText}>
            <b>{name}</b>
            <span>{claims.department ?? claims.email}</span>
          </span>
          <IconChevronDown size={16} aria-hidden className={styles.chevron} />
        </UnstyledButton>
      </Menu.Target>
      <Menu.Dropdown>
        <Menu.Label>{claims.email ?? name}</Menu.Label>
        <Menu.Item
          leftSection={other === 'dark' ? <IconMoon size={17} /> : <IconSun size={17} />}
          onClick={() => chooseColorScheme(other)}
        >
          {other === 'dark' ? 'Dark appearance' : 'Light appearance'}
        </Menu.Item>
        <Menu.Item leftSection={<IconLogout size={17} />} onClick={() => void session.signOut()}>
          Sign out
        </Menu.Item>
      </Menu.Dropdown>
    </Menu>
  )
}
