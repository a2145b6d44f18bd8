import { useEffect, useMemo, type ReactNode } from 'react'
import uPlot from 'uplot'
import 'uplot/dist/uPlot.min.css'
import type { Event } from '../api/fusewatch/schemas'
import type { Zone } from '../time/format'
import type { TimeWindow } from '../time/range'
import { annotationPlugin } from './annotations'
import type { Frame } from './frame'
import { linesPlugin } from './linesLayer'
import type { LineStyle } from './palette'
import classes from './Plot.module.css'
import { emptySeries, plotOptions, valueAxis, valueScale, type Bounds } from './plotOptions'
import { pressPlugin, valuesAt } from './pointer'
import { extentOf, strokesOf, type Stroke } from './strokes'
import { tooltipPlugin, type TooltipContent } from './tooltip'
import type { Unit } from './units'
import { axisColours, usePlot } from './usePlot'

export interface PlotProps extends Bounds {
  frame: Frame
  styles: readonly LineStyle[]
  shown: readonly boolean[]
  unit: Unit
  zone: Zone
  events: readonly Event[]
  /** The line that the legend points at. */
  focus: number | null
  stacked: boolean
  log: boolean
  tall: boolean
  onZoom: (window: TimeWindow) => void
  onZoomBack: () => void
  /** A press on a line, or beside all of them. */
  onPick: (index: number | null, leaveOut: boolean) => void
}

/** What the canvas asks for while it is there. */
interface Live extends PlotProps {
  drawing: { strokes: Stroke[]; extent: [number, number] | null; data: uPlot.AlignedData }
}

/** Lines over time. */
export function Plot(props: PlotProps): ReactNode {
  const { frame, styles, shown, unit, zone, events, focus, stacked, log, min, max, tall } = props
  const drawing = useMemo(() => {
    const strokes = strokesOf(frame, styles, shown, stacked)
    return { strokes, extent: extentOf(strokes, log), data: emptySeries(frame.times) }
  }, [frame, styles, shown, stacked, log])
  const { container, plot } = usePlot<Live>([unit, zone, log, min, max].join(), drawing.data, { ...props, drawing }, build)

  useEffect(() => plot.current?.redraw(false), [events, focus, plot])

  return <div ref={container} className={classes['plot']} data-tall={tall || undefined} aria-hidden="true" />
}

function build(element: HTMLElement, live: () => Live): uPlot {
  const { unit, zone, log, min, max, drawing } = live()
  const colours = axisColours(element)
  const strokes = (): Stroke[] => live().drawing.strokes
  const events = (): readonly Event[] => live().events
  const content = (plot: uPlot, index: number): TooltipContent => valuesAt(plot, live().frame, strokes(), index, unit)
  const options = plotOptions({
    width: element.clientWidth,
    height: element.clientHeight,
    zone,
    colours,
    valueScale: valueScale(() => live().drawing.extent, log, { min, max }),
    valueAxis: valueAxis(unit, colours),
    plugins: [
      linesPlugin(strokes, () => live().focus),
      annotationPlugin(events, () => colours.text),
      tooltipPlugin({ content, events, zone, classes }),
      pressPlugin(strokes, (index, leaveOut) => live().onPick(index, leaveOut)),
    ],
    onZoom: (window) => live().onZoom(window),
    onZoomBack: () => live().onZoomBack(),
  })
  return new uPlot(options, drawing.data, element)
}
