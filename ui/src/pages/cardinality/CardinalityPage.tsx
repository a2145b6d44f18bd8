import { getRouteApi } from '@tanstack/react-router'
import type { ReactNode } from 'react'
import type { Cardinality } from '../../api/fusewatch/schemas'
import { Answer, Freshness } from '../../parts/Answer'
import { IconButton } from '../../parts/IconButton'
import { PageHeader } from '../../parts/PageHeader'
import { Empty } from '../../parts/states'
import { Tiles } from '../../parts/Tiles'
import { cardinalityTiles } from './cardinality'
import classes from './CardinalityPage.module.css'
import { FocusBar } from './FocusBar'
import { Limits } from './Limits'
import { Lists } from './Lists'
import { useCardinality } from './queries'
import type { CardinalitySearch } from './search'

const route = getRouteApi('/shell/cardinality')

/** Where the series come from: what grew, what nobody uses, how full the limits are, and what each metric, job and label costs. */
export function CardinalityPage(): ReactNode {
  const search = route.useSearch()
  const navigate = route.useNavigate()
  const query = useCardinality(search)
  const change = (changes: CardinalitySearch): void => void navigate({ search: (previous) => ({ ...previous, ...changes }) })
  return (
    <div className={classes['page']} aria-busy={query.isFetching}>
      <PageHeader quiet title="Cardinality" />
      <FocusBar
        focus={search}
        onChange={change}
        actions={
          <>
            {query.isPlaceholderData && <span className={classes['hint']}>Counting …</span>}
            <Freshness query={query} />
            <IconButton icon="refresh" label="Count again" size={16} onClick={() => void query.refetch()} />
          </>
        }
      />
      <Answer query={query} what="The counts" height={480}>
        {(data) => <Found data={data} search={search} onChange={change} />}
      </Answer>
    </div>
  )
}

function Found({ data, search, onChange }: { data: Cardinality; search: CardinalitySearch; onChange: (changes: CardinalitySearch) => void }): ReactNode {
  return (
    <>
      <Tiles label="All of these series" tiles={cardinalityTiles(data)} />
      <Limits onFocus={onChange} />
      {data.total.series > 0 ? (
        <Lists data={data} search={search} onChange={onChange} />
      ) : (
        <Empty title="No series in this time">
          {data.stored > 0
            ? 'Those that are kept were seen at another time: choose a longer one.'
            : 'Nothing that is kept fits. Take a part of the focus away, or send something first.'}
        </Empty>
      )}
    </>
  )
}
