import { useQuery } from '@tanstack/react-query'
import { getRouteApi } from '@tanstack/react-router'
import type { ReactNode } from 'react'
import type { Rule } from '../../api/fusewatch/ruleSchemas'
import { useServices } from '../../app/services'
import { Panel } from '../../panels/Panel'
import { formatCount } from '../../panels/units'
import { Answer, Freshness } from '../../parts/Answer'
import { PageHeader } from '../../parts/PageHeader'
import { Empty } from '../../parts/states'
import { RuleDrawer } from './RuleDrawer'
import { RuleFilters } from './RuleFilters'
import { countByState, findRules, ruleKey } from './rules'
import { RuleTable } from './RuleTable'
import type { RulesSearch } from './search'
import classes from './RulesPage.module.css'

const route = getRouteApi('/shell/rules')
const SNIPPET = 'rule_files: [rules/*.yml]'

/** What is evaluated: which rules have alerts, which fail, which have nothing to judge. */
export function RulesPage(): ReactNode {
  const { fusewatch } = useServices()
  const query = useQuery({ queryKey: ['rules'], queryFn: ({ signal }) => fusewatch.rules(signal), meta: { live: 'always' } })
  return (
    <div className={classes['page']}>
      <PageHeader quiet title="Rules" about={query.data && summary(query.data.rules)} actions={<Freshness query={query} />} />
      <Answer query={query} what="The rules" height={360}>
        {(data) =>
          data.rules.length > 0 ? (
            <RulesFound rules={data.rules} />
          ) : (
            <Empty title="There are no rules" snippet={SNIPPET}>
              Name rule files in fusewatch.yml, as in prometheus.yml, and reload the configuration. The alerts that come along are switched off.
            </Empty>
          )
        }
      </Answer>
    </div>
  )
}

function RulesFound({ rules }: { rules: readonly Rule[] }): ReactNode {
  const search = route.useSearch()
  const navigate = route.useNavigate()
  const change = (changes: RulesSearch): void => void navigate({ search: (previous) => ({ ...previous, ...changes }), replace: true })
  const found = findRules(rules, search)
  const open = rules.find((rule) => ruleKey(rule) === search.open)
  return (
    <>
      <Panel flush title={`${formatCount(found.length)} of ${formatCount(rules.length)} rules`}>
        <RuleFilters search={search} counts={countByState(rules)} onChange={change} />
        {found.length > 0 ? (
          <RuleTable rules={found} openKey={search.open} onOpen={(rule) => change({ open: ruleKey(rule) })} />
        ) : (
          <Empty title="No rule fits">Other filters may hold some; the search looks into names, labels, queries and errors.</Empty>
        )}
      </Panel>
      <RuleDrawer rule={open} onClose={() => change({ open: undefined })} />
    </>
  )
}

function summary(rules: readonly Rule[]): string {
  const { firing, failing, pending } = countByState(rules)
  const parts = [`${formatCount(firing)} firing`, ...(pending > 0 ? [`${formatCount(pending)} pending`] : []), ...(failing > 0 ? [`${formatCount(failing)} failing`] : [])]
  return parts.join(' · ')
}
