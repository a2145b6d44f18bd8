import { useEffect, useImperativeHandle, useMemo, type ReactNode, type Ref } from 'react'
import uPlot from 'uplot'
import 'uplot/dist/uPlot.min.css'
import type { Event } from '../api/fusewatch/schemas'
import type { Zone } from '../time/format'
import type { TimeWindow } from '../time/range'
import { useTime } from '../time/TimeContext'
import { annotationPlugin } from './annotations'
import type { HeatGrid } from './heat'
import { boundsAxis, heatAt, heatPlugin } from './heatLayer'
import classes from './HeatMap.module.css'
import plotClasses from './Plot.module.css'
import { emptySeries, plotOptions } from './plotOptions'
import type { Drawn } from './SaveMenu'
import { tooltipPlugin, type TooltipContent } from './tooltip'
import { formatValue, type Unit } from './units'
import { axisColours, tokenOf, usePlot } from './usePlot'
import { useEvents } from './useRangeQuery'

export interface HeatMapProps {
  grid: HeatGrid
  /** Of the observed values. */
  unit: Unit
  /** Tells what is drawn now. */
  ref?: Ref<() => Drawn | null>
}

interface Live extends Omit<HeatMapProps, 'ref'> {
  zone: Zone
  events: readonly Event[]
  onZoom: (window: TimeWindow) => void
  onZoomBack: () => void
}

/** How observed values are spread, over time: the stronger a cell, the more of them lay between its bounds. */
export function HeatMap({ grid, unit, ref }: HeatMapProps): ReactNode {
  const { zone, zoom, zoomBack } = useTime()
  const events = useEvents()
  const data = useMemo(() => emptySeries(grid.times), [grid])
  const live: Live = { grid, unit, zone, events, onZoom: zoom, onZoomBack: () => zoomBack?.() }
  const { container, plot } = usePlot([unit, zone].join(), data, live, build)

  useImperativeHandle(ref, () => () => {
    const canvas = container.current?.querySelector('canvas')
    return canvas ? { canvas, legend: [] } : null
  })

  useEffect(() => plot.current?.redraw(false), [events, plot])

  return (
    <>
      <div ref={container} className={plotClasses['plot']} data-tall aria-hidden="true" />
      <p className={classes['scale']}>
        0 <span className={classes['ramp']} aria-hidden="true" /> {formatValue(grid.most, 'short')} in a cell
      </p>
    </>
  )
}

function build(element: HTMLElement, live: () => Live): uPlot {
  const { grid, unit, zone } = live()
  const colours = axisColours(element)
  const colour = tokenOf(element, '--fw-accent')
  const current = (): HeatGrid => live().grid
  const events = (): readonly Event[] => live().events
  const content = (plot: uPlot, index: number): TooltipContent => heatAt(plot, current(), index, unit, colour)
  const options = plotOptions({
    width: element.clientWidth,
    height: element.clientHeight,
    zone,
    colours,
    valueScale: { range: () => [0, Math.max(1, current().rows.length)] },
    valueAxis: boundsAxis(current, unit, colours),
    plugins: [heatPlugin(current, colour), annotationPlugin(events, () => colours.text), tooltipPlugin({ content, events, zone, classes: plotClasses })],
    onZoom: (window) => live().onZoom(window),
    onZoomBack: () => live().onZoomBack(),
  })
  return new uPlot(options, emptySeries(grid.times), element)
}
