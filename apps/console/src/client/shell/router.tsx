import { createRootRoute, createRoute, createRouter, lazyRouteComponent } from '@tanstack/react-router'
import { parseAuditFilters } from '../pages/audit/audit-filters.ts'
import { parseQuestion } from '../pages/policies/question.ts'
import { PageFailed } from '../ui/page-failed.tsx'
import { HomePage } from './home-page.tsx'
import { NotFoundPage } from './not-found-page.tsx'
import { PagePending } from './page-pending.tsx'
import { Shell } from './shell.tsx'

const root = createRootRoute({ component: Shell, notFoundComponent: NotFoundPage })

const home = createRoute({ getParentRoute: () => root, path: '/', component: HomePage })

const overview = createRoute({
  getParentRoute: () => root,
  path: '/overview',
  component: lazyRouteComponent(() => import('../pages/overview/overview-page.tsx'), 'OverviewPage'),
})

const audit = createRoute({
  getParentRoute: () => root,
  path: '/audit',
  validateSearch: parseAuditFilters,
  component: lazyRouteComponent(() => import('../pages/audit/audit-page.tsx'), 'AuditPage'),
})

const auditRecord = createRoute({
  getParentRoute: () => root,
  path: '/audit/$sequence',
  validateSearch: ({ log }: Record<string, unknown>): { log?: string } => (typeof log === 'string' ? { log } : {}),
  component: lazyRouteComponent(() => import('../pages/audit/audit-record-page.tsx'), 'AuditRecordPage'),
})

const access = createRoute({
  getParentRoute: () => root,
  path: '/access',
  component: lazyRouteComponent(() => import('../pages/access/access-page.tsx'), 'AccessPage'),
})

const people = createRoute({
  getParentRoute: () => root,
  path: '/people',
  component: lazyRouteComponent(() => import('../pages/people/people-page.tsx'), 'PeoplePage'),
})

const person = createRoute({
  getParentRoute: () => root,
  path: '/people/$username',
  component: lazyRouteComponent(() => import('../pages/people/person-page.tsx'), 'PersonPage'),
})

const review = createRoute({
  getParentRoute: () => root,
  path: '/review',
  component: lazyRouteComponent(() => import('../pages/review/review-page.tsx'), 'ReviewPage'),
})

const campaign = createRoute({
  getParentRoute: () => root,
  path: '/review/$campaign',
  component: lazyRouteComponent(() => import('../pages/review/campaign-page.tsx'), 'CampaignPage'),
})

const policies = createRoute({
  getParentRoute: () => root,
  path: '/policies',
  validateSearch: parseQuestion,
  component: lazyRouteComponent(() => import('../pages/policies/policies-page.tsx'), 'PoliciesPage'),
})

const keys = createRoute({
  getParentRoute: () => root,
  path: '/keys',
  component: lazyRouteComponent(() => import('../pages/keys/keys-page.tsx'), 'KeysPage'),
})

export const router = createRouter({
  routeTree: root.addChildren([
    home,
    overview,
    audit,
    auditRecord,
    access,
    people,
    person,
    review,
    campaign,
    policies,
    keys,
  ]),
  defaultPreload: 'intent',
  defaultPendingComponent: PagePending,
  defaultErrorComponent: PageFailed,
  scrollRestoration: true,
})

declare module '@tanstack/react-router' {
  interface Register {
    router: typeof router
  }
}
