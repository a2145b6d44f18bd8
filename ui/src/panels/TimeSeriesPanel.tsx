import { useMemo, useState, type ReactNode } from 'react'
import type { Labels } from '../api/prometheus/results'
import { useConnection } from '../app/services'
import { ExploreLink } from '../parts/ExploreLink'
import { Empty, Failing, Loading, Note, Stale } from '../parts/states'
import { formatLabels, greatestLines, inOrder, MOST_LINES, toFrame } from './frame'
import { Graph, type GraphLook } from './Graph'
import { Panel } from './Panel'
import { formatCount } from './units'
import { useRangeQuery } from './useRangeQuery'
import { ViewToggle } from './ViewToggle'

export interface TimeSeriesPanelProps {
  title: string
  query: string
  look: GraphLook
  /** A line's name in this graph; by default its labels as PromQL writes them. */
  name?: (labels: Labels) => string
  /** Where a line stands among the others; by default as answered. */
  order?: (labels: Labels) => number
  /** Why there may be nothing, said where the graph would be. */
  emptyReason?: string
  /** More to do with this graph, before what every graph offers. */
  actions?: ReactNode
}

/** Enough for a column per two pixels of a wide panel. */
const POINTS = 360

/** One query over the page's time: its graph in whichever state its data is. */
export function TimeSeriesPanel({ title, query, look, name = formatLabels, order, emptyReason, actions }: TimeSeriesPanelProps): ReactNode {
  const [view, setView] = useState<'graph' | 'table'>('graph')
  const result = useRangeQuery(query, POINTS)
  const { lost } = useConnection()
  const frame = useMemo(() => result.data && inOrder(toFrame(result.data, name), order), [result.data, name, order])
  const drawn = useMemo(() => frame && { ...frame, lines: greatestLines(frame.lines, MOST_LINES) }, [frame])
  const stale = result.isError || lost

  return (
    <Panel
      title={title}
      actions={
        <>
          {stale && result.data && <Stale asOf={result.dataUpdatedAt} />}
          {actions}
          <ExploreLink query={query} />
          <ViewToggle view={view} onChange={setView} label={title} />
        </>
      }
    >
      {result.isError && (!result.data || !lost) && (
        <Failing what="This graph could not be had" error={result.error} since={result.errorUpdatedAt} onRetry={() => void result.refetch()} />
      )}
      {!result.isError && !frame && <Loading height={260} label={`Loading ${title}`} />}
      {drawn && frame && drawn.lines.length > 0 && (
        <>
          <Graph label={title} frame={drawn} look={look} view={view} />
          {frame.lines.length > drawn.lines.length && <Note>{`Top ${drawn.lines.length} of ${formatCount(frame.lines.length)} series, by their maximum.`}</Note>}
        </>
      )}
      {drawn?.lines.length === 0 && <Empty title="Nothing in this time">{emptyReason ?? 'No series matched the query in this window. A wider time may hold some.'}</Empty>}
    </Panel>
  )
}
