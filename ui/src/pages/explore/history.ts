import { useLocalStorage } from '@mantine/hooks'

const MOST_KEPT = 50

/** The queries that were run in this browser, latest first, each once. */
export function useQueryHistory(): { history: string[]; remember: (query: string) => void } {
  const [history, setHistory] = useLocalStorage<string[]>({ key: 'fusewatch-query-history', defaultValue: [] })
  return { history, remember: (query) => setHistory((before) => withQuery(before, query)) }
}

export function withQuery(history: readonly string[], query: string): string[] {
  const text = query.trim()
  if (!text) return [...history]
  return [text, ...history.filter((old) => old !== text)].slice(0, MOST_KEPT)
}
