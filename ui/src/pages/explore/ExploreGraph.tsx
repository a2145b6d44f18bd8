import { useMemo, type ReactNode } from 'react'
import { hasHistograms } from '../../panels/heat'
import { Empty, Loading } from '../../parts/states'
import type { Display } from './display'
import { Reasons } from './ExploreExplain'
import type { Answered, ExploreQuery } from './exploration'
import { HeatPanel, LinesPanel } from './GraphPanels'
import { useAnswers } from './useAnswers'

export interface ExploreGraphProps {
  queries: readonly ExploreQuery[]
  display: Partial<Display>
}

/** The drawn queries: their lines in one graph or one each, their histograms as heat maps. */
export function ExploreGraph({ queries, display }: ExploreGraphProps): ReactNode {
  const { answered, isPending } = useAnswers(queries, display)
  const asked = queries.filter((query) => !query.hidden && query.text.trim() !== '')
  const { graphs, heat } = useMemo(() => sorted(answered, display.draw, display.apart !== undefined), [answered, display.draw, display.apart])

  if (asked.length === 0) return <NothingAsked />
  if (answered.length === 0) return isPending ? <Loading height={320} label="Asking" /> : null
  if (answered.every(({ result }) => result.series.length + result.histograms.length === 0)) {
    return (
      <>
        <Empty title="No series matched">The names or labels may be others in this time. The metric list shows what there is.</Empty>
        <Reasons queries={asked.map((query) => query.text)} />
      </>
    )
  }
  return (
    <>
      {graphs.map((answers) => answers.length > 0 && <LinesPanel key={answers[0]?.letter} answers={answers} display={display} alone={graphs.length === 1} />)}
      {heat.map((answer) => (
        <HeatPanel key={answer.letter} answer={answer} display={display} />
      ))}
    </>
  )
}

/** What is drawn how. Native histograms have no lines, whatever else is wanted. */
function sorted(answered: readonly Answered[], draw: Display['draw'] | undefined, apart: boolean): { graphs: Answered[][]; heat: Answered[] } {
  const heat = answered.filter(({ result }) => (draw === 'heat' ? hasHistograms(result) : result.histograms.length > 0))
  const lines = answered.filter((answer) => answer.result.series.length > 0 && !(draw === 'heat' && heat.includes(answer)))
  return { graphs: apart ? lines.map((one) => [one]) : [lines], heat }
}

export function NothingAsked(): ReactNode {
  return (
    <Empty title="Nothing is asked yet" snippet="rate(node_network_io[1m])">
      Write a query, or pick a metric from the list. Ctrl or ⌘ and Enter runs it.
    </Empty>
  )
}
