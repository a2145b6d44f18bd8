import type { ReactNode } from 'react'
import { Panel } from '../../panels/Panel'
import { Answer } from '../../parts/Answer'
import { Empty } from '../../parts/states'
import { Time } from '../../parts/Time'
import { useRecentEvents } from './queries'
import classes from './StatusPage.module.css'

const SNIPPET = `curl -X POST ${location.origin}/api/fusewatch/v1/events \\
  -H 'Content-Type: application/json' \\
  -d '{"kind": "deployment", "title": "checkout 1.14.2"}'`

/** What happened in the page's time; the same marks stand in every graph. */
export function RecentEvents(): ReactNode {
  const events = useRecentEvents()
  return (
    <Panel title="Events in this time">
      <Answer query={events} what="The events" height={160}>
        {(data) =>
          data.length > 0 ? (
            <ul className={classes['events']}>
              {data.map((event) => (
                <li key={event.id}>
                  <strong>{event.kind}</strong> {event.title}
                  <div className={classes['when']}>
                    <Time at={event.timestamp} />
                    {event.source && ` · from ${event.source}`}
                  </div>
                </li>
              ))}
            </ul>
          ) : (
            <Empty title="Nothing happened in this time" snippet={SNIPPET}>
              Deployments and changes sent here stand as marks in every graph.
            </Empty>
          )
        }
      </Answer>
    </Panel>
  )
}
