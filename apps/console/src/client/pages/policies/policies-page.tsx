import { keepPreviousData, useQuery } from '@tanstack/react-query'
import { useNavigate, useSearch } from '@tanstack/react-router'
import { useDeferredValue, useMemo } from 'react'
import { useApis } from '../../api/api-context.tsx'
import { type Asked, createPoliciesApi, type Policies } from '../../api/policies.ts'
import { useClaims, useSession } from '../../session/session-context.tsx'
import { PagePending } from '../../shell/page-pending.tsx'
import { Card } from '../../ui/card.tsx'
import { Page } from '../../ui/page.tsx'
import { PageFailed } from '../../ui/page-failed.tsx'
import { PolicyList } from './policy-list.tsx'
import { type Question, toRequest } from './question.ts'
import { ShadowDifferences } from './shadow-differences.tsx'
import { usePeopleToAsk } from './use-people-to-ask.ts'
import { WhatIfForm } from './what-if-form.tsx'
import { WhatIfResult } from './what-if-result.tsx'

/** The policies as they are written, beside what they would decide about a person, a tool, a record and a time. */
export function PoliciesPage() {
  const { settings } = useSession()
  const { authorizedFetch } = useApis()
  const api = useMemo(() => createPoliciesApi(settings, authorizedFetch), [settings, authorizedFetch])
  const policies = useQuery({ queryKey: ['policies'], queryFn: () => api.read(), staleTime: 60_000 })
  const people = usePeopleToAsk(api)
  return (
    <Page
      title="Policy"
      lead="Ask what would be decided. Nothing is called and nothing is recorded; the answer comes from the policies in force."
    >
      {policies.isError && (
        <Card>
          <PageFailed error={policies.error} reset={() => void policies.refetch()} />
        </Card>
      )}
      {policies.isPending && <PagePending />}
      {policies.isSuccess && (
        <WhatIfCards
          policies={policies.data}
          people={people.data}
          peopleError={people.error}
          ask={(question, signal) => api.ask(question, signal)}
        />
      )}
    </Page>
  )
}

interface WhatIfCardsProperties {
  policies: Policies
  /** Undefined while they are being looked up. */
  people: Asked[] | undefined
  peopleError: Error | null
  ask: ReturnType<typeof createPoliciesApi>['ask']
}

function WhatIfCards({ policies, people, peopleError, ask }: WhatIfCardsProperties) {
  const navigate = useNavigate()
  const question = useSearch({ from: '/policies' })
  const person = usePersonAsked(people, question.as)
  const tool = policies.tools.find(({ name }) => name === question.tool) ?? firstTool(policies)
  const request = useDeferredValue(person && tool && toRequest(question, person, tool))
  const answer = useQuery({
    queryKey: ['what if', request],
    queryFn: ({ signal }) => {
      if (request === undefined) throw new TypeError('There is no question')
      return ask(request, signal)
    },
    enabled: request !== undefined,
    placeholderData: keepPreviousData,
    // Without a time the question is about now.
    staleTime: 5000,
  })
  const change = (next: Question): void => void navigate({ to: '/policies', search: next, replace: true })
  return (
    <>
      {peopleError !== null && <PageFailed error={peopleError} />}
      <WhatIfForm question={question} person={person} people={people} tool={tool} policies={policies} change={change} />
      {answer.isError && (
        <Card>
          <PageFailed error={answer.error} reset={() => void answer.refetch()} />
        </Card>
      )}
      {person !== undefined && tool !== undefined && !answer.isError && (
        <WhatIfResult answer={answer.data} person={person} tool={tool} />
      )}
      {policies.candidate !== undefined && <ShadowDifferences version={policies.candidate.version} />}
      <PolicyList policies={policies} standings={answer.data?.policies} />
    </>
  )
}

const firstTool = ({ tools }: Policies) => tools.find(({ name }) => name === 'update_customer') ?? tools[0]

/** The person of the address, else the one who looks. */
function usePersonAsked(people: Asked[] | undefined, username: string | undefined): Asked | undefined {
  const claims = useClaims()
  const wanted = username ?? claims.preferred_username
  return people?.find((each) => each.username === wanted) ?? people?.[0]
}
