import { useComputedColorScheme } from '@mantine/core'
import { useEffect, useEffectEvent, useRef, type RefObject } from 'react'
import type uPlot from 'uplot'
import type { AxisColours } from './plotOptions'

export interface PlotHandle {
  container: RefObject<HTMLDivElement | null>
  plot: RefObject<uPlot | null>
}

/**
 * A canvas of uPlot as large as its container. It is made anew when its look or the theme changes; new data goes into the one that is there,
 * and what it draws, shows and does is read from `live` whenever it is needed.
 */
export function usePlot<Live>(look: string, data: uPlot.AlignedData, live: Live, build: (element: HTMLElement, live: () => Live) => uPlot): PlotHandle {
  const scheme = useComputedColorScheme('light', { getInitialValueInEffect: false })
  const container = useRef<HTMLDivElement>(null)
  const plot = useRef<uPlot | null>(null)
  const current = useEffectEvent(() => live)
  const make = useEffectEvent((element: HTMLElement) => build(element, () => current()))

  useEffect(() => {
    const element = container.current
    if (!element) return
    const made = make(element)
    plot.current = made
    const observer = new ResizeObserver(() => made.setSize({ width: element.clientWidth, height: element.clientHeight }))
    observer.observe(element)
    return () => {
      observer.disconnect()
      made.destroy()
      plot.current = null
    }
  }, [look, scheme])

  useEffect(() => {
    if (plot.current && plot.current.data !== data) plot.current.setData(data)
  }, [data])

  return { container, plot }
}

/** The value of a colour token where the element stands. */
export function tokenOf(element: Element, token: string): string {
  return getComputedStyle(element).getPropertyValue(token)
}

export function axisColours(element: Element): AxisColours {
  return { text: tokenOf(element, '--fw-muted'), grid: tokenOf(element, '--fw-grid') }
}
