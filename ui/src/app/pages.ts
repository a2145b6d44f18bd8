import type { IconName } from '../parts/Icon'

/** The pages there are, in the order of the rail. `key` goes there after `g`. */
export const PAGES = [
  { to: '/', label: 'Overview', short: 'Home', icon: 'home', key: 'o', about: 'This machine and what is wrong right now' },
  { to: '/explore', label: 'Explore metrics', short: 'Metrics', icon: 'graph', key: 'e', about: 'Ask in PromQL' },
  { to: '/rules', label: 'Rules', short: 'Rules', icon: 'rules', key: 'r', about: 'What is evaluated: alerts that fire, rules that fail' },
  { to: '/targets', label: 'Targets', short: 'Targets', icon: 'target', key: 't', about: 'What is scraped and how that goes' },
  { to: '/ingest', label: 'Ingest', short: 'Ingest', icon: 'inflow', key: 'i', about: 'Who sends what, and what is refused or behind' },
  { to: '/cardinality', label: 'Cardinality', short: 'Series', icon: 'layers', key: 'c', about: 'Where series come from and what they cost' },
  { to: '/status', label: 'Status', short: 'Status', icon: 'server', key: 's', about: 'Fusewatch itself: components, storage, configuration' },
  { to: '/users', label: 'Users', short: 'Users', icon: 'users', key: 'u', about: 'Users, tokens and who changed what' },
] as const satisfies readonly { to: string; label: string; short: string; icon: IconName; key: string; about: string }[]

export type PagePath = (typeof PAGES)[number]['to']
