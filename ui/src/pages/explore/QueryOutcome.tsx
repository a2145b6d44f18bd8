import type { UseQueryResult } from '@tanstack/react-query'
import type { ReactNode } from 'react'
import { RefusedError } from '../../api/errors'
import type { RangeResult } from '../../api/prometheus/client'
import { formatCount } from '../../panels/units'
import { Freshness } from '../../parts/Answer'
import { messageOf, Note } from '../../parts/states'
import { StatusShape } from '../../parts/Status'
import classes from './ExplorePage.module.css'

/** How a query went: its error in the engine's words, or what it cost and what the engine remarked. */
export function QueryOutcome({ result }: { result: UseQueryResult<RangeResult> }): ReactNode {
  const { data, error } = result
  return (
    <div className={classes['under']} aria-live="polite">
      {error && (
        <p className={classes['error']}>
          <StatusShape kind="critical" size={14} />
          <span>
            {error instanceof RefusedError && <strong>{error.code}: </strong>}
            {messageOf(error)}
            {error instanceof RefusedError && error.requestId && ` (request ${error.requestId})`}
          </span>
        </p>
      )}
      {data && !error && <span>{statistics(data)}</span>}
      <Freshness query={result} />
      {data?.warnings.map((warning) => (
        <Note key={warning} kind="warning">
          {warning}
        </Note>
      ))}
      {data?.infos.map((info) => (
        <Note key={info}>{info}</Note>
      ))}
    </div>
  )
}

function statistics({ series, histograms, statistics: { samples, milliseconds } }: RangeResult): string {
  const read = samples === null ? [] : [`${formatCount(samples)} samples read`]
  const natives = histograms.length > 0 ? [`${formatCount(histograms.length)} native histograms`] : []
  return [...(series.length > 0 || natives.length === 0 ? [`${formatCount(series.length)} series`] : []), ...natives, ...read, `${Math.round(milliseconds)} ms`].join(' · ')
}
