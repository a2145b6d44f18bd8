import { useMutation, useQuery, useQueryClient, type UseMutationResult, type UseQueryResult } from '@tanstack/react-query'
import type { SavedQuery } from '../../api/fusewatch/schemas'
import { useServices } from '../../app/services'

const KEY = ['saved-queries']

export function useSavedQueries(): UseQueryResult<SavedQuery[]> {
  const { fusewatch } = useServices()
  return useQuery({ queryKey: KEY, queryFn: ({ signal }) => fusewatch.savedQueries(signal) })
}

/** A change to the saved queries, after which the list is asked again, also when it failed: another may have been quicker. */
export function useSavedChange<Input>(change: (input: Input) => Promise<void>): UseMutationResult<void, Error, Input> {
  const queries = useQueryClient()
  return useMutation({ mutationFn: change, onSettled: () => queries.invalidateQueries({ queryKey: KEY }) })
}

/** Those that hold every typed word, in their name, description or queries. */
export function findSaved(saved: readonly SavedQuery[], text: string): SavedQuery[] {
  const words = text.toLowerCase().split(/\s+/).filter(Boolean)
  return saved.filter(({ name, description, search }) => {
    const searched = `${name} ${description} ${new URLSearchParams(search).getAll('q').join(' ')}`.toLowerCase()
    return words.every((word) => searched.includes(word))
  })
}
