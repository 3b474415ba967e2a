import './without-eval.ts'
import './theme/base.css'
import '@mantine/core/styles/baseline.layer.css'
import '@mantine/core/styles/default-css-variables.layer.css'
import '@mantine/core/styles/global.layer.css'
import '@mantine/core/styles/UnstyledButton.layer.css'
import '@mantine/core/styles/CloseButton.layer.css'
import '@mantine/core/styles/Loader.layer.css'
import '@mantine/core/styles/Overlay.layer.css'
import '@mantine/core/styles/Popover.layer.css'
import '@mantine/core/styles/ScrollArea.layer.css'
import '@mantine/core/styles/ModalBase.layer.css'
import '@mantine/core/styles/ActionIcon.layer.css'
import '@mantine/core/styles/Button.layer.css'
import '@mantine/core/styles/Input.layer.css'
import '@mantine/core/styles/InlineInput.layer.css'
import '@mantine/core/styles/Checkbox.layer.css'
import '@mantine/core/styles/Combobox.layer.css'
import '@mantine/core/styles/Menu.layer.css'
import '@mantine/core/styles/Modal.layer.css'
import '@mantine/core/styles/FloatingIndicator.layer.css'
import '@mantine/core/styles/SegmentedControl.layer.css'
import '@mantine/core/styles/Skeleton.layer.css'
import '@mantine/core/styles/Tooltip.layer.css'
import './theme/fonts.css'
import './theme/colors.css'
import { MantineProvider } from '@mantine/core'
import { QueryClient, QueryClientProvider } from '@tanstack/react-query'
import { StrictMode } from 'react'
import { createRoot } from 'react-dom/client'
import { ApiError } from './api/api-error.ts'
import { createSession, SessionEndedError } from './session/session.ts'
import { SessionProvider } from './session/session-context.tsx'
import { fetchSettings, type Settings } from './settings.ts'
import { ConsoleDoor } from './shell/console-door.tsx'
import { StartFailed } from './shell/start-failed.tsx'
import { useColorScheme } from './theme/color-scheme.ts'
import { theme } from './theme/theme.ts'

/** Everything that the console can do for somebody. Keycloak grants of it what the person's roles allow. */
const wantedScopes = 'openid read:customers write:own-data write:customers admin:reports read:finance'

const queryClient = new QueryClient({
  defaultOptions: {
    queries: {
      staleTime: 10_000,
      retry: (failures, error) =>
        failures < 2 && !(error instanceof SessionEndedError) && !(error instanceof ApiError && error.status >= 400),
    },
  },
})

await start(document.getElementById('root'))

async function start(element: HTMLElement | null): Promise<void> {
  if (element === null) throw new TypeError('The page has no root')
  const root = createRoot(element)
  try {
    const settings = await fetchSettings()
    const session = createSession(settings, wantedScopes)
    void session.start()
    root.render(<ConsolePage settings={settings} session={session} />)
  } catch {
    root.render(<StartFailed />)
  }
}

function ConsolePage({ settings, session }: { settings: Settings; session: ReturnType<typeof createSession> }) {
  return (
    <StrictMode>
      <MantineProvider
        theme={theme}
        forceColorScheme={useColorScheme()}
        withCssVariables={false}
        withGlobalClasses={false}
      >
        <QueryClientProvider client={queryClient}>
          <SessionProvider session={session} settings={settings}>
            <ConsoleDoor />
          </SessionProvider>
        </QueryClientProvider>
      </MantineProvider>
    </StrictMode>
  )
}
