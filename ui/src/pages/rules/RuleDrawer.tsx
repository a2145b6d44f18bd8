import { Link } from '@tanstack/react-router'
import type { ReactNode } from 'react'
import type { Rule, RuleAlert } from '../../api/fusewatch/ruleSchemas'
import { formatCount, formatValue } from '../../panels/units'
import { DetailDrawer } from '../../parts/DetailDrawer'
import { Facts } from '../../parts/Facts'
import { Status } from '../../parts/Status'
import { Time } from '../../parts/Time'
import { heldWords, ownLabels, ruleKind, ruleWords } from './rules'
import classes from './RulesPage.module.css'

/** One rule: what it asks, how that goes, and its alerts with what to do about them. */
export function RuleDrawer({ rule, onClose }: { rule: Rule | undefined; onClose: () => void }): ReactNode {
  return (
    <DetailDrawer title={rule?.name ?? ''} opened={rule !== undefined} onClose={onClose}>
      {rule && <RuleDetails rule={rule} />}
    </DetailDrawer>
  )
}

function RuleDetails({ rule }: { rule: Rule }): ReactNode {
  return (
    <>
      {rule.alerts.length > 0 && (
        <ul className={classes['alerts']} aria-label="Alerts">
          {rule.alerts.map((alert) => (
            <Alert key={JSON.stringify(alert.labels)} alert={alert} rule={rule} />
          ))}
        </ul>
      )}
      <Facts
        facts={[
          ['State', <Status key="state" kind={ruleKind(rule)}>{ruleWords(rule)}</Status>],
          ...(rule.state === 'no data' ? ([['Why', 'Its expression reads no series at all: nobody sends what it asks for.']] as const) : []),
          ...(rule.error ? ([['Last error', rule.error]] as const) : []),
          ['Asks', <Link key="query" to="/explore" search={{ q: [rule.query.trim()] }}><code className={classes['query']}>{rule.query.trim()}</code></Link>],
          ...(rule.kind === 'alerting' ? ([['Fires after', formatValue(rule.hold_seconds, 'seconds')]] as const) : []),
          ['Evaluated', <Time key="time" at={rule.evaluated_at} />],
          ['Took', formatValue(rule.seconds, 'seconds')],
          ['Every', formatValue(rule.interval_seconds, 'seconds')],
          ...(rule.missed > 0 ? ([['Missed', `${formatCount(rule.missed)} evaluations of its group`]] as const) : []),
          ['Group', `${rule.group} in ${rule.file}`],
        ]}
      />
      <Section title="Labels" facts={rule.labels} />
      <Section title="Annotations" facts={rule.annotations} />
    </>
  )
}

function Section({ title, facts }: { title: string; facts: Record<string, string> }): ReactNode {
  const entries = Object.entries(facts)
  if (entries.length === 0) return null
  return (
    <>
      <h3 className={classes['section']}>{title}</h3>
      <Facts facts={entries} />
    </>
  )
}

function Alert({ alert, rule }: { alert: RuleAlert; rule: Rule }): ReactNode {
  const held = heldWords(alert)
  return (
    <li className={classes['alert']}>
      <Status kind={alert.state === 'firing' ? ruleKind(rule) : 'info'}>
        {alert.state} {ownLabels(alert, rule)}
      </Status>
      {alert.annotations['summary'] && <p>{alert.annotations['summary']}</p>}
      {alert.annotations['impact'] && <p>{alert.annotations['impact']}</p>}
      {alert.annotations['action'] && <p><strong>{alert.annotations['action']}</strong></p>}
      <p className={classes['since']}>
        {alert.fired_at === null ? 'Its condition holds since ' : 'Fires since '}
        <Time at={alert.fired_at ?? alert.active_at} />
      </p>
      {held && (
        <p className={classes['since']}>
          Since <Time at={alert.held_since} /> {held}.
        </p>
      )}
    </li>
  )
}
