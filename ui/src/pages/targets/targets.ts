import type { Target } from '../../api/fusewatch/schemas'
import { formatCount } from '../../panels/units'
import type { StatusKind } from '../../parts/Status'
import type { Health, TargetsSearch } from './search'

export interface JobHealth {
  job: string
  total: number
  up: number
  down: number
  kind: StatusKind
  words: string
}

export const HEALTH_KIND: Record<Health, StatusKind> = { up: 'ok', down: 'critical', unknown: 'unknown' }

/** Each job in words, the worst first. */
export function jobHealths(targets: readonly Target[]): JobHealth[] {
  const jobs = Map.groupBy(targets, (target) => target.job)
  return [...jobs]
    .map(([job, members]) => jobHealth(job, members))
    .sort((left, right) => right.down - left.down || left.job.localeCompare(right.job))
}

function jobHealth(job: string, members: readonly Target[]): JobHealth {
  const [up, down] = (['up', 'down'] as const).map((health) => members.filter((target) => target.health === health).length) as [number, number]
  const total = members.length
  return { job, total, up, down, kind: jobKind(total, up, down), words: jobWords(total, up, down) }
}

function jobKind(total: number, up: number, down: number): StatusKind {
  if (down === 0) return up === total ? 'ok' : 'unknown'
  return down === total ? 'critical' : 'warning'
}

function jobWords(total: number, up: number, down: number): string {
  if (down > 0) return down === total ? `all ${formatCount(total)} down` : `${formatCount(down)} of ${formatCount(total)} down`
  return up === total ? `all ${formatCount(total)} up` : `${formatCount(total - up)} of ${formatCount(total)} not scraped yet`
}

export type Counts = Record<Health | 'all', number>

export function countByHealth(targets: readonly Target[]): Counts {
  const counts: Counts = { all: targets.length, up: 0, down: 0, unknown: 0 }
  targets.forEach((target) => counts[target.health]++)
  return counts
}

/** The targets that a link asks for. Every typed word has to be somewhere in address, labels or error. */
export function findTargets(targets: readonly Target[], { health, job, find = '' }: TargetsSearch): Target[] {
  const words = find.toLowerCase().split(/\s+/).filter(Boolean)
  return targets.filter((target) => {
    if (health && target.health !== health) return false
    if (job && target.job !== job) return false
    const text = searchText(target)
    return words.every((word) => text.includes(word))
  })
}

function searchText({ job, scrape_url, labels, last_error }: Target): string {
  const pairs = Object.entries(labels).map(([name, value]) => `${name}=${value}`)
  return [job, scrape_url, last_error ?? '', ...pairs].join(' ').toLowerCase()
}

const WORST_FIRST: Record<Health, number> = { down: 0, unknown: 1, up: 2 }

/** What a list shows before anybody sorts it. */
export function worstFirst(targets: readonly Target[]): Target[] {
  return [...targets].sort((left, right) => WORST_FIRST[left.health] - WORST_FIRST[right.health])
}
