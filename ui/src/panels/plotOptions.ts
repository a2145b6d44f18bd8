import uPlot from 'uplot'
import { formatTick, type Zone } from '../time/format'
import type { TimeWindow } from '../time/range'
import { axisIncrements, formatValue, type Unit } from './units'

export interface PlotOptions {
  width: number
  height: number
  zone: Zone
  colours: AxisColours
  plugins: uPlot.Plugin[]
  valueScale: uPlot.Scale
  valueAxis: uPlot.Axis
  onZoom: (window: TimeWindow) => void
  onZoomBack: () => void
}

export interface AxisColours {
  text: string
  grid: string
}

export interface Bounds {
  min?: number | undefined
  max?: number | undefined
}

/** All graphs of a page share their cross-hair. */
const SYNC_KEY = 'page'
const SMALLEST_BRUSH_PX = 6
const DECADE = 10
// eslint-disable-next-line @typescript-eslint/no-unsafe-enum-assignment -- the enumeration is gone when the code runs
export const LOGARITHMIC = 3 as uPlot.Scale.Distr

/** Axes, cross-hair and brush of every graph over time; what it shows is drawn by a plugin over an empty series. */
export function plotOptions(options: PlotOptions): uPlot.Options {
  const { width, height, plugins, valueScale, valueAxis } = options
  return {
    width,
    height,
    ms: 1,
    legend: { show: false },
    plugins,
    scales: { x: { time: true }, y: valueScale },
    series: [{}, { scale: 'y', auto: false, paths: () => null, points: { show: false } }],
    axes: [timeAxis(options), valueAxis],
    cursor: {
      sync: { key: SYNC_KEY, scales: ['x', null] },
      drag: { x: true, y: false, setScale: false },
      points: { show: false },
      bind: { dblclick: () => zoomBackOnDoubleClick(options.onZoomBack) },
    },
    hooks: { setSelect: [(plot) => brushed(plot, options.onZoom)] },
  }
}

/** What uPlot is given: the times, and a series that holds nothing. */
export function emptySeries(times: number[]): uPlot.AlignedData {
  return [times, times.map(() => null)]
}

function zoomBackOnDoubleClick(onZoomBack: () => void): () => null {
  return () => {
    onZoomBack()
    return null
  }
}

function brushed(plot: uPlot, onZoom: (window: TimeWindow) => void): void {
  const { left, width } = plot.select
  if (width < SMALLEST_BRUSH_PX) return
  onZoom({ start: Math.round(plot.posToVal(left, 'x')), end: Math.round(plot.posToVal(left + width, 'x')) })
  plot.setSelect({ left: 0, top: 0, width: 0, height: 0 }, false)
}

/** A scale that holds what `extent` says at each drawing. */
export function valueScale(extent: () => [number, number] | null, log: boolean, bounds: Bounds): uPlot.Scale {
  if (log) return { distr: LOGARITHMIC, log: DECADE, range: () => logRange(extent()) }
  return { range: () => valueRange(extent()?.[0] ?? null, extent()?.[1] ?? null, bounds) }
}

/** Room above and below the data, zero at the bottom of what is never negative, and never an axis without height. */
export function valueRange(min: number | null, max: number | null, bounds: Bounds): [number, number] {
  const [low, high] = [min ?? 0, max ?? 1]
  const bottom = bounds.min ?? (low >= 0 && low < high * 0.8 ? 0 : low - (high - low || Math.abs(low) || 1) * 0.08)
  const top = bounds.max ?? high + (high - bottom || Math.abs(high) || 1) * 0.08
  return top > bottom ? [bottom, top] : [bottom, bottom + 1]
}

/** From a number that begins with 1, 2 or 5 to another, around positive values. */
export function logRange(extent: [number, number] | null): [number, number] {
  const [low, high] = extent ?? [1, DECADE]
  const bottom = neat(low).findLast((value) => value <= low) ?? low
  const top = neat(high).find((value) => value >= high) ?? high
  return top > bottom ? [bottom, top] : [bottom, bottom * DECADE]
}

/** Candidates around a value. */
function neat(value: number): number[] {
  const decade = Math.floor(Math.log10(value))
  return [decade - 1, decade, decade + 1].flatMap((power) => [1, 2, 5].map((digit) => digit * DECADE ** power))
}

function timeAxis({ zone, colours }: PlotOptions): uPlot.Axis {
  return {
    ...axisLook(colours),
    size: 30,
    space: 70,
    values: (_plot, ticks, _axis, _space, spacing) => ticks.map((tick) => formatTick(tick, spacing, zone)),
  }
}

export function valueAxis(unit: Unit, colours: AxisColours): uPlot.Axis {
  return {
    ...axisLook(colours),
    space: 34,
    size: axisSize,
    incrs: unit === 'ratio' ? axisIncrements('short').map((step) => step / 100) : axisIncrements(unit),
    // A logarithmic axis leaves some of its ticks without a number.
    values: (_plot, ticks: (number | null)[]) => ticks.map((tick) => (tick === null ? null : formatValue(tick, unit))),
  }
}

/** Room for the longest label. */
export function axisSize(_plot: uPlot, labels: string[] | null): number {
  return 18 + 7.5 * Math.max(3, ...((labels ?? []) as (string | null)[]).map((label) => label?.length ?? 0))
}

export function axisLook({ text, grid }: AxisColours): uPlot.Axis {
  return { stroke: text, font: '12px system-ui, sans-serif', grid: { stroke: grid, width: 1 }, ticks: { stroke: grid, width: 1, size: 5 } }
}
