import type { Finding } from '../../api/fusewatch/schemas'
import type { StatusKind } from '../../parts/Status'

export interface FindingsSummary {
  kind: StatusKind
  headline: string
  ordered: Finding[]
}

const ORDER: Record<Finding['severity'], number> = { critical: 0, warning: 1, info: 2 }

/** The findings worst first and oldest first, and one line that says how bad it is. */
export function summarise(findings: readonly Finding[]): FindingsSummary {
  const ordered = [...findings].sort(
    (left, right) => ORDER[left.severity] - ORDER[right.severity] || (left.since ?? Infinity) - (right.since ?? Infinity) || 0,
  )
  const worst = ordered[0]
  if (!worst || worst.severity === 'info') return { kind: 'ok', headline: 'Nothing is wrong right now', ordered }
  return { kind: worst.severity, headline: headline(ordered), ordered }
}

function headline(findings: readonly Finding[]): string {
  const critical = findings.filter((finding) => finding.severity === 'critical').length
  const warnings = findings.filter((finding) => finding.severity === 'warning').length
  const parts = [
    ...(critical > 0 ? [`${critical} critical`] : []),
    ...(warnings > 0 ? [`${warnings} ${warnings === 1 ? 'warning' : 'warnings'}`] : []),
  ]
  return `Wrong right now: ${parts.join(', ')}`
}
