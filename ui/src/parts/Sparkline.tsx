import { useMemo, type ReactNode } from 'react'
import classes from './Sparkline.module.css'

const WIDTH = 96
const HEIGHT = 22
const MARGIN = 2

/** A course without axes, in as much room as a word: whether it rose, fell or leapt. NaN is a gap. */
export function Sparkline({ values }: { values: Float64Array | undefined }): ReactNode {
  const path = useMemo(() => (values ? sparkPath(values) : ''), [values])
  return (
    <svg className={classes['spark']} width={WIDTH} height={HEIGHT} viewBox={`0 0 ${WIDTH} ${HEIGHT}`} aria-hidden="true">
      <path d={path} />
    </svg>
  )
}

/** From the least value at the bottom to the greatest at the top; what never moves runs through the middle. */
export function sparkPath(values: Float64Array): string {
  const there = values.filter((value) => !Number.isNaN(value))
  const [min, max] = [Math.min(...there), Math.max(...there)]
  const perStep = (WIDTH - 2 * MARGIN) / Math.max(values.length - 1, 1)
  let down = false
  const parts: string[] = []
  values.forEach((value, index) => {
    if (Number.isNaN(value)) {
      down = false
      return
    }
    const share = max > min ? (value - min) / (max - min) : 0.5
    const [x, y] = [MARGIN + index * perStep, HEIGHT - MARGIN - share * (HEIGHT - 2 * MARGIN)]
    const lonely = !down && Number.isNaN(values[index + 1] ?? NaN)
    parts.push(`${down ? 'L' : 'M'}${x.toFixed(1)} ${y.toFixed(1)}${lonely ? 'h0' : ''}`)
    down = true
  })
  return parts.join('')
}
