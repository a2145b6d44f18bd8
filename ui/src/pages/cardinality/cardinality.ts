import type { Cardinality, Limit } from '../../api/fusewatch/schemas'
import { formatCount, formatValue } from '../../panels/units'
import type { Gauge } from '../../parts/Gauge'
import type { StatusKind } from '../../parts/Status'
import type { Tile } from '../../parts/Tiles'
import { DAY } from '../../time/duration'

/** `+120`, `−3`, `0`. */
export function formatGrowth(growth: number): string {
  if (growth === 0) return '0'
  return growth > 0 ? `+${formatCount(growth)}` : `−${formatCount(-growth)}`
}

/** `12 %` of something; what is there is never shown as nothing. */
export function formatShare(share: number): string {
  return share > 0 && share < 0.0001 ? '< 0.01 %' : formatValue(share, 'ratio')
}

/** Queries are noted by the day, so today is as exact as it gets. */
export function queriedWords(day: number | null, asOf: number): string {
  if (day === null) return 'never'
  const days = Math.floor((asOf - day) / DAY)
  if (days < 1) return 'today'
  return days === 1 ? 'yesterday' : `${formatCount(days)} d ago`
}

/** Growth of more than this share since yesterday is worth a word. */
const FAST = 0.2
const DOUBLED = 1

export function cardinalityTiles({ total, stored, bytes, metric_count: metrics, label_count: labels }: Cardinality): Tile[] {
  return [
    { label: 'Series', kind: total.series > 0 ? 'ok' : 'unknown', word: 'Seen', value: formatCount(total.series), detail: `in this time, of ${formatCount(stored)} that are kept` },
    { label: 'Active now', kind: total.active > 0 ? 'ok' : 'unknown', word: total.active > 0 ? 'Live' : 'None', value: formatCount(total.active), detail: 'seen in the last hour or two' },
    { label: 'Since yesterday', ...growthWord(total.growth, total.active), value: formatGrowth(total.growth), detail: `active series; ${formatCount(total.new)} were new in 24 hours` },
    { label: 'Samples', kind: 'ok', word: 'Now', value: formatValue(total.samples_per_second, 'short'), detail: 'a second, over the last minutes' },
    { label: 'On disk', kind: 'ok', word: 'All kept', value: formatValue(bytes, 'bytes'), detail: `${formatCount(metrics)} metrics, ${formatCount(labels)} labels` },
  ]
}

/** The first day of all has nothing to be compared with. */
export function hasNoYesterday({ total }: Cardinality): boolean {
  return total.growth > 0 && total.active === total.growth
}

function growthWord(growth: number, active: number): { kind: StatusKind; word: string } {
  const before = active - growth
  if (growth > 0 && before <= 0) return { kind: 'unknown', word: 'First day' }
  if (growth <= 0) return { kind: 'ok', word: growth < 0 ? 'Fewer' : 'Steady' }
  if (growth > before * DOUBLED) return { kind: 'warning', word: 'Doubled' }
  return growth > before * FAST ? { kind: 'warning', word: 'Growing' } : { kind: 'ok', word: 'Steady' }
}

export interface LimitGauge extends Gauge {
  setting: string
  /** The groups that fill it most, as words. */
  largest: { name: string; words: string }[]
  /** What the groups are: a focus on one of them. */
  part: 'metric' | 'job' | null
}

const LIMIT_NAMES: Record<string, string> = {
  'storage.max_series': 'All active series',
  'storage.max_series_per_metric': 'Series of one metric',
  'storage.max_series_per_job': 'Series of one job',
}
const SHOWN_GROUPS = 3

export function limitGauges(limits: readonly Limit[]): LimitGauge[] {
  return limits.map(limitGauge)
}

function limitGauge({ setting, limit, largest }: Limit): LimitGauge {
  const most = largest[0]?.series ?? 0
  const share = limit > 0 ? Math.min(most / limit, 1) : 0
  const words = limit > 0 ? `${formatCount(most)} of ${formatCount(limit)} (${formatShare(share)})` : `${formatCount(most)}, no limit`
  const named = largest.filter((group) => group.name).slice(0, SHOWN_GROUPS)
  return {
    setting,
    label: LIMIT_NAMES[setting] ?? setting,
    words,
    share,
    kind: limitKind(limit, most),
    largest: named.map(({ name, series }) => ({ name, words: limit > 0 ? `${formatCount(series)}, ${formatShare(series / limit)}` : formatCount(series) })),
    part: groupPart(setting),
  }
}

function groupPart(setting: string): 'metric' | 'job' | null {
  if (setting.endsWith('_metric')) return 'metric'
  return setting.endsWith('_job') ? 'job' : null
}

function limitKind(limit: number, most: number): StatusKind {
  if (limit === 0) return 'unknown'
  if (most >= limit) return 'critical'
  return most >= limit * 0.8 ? 'warning' : 'ok'
}

/** What the list of unused metrics means, given for how long queries have been noted. */
export function unusedWords({ unused, as_of: now }: Cardinality): string {
  const { count, series, bytes, days, since } = unused
  const noted = Math.floor((now - since) / DAY)
  const span = noted >= days ? `in ${days} days` : `since queries are noted, which is for ${noted < 1 ? 'less than a day' : `${noted} of ${days} days`}`
  if (count === 0) return `Every metric was queried ${span}.`
  return `${formatCount(count)} metrics with ${formatCount(series)} series and ${formatValue(bytes, 'bytes')} on disk were not queried ${span}.`
}
