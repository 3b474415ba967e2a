import { useQuery } from '@tanstack/react-query'
import { fetchToolAccess } from '../../api/access.ts'
import { useApis } from '../../api/api-context.tsx'
import { scopesOf } from '../../session/access-token.ts'
import { useClaims, useSession } from '../../session/session-context.tsx'
import { Page } from '../../ui/page.tsx'
import { AccessOrigin } from './access-origin.tsx'
import { TokenExplained } from './token-explained.tsx'
import { ToolList } from './tool-list.tsx'
import { WhoAmI } from './who-am-i.tsx'

/** What the person who is signed in may do, where that comes from, and how long it lasts. */
export function AccessPage() {
  const { settings } = useSession()
  const { authorizedFetch } = useApis()
  const claims = useClaims()
  const tools = useQuery({
    queryKey: ['access', claims.sub, scopesOf(claims).join(' ')],
    queryFn: () => fetchToolAccess(settings, authorizedFetch),
  })
  return (
    <Page
      title="My access"
      lead="What the MCP server would let you do right now, and where each permission comes from."
    >
      <WhoAmI claims={claims} />
      <ToolList tools={tools.data} error={tools.error} retry={() => void tools.refetch()} />
      <AccessOrigin claims={claims} />
      <TokenExplained claims={claims} />
    </Page>
  )
}
