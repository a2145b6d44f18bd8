import type uPlot from 'uplot'
import { LOGARITHMIC } from './plotOptions'

/** From steps and values to pixels of a canvas as large as the plotting area. */
export interface Projection {
  width: number
  height: number
  /** Pixels of the first step, and from one to the next. */
  left: number
  perStep: number
  /** Pixels from the top; NaN for what the axis cannot hold. */
  y: (value: number) => number
}

export function projectionOf(plot: uPlot): Projection {
  const { width, height } = plot.bbox
  const { x, y } = plot.scales
  const [xMin, xMax, times] = [x?.min ?? 0, x?.max ?? 1, plot.data[0]]
  const perMs = width / Math.max(xMax - xMin, 1)
  const first = times[0] ?? xMin
  return {
    width,
    height,
    left: (first - xMin) * perMs,
    perStep: ((times[1] ?? first) - first) * perMs,
    y: y?.distr === LOGARITHMIC ? logarithmic(y, height) : linear(y, height),
  }
}

function linear(scale: uPlot.Scale | undefined, height: number): (value: number) => number {
  const [min, max] = [scale?.min ?? 0, scale?.max ?? 1]
  const perUnit = height / (max - min || 1)
  return (value) => (max - value) * perUnit
}

function logarithmic(scale: uPlot.Scale, height: number): (value: number) => number {
  const [min, max] = [Math.log10(scale.min ?? 1), Math.log10(scale.max ?? 10)]
  const perDecade = height / (max - min || 1)
  return (value) => (value > 0 ? (max - Math.log10(value)) * perDecade : NaN)
}
