import { useQuery } from '@tanstack/react-query'
import { getRouteApi } from '@tanstack/react-router'
import type { ReactNode } from 'react'
import type { Targets } from '../../api/fusewatch/schemas'
import { useServices } from '../../app/services'
import { Panel } from '../../panels/Panel'
import { formatCount } from '../../panels/units'
import { Answer, Freshness } from '../../parts/Answer'
import { PageHeader } from '../../parts/PageHeader'
import { Empty } from '../../parts/states'
import { JobList } from './JobList'
import type { TargetsSearch } from './search'
import { TargetDrawer } from './TargetDrawer'
import { TargetFilters } from './TargetFilters'
import { countByHealth, findTargets, worstFirst } from './targets'
import { TargetTable } from './TargetTable'
import classes from './TargetsPage.module.css'

const route = getRouteApi('/shell/targets')
const SNIPPET = "scrape_configs:\n  - job_name: node\n    static_configs:\n      - targets: ['localhost:9100']"

/** What is scraped: how each job does, which targets are down and why. */
export function TargetsPage(): ReactNode {
  const { fusewatch } = useServices()
  const query = useQuery({ queryKey: ['targets'], queryFn: ({ signal }) => fusewatch.targets(signal), meta: { live: 'always' } })
  return (
    <div className={classes['page']}>
      <PageHeader quiet title="Targets" about={query.data && summary(query.data)} actions={<Freshness query={query} />} />
      <Answer query={query} what="The targets" height={360}>
        {(data) =>
          data.targets.length > 0 ? (
            <TargetsFound data={data} />
          ) : (
            <Empty title="Nothing is scraped yet" snippet={SNIPPET}>
              Name what to scrape in fusewatch.yml, as in prometheus.yml, and reload the configuration.
            </Empty>
          )
        }
      </Answer>
    </div>
  )
}

function TargetsFound({ data }: { data: Targets }): ReactNode {
  const search = route.useSearch()
  const navigate = route.useNavigate()
  const change = (changes: TargetsSearch): void => void navigate({ search: (previous) => ({ ...previous, ...changes }), replace: true })
  const found = worstFirst(findTargets(data.targets, search))
  const open = data.targets.find((target) => target.scrape_url === search.open)
  return (
    <>
      <JobList targets={data.targets} chosen={search.job} onChoose={(job) => change({ job: job === search.job ? undefined : job })} />
      <Panel flush title={`${formatCount(found.length)} of ${formatCount(data.targets.length)} targets`}>
        <TargetFilters search={search} counts={countByHealth(data.targets)} onChange={change} />
        {found.length > 0 ? (
          <TargetTable targets={found} openKey={open?.scrape_url} onOpen={(target) => change({ open: target.scrape_url })} />
        ) : (
          <Empty title="No target fits">Other filters may hold some; the search looks into addresses, labels and errors.</Empty>
        )}
      </Panel>
      <TargetDrawer target={open} onClose={() => change({ open: undefined })} />
    </>
  )
}

function summary({ targets, dropped }: Targets): string {
  const { up, down } = countByHealth(targets)
  const parts = [`${formatCount(up)} up`, `${formatCount(down)} down`]
  return [...parts, ...(dropped > 0 ? [`${formatCount(dropped)} left out by relabelling`] : [])].join(' · ')
}
