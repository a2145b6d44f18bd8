import { TextInput } from '@mantine/core'
import { useQuery } from '@tanstack/react-query'
import { useState, type ReactNode } from 'react'
import { useServices } from '../../app/services'
import { formatCount } from '../../panels/units'
import { Icon } from '../../parts/Icon'
import { Popout } from '../../parts/Popout'
import { messageOf } from '../../parts/states'
import classes from './ExplorePage.module.css'
import { findMetrics } from './metrics'

/** All metrics with what they mean; a press asks for one. */
export function MetricPicker({ onPick }: { onPick: (query: string) => void }): ReactNode {
  return (
    <Popout framed label="Metrics" button={<><Icon name="search" size={14} /> Metrics</>}>
      {(close) => (
        <MetricList
          onPick={(query) => {
            onPick(query)
            close()
          }}
        />
      )}
    </Popout>
  )
}

function MetricList({ onPick }: { onPick: (query: string) => void }): ReactNode {
  const { prometheus } = useServices()
  const [text, setText] = useState('')
  const names = useQuery({ queryKey: ['metric-names'], queryFn: ({ signal }) => prometheus.metricNames(signal), staleTime: 60_000 })
  const metadata = useQuery({ queryKey: ['metadata'], queryFn: ({ signal }) => prometheus.metadata(signal), staleTime: 60_000 })
  const { found, total } = findMetrics(names.data ?? [], metadata.data ?? {}, text)
  return (
    <>
      <TextInput size="xs" autoFocus aria-label="Find a metric" placeholder="Part of a name or of what it means" value={text} onChange={(event) => setText(event.currentTarget.value)} />
      <p className={classes['about']} role="status">
        {names.error ? messageOf(names.error) : `${formatCount(total)} metrics${total > found.length ? `, the first ${found.length}` : ''}`}
      </p>
      <ul className={classes['list']} aria-label="Metrics">
        {found.map((metric) => (
          <li key={metric.name}>
            <button type="button" className={classes['pick']} onClick={() => onPick(metric.query)}>
              {metric.name}
              <span className={classes['about']}>{metric.about}</span>
            </button>
          </li>
        ))}
      </ul>
    </>
  )
}

/** What was run in this browser. */
export function HistoryPicker({ history, onPick }: { history: readonly string[]; onPick: (query: string) => void }): ReactNode {
  return (
    <Popout framed label="History" button={<><Icon name="history" size={14} /> History</>}>
      {(close) => (
        <ul className={classes['list']} aria-label="Queries run before">
          {history.length === 0 && <li className={classes['about']}>Queries that you run are kept here, in this browser.</li>}
          {history.map((query) => (
            <li key={query}>
              <button
                type="button"
                className={classes['pick']}
                onClick={() => {
                  onPick(query)
                  close()
                }}
              >
                <code>{query}</code>
              </button>
            </li>
          ))}
        </ul>
      )}
    </Popout>
  )
}
