import type { ReactNode } from 'react'
import { Panel } from '../../panels/Panel'
import { Answer, Freshness } from '../../parts/Answer'
import { GaugeLine } from '../../parts/Gauge'
import { useIngest } from '../ingest/queries'
import { limitGauges, type LimitGauge } from './cardinality'
import classes from './CardinalityPage.module.css'
import type { Focus } from './search'

/** The limits on active series and how full each is. */
export function Limits({ onFocus }: { onFocus: (changes: Focus) => void }): ReactNode {
  const ingest = useIngest()
  return (
    <Panel title="Limits" actions={<Freshness query={ingest} />}>
      <Answer query={ingest} what="The limits" height={150}>
        {(data) => (
          <div className={classes['limits']}>
            {limitGauges(data.limits).map((gauge) => (
              <Limit key={gauge.setting} gauge={gauge} onFocus={onFocus} />
            ))}
          </div>
        )}
      </Answer>
    </Panel>
  )
}

function Limit({ gauge, onFocus }: { gauge: LimitGauge; onFocus: (changes: Focus) => void }): ReactNode {
  const { part } = gauge
  return (
    <div>
      <GaugeLine gauge={gauge} />
      <p className={classes['hint']}>
        <code>{gauge.setting}</code>
      </p>
      {part && gauge.largest.length > 0 && (
        <ul className={classes['largest']} aria-label={`Largest: ${gauge.label}`}>
          {gauge.largest.map(({ name, words }) => (
            <li key={name}>
              <button type="button" className={classes['focusName']} onClick={() => onFocus({ [part]: name })}>
                {name}
              </button>
              <span>{words}</span>
            </li>
          ))}
        </ul>
      )}
    </div>
  )
}
