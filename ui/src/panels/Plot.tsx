import { useComputedColorScheme } from '@mantine/core'
import { useEffect, useEffectEvent, useMemo, useRef, type ReactNode } from 'react'
import uPlot from 'uplot'
import 'uplot/dist/uPlot.min.css'
import type { Event } from '../api/fusewatch/schemas'
import type { Zone } from '../time/format'
import type { TimeWindow } from '../time/range'
import { annotationPlugin } from './annotations'
import { pile, type Frame } from './frame'
import type { LineStyle } from './palette'
import classes from './Plot.module.css'
import { plotOptions } from './plotOptions'
import { tooltipPlugin, type TooltipContent } from './tooltip'
import type { Unit } from './units'

export interface PlotProps {
  frame: Frame
  styles: readonly LineStyle[]
  shown: readonly boolean[]
  unit: Unit
  zone: Zone
  events: readonly Event[]
  /** The line that the legend points at. */
  focus: number | null
  stacked: boolean
  tall: boolean
  min?: number | undefined
  max?: number | undefined
  onZoom: (window: TimeWindow) => void
  onZoomBack: () => void
}

/** The canvas. It is made anew when its look changes; new data, size, focus and hidden lines go into the one that is there. */
export function Plot(props: PlotProps): ReactNode {
  const { frame, styles, shown, unit, zone, events, focus, stacked, min, max } = props
  const scheme = useComputedColorScheme('light', { getInitialValueInEffect: false })
  const container = useRef<HTMLDivElement>(null)
  const plot = useRef<uPlot | null>(null)
  const data = useMemo(() => plotData(frame, shown, stacked), [frame, shown, stacked])
  const look = styles.map((style) => style.colour + style.dash.join(',')).join(' ')

  const tooltip = useEffectEvent((): TooltipContent => {
    const lines = frame.lines.flatMap((line, index) =>
      shown[index] ? [{ name: line.name, colour: styles[index]?.colour ?? '', values: line.values }] : [],
    )
    return { lines, events, unit, zone }
  })
  const currentEvents = useEffectEvent(() => events)
  const zoom = useEffectEvent((window: TimeWindow) => props.onZoom(window))
  const zoomBack = useEffectEvent(() => props.onZoomBack())
  const create = useEffectEvent((element: HTMLElement): uPlot => {
    const colour = (token: string): string => getComputedStyle(element).getPropertyValue(token)
    const options = plotOptions({
      width: element.clientWidth,
      height: element.clientHeight,
      unit,
      zone,
      styles,
      stacked,
      bounds: { min, max },
      colours: { text: colour('--fw-muted'), grid: colour('--fw-grid') },
      plugins: [annotationPlugin(() => currentEvents(), () => colour('--fw-muted')), tooltipPlugin(() => tooltip(), classes)],
      onZoom: (window) => zoom(window),
      onZoomBack: () => zoomBack(),
    })
    return new uPlot(options, data, element)
  })

  useEffect(() => {
    const element = container.current
    if (!element) return
    const made = create(element)
    plot.current = made
    const observer = new ResizeObserver(() => made.setSize({ width: element.clientWidth, height: element.clientHeight }))
    observer.observe(element)
    return () => {
      observer.disconnect()
      made.destroy()
      plot.current = null
    }
  }, [look, unit, zone, stacked, min, max, scheme])

  useEffect(() => {
    if (plot.current && plot.current.data !== data) plot.current.setData(data)
  }, [data])

  useEffect(() => plot.current?.redraw(false), [events])

  useEffect(() => {
    plot.current?.setSeries(focus === null ? null : focus + 1, { focus: true })
  }, [focus])

  return <div ref={container} className={classes['plot']} data-tall={props.tall || undefined} aria-hidden="true" />
}

/** Columns as uPlot takes them. A hidden line keeps its place, empty, so that choosing lines never rebuilds the canvas. */
function plotData(frame: Frame, shown: readonly boolean[], stacked: boolean): uPlot.AlignedData {
  const lines = frame.lines.map((line, index) => (shown[index] ? line : { ...line, values: line.values.map(() => null) }))
  const columns = stacked ? pile(lines) : lines.map((line) => line.values)
  return [frame.times, ...columns]
}
