/** A change in words: `role: viewer → editor`, `name: ada`. What did not change is left out. */
export function describeChange(before: unknown, after: unknown): string {
  const [old, current] = [fieldsOf(before), fieldsOf(after)]
  const names = [...new Set([...Object.keys(old), ...Object.keys(current)])]
  return names
    .filter((name) => old[name] !== current[name])
    .map((name) => `${name}: ${[old[name], current[name]].filter((value) => value !== undefined).join(' → ')}`)
    .join(', ')
}

function fieldsOf(state: unknown): Record<string, string> {
  if (typeof state !== 'object' || state === null) return {}
  return Object.fromEntries(Object.entries(state).map(([name, value]) => [name, typeof value === 'string' ? value : JSON.stringify(value)]))
}
