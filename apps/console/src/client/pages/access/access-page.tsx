import { useToolAccess } from '../../api/use-tool-access.ts'
import { useClaims } from '../../session/session-context.tsx'
import { Page } from '../../ui/page.tsx'
import { AccessOrigin } from './access-origin.tsx'
import { OwnSessions } from './own-sessions.tsx'
import { TokenExplained } from './token-explained.tsx'
import { ToolList } from './tool-list.tsx'
import { WhoAmI } from './who-am-i.tsx'

/** What the person who is signed in may do, where that comes from, and how long it lasts. */
export function AccessPage() {
  const claims = useClaims()
  const tools = useToolAccess()
  return (
    <Page
      title="My access"
      lead="What the MCP server would let you do right now, where each permission comes from, and where you are signed in."
    >
      <WhoAmI claims={claims} />
      <ToolList tools={tools.data} error={tools.error} retry={() => void tools.refetch()} />
      <AccessOrigin claims={claims} />
      <OwnSessions />
      <TokenExplained claims={claims} />
    </Page>
  )
}
