import { ShapeError } from '../errors'
import { parseRangeAnswer, type RangeAnswer, type RangeWindow } from './rangeAnswer'
import type { RangeDone, RangeJob } from './rangeWorker'

/** Past this size reading an answer would hold the page up for longer than a frame. */
const SMALL_BYTES = 200_000

/** The answer's bytes as numbers, without holding the page up. */
export async function readRange(bytes: ArrayBuffer, window: RangeWindow, signal?: AbortSignal): Promise<RangeAnswer> {
  return bytes.byteLength <= SMALL_BYTES ? parseRangeAnswer(bytes, window) : readBeside({ bytes, window }, signal)
}

function readBeside(job: RangeJob, signal: AbortSignal | undefined): Promise<RangeAnswer> {
  const worker = new Worker(new URL('./rangeWorker.ts', import.meta.url), { type: 'module' })
  const stop = new AbortController()
  const read = new Promise<RangeAnswer>((resolve, reject) => {
    const options = { signal: stop.signal }
    signal?.throwIfAborted()
    signal?.addEventListener('abort', () => reject(new DOMException('The answer is no longer wanted.', 'AbortError')), options)
    worker.addEventListener('error', () => reject(new ShapeError('The answer could not be read.')), options)
    worker.addEventListener('message', ({ data }: MessageEvent<RangeDone>) => ('answer' in data ? resolve(data.answer) : reject(new ShapeError(data.error))), options)
    worker.postMessage(job, [job.bytes])
  })
  return read.finally(() => {
    stop.abort()
    worker.terminate()
  })
}
