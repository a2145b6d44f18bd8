import { useMemo, useRef, useState, type ReactNode } from 'react'
import { hasHistograms, heatFrame, toHeat } from '../../panels/heat'
import { Graph } from '../../panels/Graph'
import { HeatMap } from '../../panels/HeatMap'
import { Panel } from '../../panels/Panel'
import { PanelTable } from '../../panels/PanelTable'
import { SaveMenu, type Drawn } from '../../panels/SaveMenu'
import { formatCount, guessUnit } from '../../panels/units'
import { ViewToggle } from '../../panels/ViewToggle'
import { Note } from '../../parts/states'
import type { Display } from './display'
import { combine, fallsBelowZero, type Answered } from './exploration'

/** As many lines as can be drawn and pointed at; the page says which ones it leaves out. */
const MOST_LINES = 1000

export interface LinesPanelProps {
  answers: Answered[]
  display: Partial<Display>
  /** There is no other graph of lines on the page. */
  alone: boolean
}

/** Answers as lines, with what there is to say of how they are drawn. */
export function LinesPanel({ answers, display, alone }: LinesPanelProps): ReactNode {
  const [view, setView] = useState<'graph' | 'table'>('graph')
  const drawn = useRef<() => Drawn | null>(null)
  const combined = useMemo(() => combine(answers, MOST_LINES), [answers])
  if (!combined) return null
  const title = alone ? 'Graph' : `Query ${answers.map((answer) => answer.letter).join(', ')}`
  const { frame, total } = combined
  const log = display.scale === 'log'
  const look = { unit: display.unit ?? combined.unit, tall: true, stacked: display.draw === 'stacked', log }
  return (
    <Panel
      title={title}
      actions={
        <>
          <SaveMenu title={title} subject={answers.map(({ query }) => query).join(', ')} frame={frame} drawn={() => drawn.current?.() ?? null} />
          <ViewToggle view={view} onChange={setView} label={title} />
        </>
      }
    >
      <Graph ref={drawn} label={title} frame={frame} look={look} view={view} />
      {total > frame.lines.length && <Note>{`Top ${frame.lines.length} of ${formatCount(total)} series, by their maximum.`}</Note>}
      {log && fallsBelowZero(frame) && <Note>Values at or below zero have no place on a logarithmic axis.</Note>}
      {display.draw === 'heat' && <Note>{`A heat map needs native histograms or buckets with le, and ${title === 'Graph' ? 'this answer' : title.toLowerCase()} has none.`}</Note>}
      {display.draw === undefined && answers.some(({ result }) => hasHistograms(result)) && (
        <Note>These are the buckets of a histogram: Display, Heat map shows how its values are spread.</Note>
      )}
    </Panel>
  )
}

/** An answer's histograms as a heat map, or as the table behind it. */
export function HeatPanel({ answer, display }: { answer: Answered; display: Partial<Display> }): ReactNode {
  const [view, setView] = useState<'graph' | 'table'>('graph')
  const { letter, query, result } = answer
  const grid = useMemo(() => toHeat(result), [result])
  // What is observed has the unit that a quantile of it would have, whatever is done to the counts.
  const unit = display.unit ?? guessUnit(`histogram_quantile(0.5, ${query})`)
  const title = `Query ${letter} as a heat map`
  const frame = useMemo(() => heatFrame(grid, unit), [grid, unit])
  const drawn = useRef<() => Drawn | null>(null)
  return (
    <Panel
      title={title}
      actions={
        <>
          <SaveMenu title={title} subject={query} frame={frame} drawn={() => drawn.current?.() ?? null} />
          <ViewToggle view={view} onChange={setView} label={title} />
        </>
      }
    >
      {view === 'graph' ? <HeatMap ref={drawn} grid={grid} unit={unit} /> : <PanelTable label={title} frame={frame} unit="short" events={[]} />}
      {grid.histograms > 1 && <Note>{`${formatCount(grid.histograms)} histograms, added up.`}</Note>}
    </Panel>
  )
}
