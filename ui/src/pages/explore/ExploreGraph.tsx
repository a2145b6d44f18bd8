import { useMemo, useState, type ReactNode } from 'react'
import type { RangeResult } from '../../api/prometheus/client'
import { MOST_LINES } from '../../panels/frame'
import { Graph } from '../../panels/Graph'
import { Panel } from '../../panels/Panel'
import { formatCount } from '../../panels/units'
import { useRangeQueries } from '../../panels/useRangeQuery'
import { ViewToggle } from '../../panels/ViewToggle'
import { Empty, Loading, Note } from '../../parts/states'
import { Reasons } from './ExploreExplain'
import { combine, letterOf, type ExploreQuery } from './exploration'

/** A point per pixel of a wide screen would be more than an eye can use. */
export const EXPLORE_POINTS = 750

/** All drawn queries in one graph. */
export function ExploreGraph({ queries }: { queries: readonly ExploreQuery[] }): ReactNode {
  const [view, setView] = useState<'graph' | 'table'>('graph')
  const asked = queries.map((query) => (query.hidden ? '' : query.text))
  const results = useRangeQueries(asked, EXPLORE_POINTS)
  const combined = useMemo(() => combine(answered(queries, results.data), MOST_LINES), [queries, results.data])

  if (asked.every((text) => text.trim() === '')) return <NothingAsked />
  if (!combined) return results.isPending ? <Loading height={320} label="Asking" /> : null
  if (combined.total === 0 && results.data.some((result) => result && result.histograms > 0)) {
    return (
      <Empty title="Only native histograms" snippet="histogram_quantile(0.9, sum(rate(…[5m])))">
        Lines show numbers: ask for a quantile, histogram_count or histogram_avg of them.
      </Empty>
    )
  }
  if (combined.total === 0) {
    return (
      <>
        <Empty title="No series matched">The names or labels may be others in this time. The metric list shows what there is.</Empty>
        <Reasons queries={asked.filter((text) => text.trim() !== '')} />
      </>
    )
  }
  return (
    <Panel title="Graph" actions={<ViewToggle view={view} onChange={setView} label="Graph" />}>
      <Graph label="Graph" frame={combined.frame} look={{ unit: combined.unit, tall: true }} view={view} />
      {combined.total > combined.frame.lines.length && (
        <Note>{`Top ${combined.frame.lines.length} of ${formatCount(combined.total)} series, by their maximum.`}</Note>
      )}
    </Panel>
  )
}

function answered(queries: readonly ExploreQuery[], data: readonly (RangeResult | undefined)[]): { letter: string; query: string; result: RangeResult }[] {
  return queries.flatMap((query, index) => {
    const result = data[index]
    return result && !query.hidden ? [{ letter: letterOf(index), query: query.text, result }] : []
  })
}

export function NothingAsked(): ReactNode {
  return (
    <Empty title="Nothing is asked yet" snippet="rate(node_network_io[1m])">
      Write a query, or pick a metric from the list. Ctrl or ⌘ and Enter runs it.
    </Empty>
  )
}
