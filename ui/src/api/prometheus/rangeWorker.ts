import { parseRangeAnswer, type RangeAnswer, type RangeWindow } from './rangeAnswer'

/** Reads a long answer beside the page. */
export interface RangeJob {
  bytes: ArrayBuffer
  window: RangeWindow
}

export type RangeDone = { answer: RangeAnswer } | { error: string }

addEventListener('message', ({ data }: MessageEvent<RangeJob>) => {
  try {
    const answer = parseRangeAnswer(data.bytes, data.window)
    const buffers = answer.series.slice(0, 1).map((series) => series.values.buffer)
    postMessage({ answer } satisfies RangeDone, { transfer: buffers })
  } catch (error) {
    postMessage({ error: error instanceof Error ? error.message : String(error) } satisfies RangeDone)
  }
})
