import {
  createRootRoute,
  createRoute,
  createRouter,
  lazyRouteComponent,
  Outlet,
  retainSearchParams,
  stripSearchParams,
  type SearchSchemaInput,
} from '@tanstack/react-router'
import type { ReactNode } from 'react'
import { validateCardinality } from '../pages/cardinality/search'
import { validateExplore } from '../pages/explore/search'
import { validateIngest } from '../pages/ingest/search'
import { validateRules } from '../pages/rules/search'
import { validateTargets } from '../pages/targets/search'
import { NotFound, PageFailed } from './PageFailed'
import { parseSearch, SHARED_DEFAULTS, stringifySearch, textOf, validateShared } from './search'
import { Shell } from './Shell'
import { TimeProvider } from './TimeProvider'

function Root(): ReactNode {
  return (
    <TimeProvider>
      <Outlet />
    </TimeProvider>
  )
}

const rootRoute = createRootRoute({
  component: Root,
  notFoundComponent: NotFound,
  validateSearch: validateShared,
  // The first sees what the second made: kept from page to page, then left out where it says nothing.
  search: { middlewares: [stripSearchParams(SHARED_DEFAULTS), retainSearchParams(['from', 'to', 'tz', 'refresh'])] },
})

/** Where to go after the login. */
interface LoginSearch {
  next?: string
}

function validateLogin(raw: LoginSearch & SearchSchemaInput): LoginSearch {
  const next = textOf(raw.next)
  return next ? { next } : {}
}

const loginRoute = createRoute({
  getParentRoute: () => rootRoute,
  path: '/login',
  validateSearch: validateLogin,
  component: lazyRouteComponent(() => import('../pages/login/LoginPage'), 'LoginPage'),
})

const shellRoute = createRoute({ getParentRoute: () => rootRoute, id: 'shell', component: Shell })

const overviewRoute = createRoute({
  getParentRoute: () => shellRoute,
  path: '/',
  component: lazyRouteComponent(() => import('../pages/overview/OverviewPage'), 'OverviewPage'),
})

const exploreRoute = createRoute({
  getParentRoute: () => shellRoute,
  path: '/explore',
  validateSearch: validateExplore,
  component: lazyRouteComponent(() => import('../pages/explore/ExplorePage'), 'ExplorePage'),
})

const rulesRoute = createRoute({
  getParentRoute: () => shellRoute,
  path: '/rules',
  validateSearch: validateRules,
  component: lazyRouteComponent(() => import('../pages/rules/RulesPage'), 'RulesPage'),
})

const targetsRoute = createRoute({
  getParentRoute: () => shellRoute,
  path: '/targets',
  validateSearch: validateTargets,
  component: lazyRouteComponent(() => import('../pages/targets/TargetsPage'), 'TargetsPage'),
})

const ingestRoute = createRoute({
  getParentRoute: () => shellRoute,
  path: '/ingest',
  validateSearch: validateIngest,
  component: lazyRouteComponent(() => import('../pages/ingest/IngestPage'), 'IngestPage'),
})

const cardinalityRoute = createRoute({
  getParentRoute: () => shellRoute,
  path: '/cardinality',
  validateSearch: validateCardinality,
  component: lazyRouteComponent(() => import('../pages/cardinality/CardinalityPage'), 'CardinalityPage'),
})

const statusRoute = createRoute({
  getParentRoute: () => shellRoute,
  path: '/status',
  component: lazyRouteComponent(() => import('../pages/status/StatusPage'), 'StatusPage'),
})

const usersRoute = createRoute({
  getParentRoute: () => shellRoute,
  path: '/users',
  component: lazyRouteComponent(() => import('../pages/users/UsersPage'), 'UsersPage'),
})

const routeTree = rootRoute.addChildren([
  loginRoute,
  shellRoute.addChildren([overviewRoute, exploreRoute, rulesRoute, targetsRoute, ingestRoute, cardinalityRoute, statusRoute, usersRoute]),
])

export const router = createRouter({
  routeTree,
  parseSearch,
  stringifySearch,
  defaultPreload: 'intent',
  defaultErrorComponent: PageFailed,
  scrollRestoration: true,
})

declare module '@tanstack/react-router' {
  interface Register {
    router: typeof router
  }
}
