import type { RangeWindow } from '../../api/prometheus/rangeAnswer'

export interface CurlQuestion {
  /** Where the server is, without a path. */
  origin: string
  query: string
  window: RangeWindow
  /** At one moment, the window's end, instead of over the window. */
  instant: boolean
  /** The server asks who is asking. */
  authenticated: boolean
}

/** A command for a POSIX shell that asks the same. A token is named, never written: the command may be passed on. */
export function curlCommand({ origin, query, window, instant, authenticated }: CurlQuestion): string {
  const times = instant ? { time: window.end / 1000 } : { start: window.start / 1000, end: window.end / 1000, step: window.step / 1000 }
  return [
    `curl -sS ${quoted(`${origin}/api/v1/${instant ? 'query' : 'query_range'}`)}`,
    ...(authenticated ? ['-H "Authorization: Bearer $FUSEWATCH_TOKEN"'] : []),
    ...Object.entries({ query, ...times }).map(([name, value]) => `--data-urlencode ${quoted(`${name}=${value}`)}`),
  ].join(' \\\n  ')
}

/** In single quotes a shell reads everything as it is, but for the quote itself. */
function quoted(text: string): string {
  return `'${text.replaceAll("'", "'\\''")}'`
}
