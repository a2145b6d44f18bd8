import { NativeSelect, TextInput } from '@mantine/core'
import { useQuery } from '@tanstack/react-query'
import { useMemo, useState, type ReactNode } from 'react'
import { useServices } from '../../app/services'
import { formatCount } from '../../panels/units'
import { Icon } from '../../parts/Icon'
import { Popout } from '../../parts/Popout'
import { messageOf, Note } from '../../parts/states'
import { findMetrics, metricsOf, prefixesOf, typesOf, type Metric, type Sought } from './metrics'
import { MetricDetails } from './MetricDetails'
import { MetricList } from './MetricList'
import classes from './MetricBrowser.module.css'

/** Names change rarely; what was read a minute ago is good enough to choose from. */
const STALE_MS = 60_000

export interface PickMetric {
  onPick: (query: string) => void
}

/** All metrics by job, type, prefix and words; a press asks for what one usually wants of one. */
export function MetricBrowser({ onPick }: PickMetric): ReactNode {
  return (
    <Popout
      framed
      label="Metrics"
      button={
        <>
          <Icon name="search" size={14} /> Metrics
        </>
      }
    >
      {(close) => (
        <Browser
          onPick={(query) => {
            onPick(query)
            close()
          }}
        />
      )}
    </Popout>
  )
}

function Browser({ onPick }: PickMetric): ReactNode {
  const [job, setJob] = useState('')
  const [sought, setSought] = useState<Sought>({ text: '', type: '', prefix: '' })
  const [detailed, setDetailed] = useState<Metric | null>(null)
  const { metrics, problem, isPending } = useMetrics(job)
  const found = useMemo(() => findMetrics(metrics, sought), [metrics, sought])

  if (detailed) return <MetricDetails metric={detailed} onBack={() => setDetailed(null)} onPick={onPick} />
  return (
    <div className={classes['browser']}>
      <Filters metrics={metrics} job={job} onJob={setJob} sought={sought} onChange={(change) => setSought({ ...sought, ...change })} />
      <Prefixes metrics={found} prefix={sought.prefix} onChange={(prefix) => setSought({ ...sought, prefix })} />
      <p className={classes['about']} role="status">
        {isPending ? 'Asking for the names' : `${formatCount(found.length)} of ${formatCount(metrics.length)} metrics`}
      </p>
      {problem !== null && <Note kind="warning">{problem}</Note>}
      <MetricList metrics={found} onPick={onPick} onDetails={setDetailed} />
    </div>
  )
}

function useMetrics(job: string): { metrics: Metric[]; problem: string | null; isPending: boolean } {
  const { prometheus } = useServices()
  const names = useQuery({ queryKey: ['metric-names', job], queryFn: ({ signal }) => prometheus.metricNames(job, signal), staleTime: STALE_MS })
  const metadata = useQuery({ queryKey: ['metadata'], queryFn: ({ signal }) => prometheus.metadata(signal), staleTime: STALE_MS })
  const metrics = useMemo(() => metricsOf(names.data ?? [], metadata.data ?? {}), [names.data, metadata.data])
  const error = names.error ?? metadata.error
  return { metrics, problem: error && messageOf(error), isPending: names.isPending }
}

interface FiltersProps {
  metrics: readonly Metric[]
  job: string
  onJob: (job: string) => void
  sought: Sought
  onChange: (change: Partial<Sought>) => void
}

function Filters({ metrics, job, onJob, sought, onChange }: FiltersProps): ReactNode {
  const { prometheus } = useServices()
  const jobs = useQuery({ queryKey: ['label-values', 'job'], queryFn: ({ signal }) => prometheus.labelValues('job', '', signal), staleTime: STALE_MS })
  const types = useMemo(() => typesOf(metrics), [metrics])
  return (
    <div className={classes['filters']}>
      <TextInput size="xs" autoFocus aria-label="Find a metric" placeholder="Part of a name or of what it means" value={sought.text} onChange={(event) => onChange({ text: event.currentTarget.value })} />
      <NativeSelect size="xs" aria-label="Job" value={job} onChange={(event) => onJob(event.currentTarget.value)} data={[{ value: '', label: 'Any job' }, ...(jobs.data ?? [])]} />
      <NativeSelect
        size="xs"
        aria-label="Type"
        value={sought.type}
        onChange={(event) => onChange({ type: event.currentTarget.value })}
        data={[{ value: '', label: 'Any type' }, ...types.flatMap(({ type, count }) => (type ? [{ value: type, label: `${type} (${formatCount(count)})` }] : []))]}
      />
    </div>
  )
}

const MOST_PREFIXES = 14

/** How the names go on: each press narrows, and what is narrowed by can be taken back. */
function Prefixes({ metrics, prefix, onChange }: { metrics: readonly Metric[]; prefix: string; onChange: (prefix: string) => void }): ReactNode {
  const next = useMemo(() => prefixesOf(metrics, prefix).slice(0, MOST_PREFIXES), [metrics, prefix])
  if (prefix === '' && next.length === 0) return null
  return (
    <div className={classes['prefixes']} role="group" aria-label="Names that begin with">
      {prefix !== '' && (
        <button type="button" className={classes['chosen']} onClick={() => onChange(prefix.replace(/[^_]*_$/, ''))} aria-label={`Not only ${prefix}`}>
          {prefix}… <Icon name="close" size={12} />
        </button>
      )}
      {next.map((one) => (
        <button key={one.prefix} type="button" className={classes['prefix']} onClick={() => onChange(one.prefix)}>
          {one.prefix.slice(prefix.length)}… <span className={classes['count']}>{formatCount(one.count)}</span>
        </button>
      ))}
    </div>
  )
}
