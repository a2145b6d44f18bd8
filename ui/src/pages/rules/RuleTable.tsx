import type { ReactNode } from 'react'
import type { Rule } from '../../api/fusewatch/ruleSchemas'
import { formatValue } from '../../panels/units'
import type { Column } from '../../parts/DataTable'
import { LongTable } from '../../parts/LongTable'
import { Status } from '../../parts/Status'
import { Time } from '../../parts/Time'
import { ruleKey, ruleKind, ruleWords } from './rules'
import classes from './RulesPage.module.css'

const COLUMNS: Column<Rule>[] = [
  { id: 'state', header: 'State', value: (row) => row.state, cell: (row) => <Status kind={ruleKind(row)}>{ruleWords(row)}</Status> },
  { id: 'rule', header: 'Rule', value: (row) => row.name, cell: (row) => <Name rule={row} />, main: true },
  { id: 'kind', header: 'Kind', value: (row) => row.kind, minor: true },
  { id: 'severity', header: 'Severity', value: (row) => row.labels['severity'] ?? '', cell: (row) => row.labels['severity'] ?? '–', minor: true },
  { id: 'group', header: 'Group', value: (row) => row.group, minor: true },
  { id: 'evaluated', header: 'Evaluated', value: (row) => row.evaluated_at, cell: (row) => <Time at={row.evaluated_at} absolute={false} /> },
  { id: 'took', header: 'Took', numeric: true, minor: true, value: (row) => row.seconds, cell: (row) => (row.evaluated_at === null ? '–' : formatValue(row.seconds, 'seconds')) },
  { id: 'every', header: 'Every', numeric: true, minor: true, value: (row) => row.interval_seconds, cell: (row) => formatValue(row.interval_seconds, 'seconds') },
]

export interface RuleTableProps {
  rules: readonly Rule[]
  openKey: string | undefined
  onOpen: (rule: Rule) => void
}

export function RuleTable({ rules, openKey, onOpen }: RuleTableProps): ReactNode {
  return <LongTable label="Rules" rows={rules} columns={COLUMNS} rowKey={ruleKey} openKey={openKey} onOpen={onOpen} />
}

function Name({ rule }: { rule: Rule }): ReactNode {
  return (
    <>
      {rule.name}
      {rule.error && <span className={classes['error']}>{rule.error}</span>}
    </>
  )
}
