import type { ReactNode } from 'react'
import { Icon } from '../../parts/Icon'
import { Popout } from '../../parts/Popout'
import classes from './ExplorePage.module.css'

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
