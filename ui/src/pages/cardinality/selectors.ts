/** Queries that show a row's series in Explore. Whole jobs and labels are counted by metric: their samples would be too many to draw. */

function labelName(name: string): string {
  return /^[a-zA-Z_][a-zA-Z0-9_]*$/.test(name) ? name : JSON.stringify(name)
}

function matcher(name: string, operator: string, value: string): string {
  return `${labelName(name)}${operator}${JSON.stringify(value)}`
}

export function metricQuery(metric: string): string {
  return /^[a-zA-Z_:][a-zA-Z0-9_:]*$/.test(metric) ? metric : `{${JSON.stringify(metric)}}`
}

export function jobQuery(job: string): string {
  // A bare {job=""} would match everything without one, and a selector must name something.
  const selector = job ? `{${matcher('job', '=', job)}}` : '{__name__!="", job=""}'
  return `count by (__name__) (${selector})`
}

export function labelQuery(label: string): string {
  return label === '__name__' ? 'count by (__name__) ({__name__!=""})' : `count by (${labelName(label)}) ({${matcher(label, '!=', '')}})`
}

export function pairQuery(name: string, value: string): string {
  return name === '__name__' ? metricQuery(value) : `count by (__name__) ({${matcher(name, '=', value)}})`
}
