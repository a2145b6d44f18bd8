import uPlot from 'uplot'
import { formatTick, type Zone } from '../time/format'
import type { TimeWindow } from '../time/range'
import type { LineStyle } from './palette'
import { axisIncrements, formatValue, type Unit } from './units'

export interface PlotOptions {
  width: number
  height: number
  unit: Unit
  zone: Zone
  styles: readonly LineStyle[]
  stacked: boolean
  /** Ends of the y axis; null: as the data wants. */
  bounds: { min?: number | undefined; max?: number | undefined }
  colours: { text: string; grid: string }
  plugins: uPlot.Plugin[]
  onZoom: (window: TimeWindow) => void
  onZoomBack: () => void
}

/** All graphs of a page share their cross-hair. */
const SYNC_KEY = 'page'
const SMALLEST_BRUSH_PX = 6

export function plotOptions(options: PlotOptions): uPlot.Options {
  const { width, height, styles, stacked, plugins } = options
  return {
    width,
    height,
    ms: 1,
    legend: { show: false },
    plugins,
    scales: { x: { time: true }, y: { range: (_plot, min, max) => valueRange(min, max, options.bounds) } },
    series: [{}, ...styles.map((style) => seriesOptions(style, stacked))],
    bands: stacked ? styles.slice(1).map((_, index) => ({ series: [index + 2, index + 1] as [number, number] })) : [],
    axes: [timeAxis(options), valueAxis(options)],
    focus: { alpha: 0.25 },
    cursor: {
      sync: { key: SYNC_KEY, scales: ['x', null] },
      drag: { x: true, y: false, setScale: false },
      points: { size: 6 },
      bind: { dblclick: () => zoomBackOnDoubleClick(options.onZoomBack) },
    },
    hooks: { setSelect: [(plot) => brushed(plot, options.onZoom)] },
  }
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

function seriesOptions({ colour, dash }: LineStyle, stacked: boolean): uPlot.Series {
  return {
    stroke: colour,
    width: stacked ? 1 : 1.5,
    dash: [...dash],
    spanGaps: false,
    ...(stacked ? { fill: `${colour}66` } : {}),
    // A sample between two gaps has no line to be seen by.
    points: { show: true, size: 4, fill: colour, filter: (plot, index) => lonelyPoints(plot.data[index] ?? []) },
  }
}

/** Positions of values without a neighbour. */
export function lonelyPoints(values: ArrayLike<number | null | undefined>): number[] {
  const lonely: number[] = []
  for (let index = 0; index < values.length; index++) {
    if (isGap(values[index])) continue
    if (isGap(values[index - 1]) && isGap(values[index + 1])) lonely.push(index)
  }
  return lonely
}

function isGap(value: number | null | undefined): boolean {
  return value === null || value === undefined
}

/** Room above and below the data, zero at the bottom of what is never negative, and never an axis without height. */
export function valueRange(min: number | null, max: number | null, bounds: PlotOptions['bounds']): [number, number] {
  const [low, high] = [min ?? 0, max ?? 1]
  const bottom = bounds.min ?? (low >= 0 && low < high * 0.8 ? 0 : low - (high - low || Math.abs(low) || 1) * 0.08)
  const top = bounds.max ?? high + (high - bottom || Math.abs(high) || 1) * 0.08
  return top > bottom ? [bottom, top] : [bottom, bottom + 1]
}

function timeAxis({ zone, colours }: PlotOptions): uPlot.Axis {
  return {
    ...axisLook(colours),
    size: 30,
    space: 70,
    values: (_plot, ticks, _axis, _space, spacing) => ticks.map((tick) => formatTick(tick, spacing, zone)),
  }
}

function valueAxis({ unit, colours }: PlotOptions): uPlot.Axis {
  return {
    ...axisLook(colours),
    space: 34,
    size: (_plot, labels) => 18 + 7.5 * Math.max(3, ...((labels as string[] | null) ?? []).map((label) => label.length)),
    incrs: unit === 'ratio' ? axisIncrements('short').map((step) => step / 100) : axisIncrements(unit),
    values: (_plot, ticks) => ticks.map((tick) => formatValue(tick, unit)),
  }
}

function axisLook({ text, grid }: PlotOptions['colours']): uPlot.Axis {
  return { stroke: text, font: '12px system-ui, sans-serif', grid: { stroke: grid, width: 1 }, ticks: { stroke: grid, width: 1, size: 5 } }
}
